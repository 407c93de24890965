"""Read the environment into the table of variables (`env.py`), once at the start.

An unknown `TOCSIN_*` name or a malformed value raises `ImproperlyConfigured` with one
line that names it, so that a typing error stops the start instead of changing it.
"""

import re
from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.env import Environment

SECRET_IN_ADDRESS = re.compile(r"(://[^/@:]*:)[^/@]*@")


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Read and check all variables. Raises `ImproperlyConfigured`."""
    known = variables()
    for name in sorted(environ):
        if name.startswith("TOCSIN_") and name not in known:
            raise ImproperlyConfigured(f"{name} is not a setting of Tocsin.")
    values = {
        entry.name: _read_one(name, entry, environ[name])
        for name, entry in known.items()
        if name in environ and environ[name] != ""
    }
    return Environment(**values)


def variables() -> dict[str, Field[Any]]:
    """Return the field of each variable by the variable's name."""
    return {entry.metadata["name"]: entry for entry in fields(Environment)}


def _read_one(name: str, entry: Field[Any], value: str) -> Any:
    try:
        return entry.metadata["read"](value)
    except ValueError as error:
        shown = SECRET_IN_ADDRESS.sub(r"\1…@", value)
        raise ImproperlyConfigured(f"{name} {error}: {shown!r}") from error
