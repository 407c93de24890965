"""Read secrets from the environment, or from the files that it names."""

from dataclasses import fields
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.env import Environment


def read_secret_key(environment: Environment) -> str:
    """Return SECRET_KEY or the content of SECRET_KEY_FILE, or an empty text."""
    return read_secret(environment, "secret_key")


def read_secret(environment: Environment, field_name: str) -> str:
    """Return a secret or the content of its file, or an empty text.

    Raises `ImproperlyConfigured` when both are set or the file cannot be read.
    """
    value: str = getattr(environment, field_name)
    path: Path | None = getattr(environment, f"{field_name}_file")
    name = next(
        entry.metadata["name"]
        for entry in fields(Environment)
        if entry.name == field_name
    )
    if value and path:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if path is None:
        return value
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{name}_FILE cannot be read: {error}"
        raise ImproperlyConfigured(message) from error
