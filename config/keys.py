"""Make the keys of an installation under its data folder."""

import contextlib
import os
import secrets
from pathlib import Path

CONTENT_KEY_BYTES = 32


def make_secret_key(data: Path) -> Path:
    """Make the key that signs sessions and links if it is missing. Returns its file."""
    return _make(data / "secret-key", secrets.token_urlsafe(64).encode())


def make_content_key(data: Path) -> Path:
    """Make the key that wraps content keys if it is missing. Returns its file."""
    return _make(data / "kek", secrets.token_bytes(CONTENT_KEY_BYTES))


def _make(path: Path, content: bytes) -> Path:
    """Write a file that only this user can read; never replaces one."""
    if path.exists():
        return path
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    with contextlib.suppress(FileExistsError):
        os.link(unfinished, path)  # unlike a rename, a link never replaces a key
    unfinished.unlink()
    return path
