"""Keeps the seeds of the log's keys in a folder that only the signer's user reads.

    keys/0001.seed      32 bytes; the highest number is the newest key
    keys/0002.seed      while one key replaces another, both sign

A key may live in a device instead: a class that the setting names, made without
arguments, with `public` (32 bytes) and `sign(message) -> 64 bytes`.
"""

import contextlib
import os
import secrets
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from incidents.ledger.vkey import (
    PUBLIC_BYTES,
    KeyType,
    SigningKey,
    VerificationKey,
    signing_key,
)

_SUFFIX = ".seed"


class BadKeyFolder(Exception):
    """The folder of keys is not as a signer may use it; the message says why."""


class Device(Protocol):
    """What holds a key that never leaves it: a smart card, an HSM, a key service."""

    public: bytes

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the Ed25519 signature."""


def read_keys(folder: Path, *, name: str) -> tuple[SigningKey, ...]:
    """Return the keys that sign now, oldest first. Raises BadKeyFolder."""
    return tuple(_read(path, name) for path in _files(folder))


def add_key(folder: Path, *, name: str) -> VerificationKey:
    """Make one more key, durable before this returns."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    last = max((int(path.stem) for path in _files(folder)), default=0)
    seed = secrets.token_bytes(PUBLIC_BYTES)
    path = folder / f"{last + 1:04d}{_SUFFIX}"
    write_durably(path, seed, is_new=True)
    return signing_key(name, KeyType.LOG, seed).public


def destroy_key(folder: Path, *, name: str, key_id: str) -> None:
    """Remove the key with this id (8 hex digits) for ever.

    Raises BadKeyFolder when there is none, or when it is the only one.
    """
    found = {_read(path, name).public.id.hex(): path for path in _files(folder)}
    if key_id not in found:
        raise BadKeyFolder(f"{key_id} is none of the keys {', '.join(found) or '-'}")
    if len(found) == 1:
        raise BadKeyFolder(f"{key_id} is the only key: add its successor first")
    found[key_id].unlink()
    sync_folder(folder)


def device_key(class_path: str, *, name: str) -> SigningKey:
    """Return the key that a device holds. Raises BadKeyFolder when there is none."""
    module, _, class_name = class_path.rpartition(".")
    try:
        device = cast("Device", getattr(import_module(module), class_name)())
    except (ImportError, AttributeError, ValueError) as error:
        raise BadKeyFolder(
            f"{class_path} is not a class of a device: {error}"
        ) from None
    public = VerificationKey(name, KeyType.LOG, device.public)
    return SigningKey(public, device.sign)


def write_durably(path: Path, content: bytes, *, is_new: bool = False) -> None:
    """Have the file hold this content, or what it held, whatever crashes.

    With `is_new` an existing file is never replaced (FileExistsError). Mode 0600.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        if is_new:
            os.link(unfinished, path)  # unlike a rename, a link never replaces
        else:
            unfinished.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(f"*{_SUFFIX}") if path.stem.isdecimal())


def _read(path: Path, name: str) -> SigningKey:
    status = path.stat()
    if status.st_mode & 0o077:
        raise BadKeyFolder(f"{path} can be read by others: chmod 600 it")
    seed = path.read_bytes()
    if len(seed) != PUBLIC_BYTES:
        raise BadKeyFolder(f"{path} holds {len(seed)} bytes; a seed has {PUBLIC_BYTES}")
    return signing_key(name, KeyType.LOG, seed)
