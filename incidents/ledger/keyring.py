"""Encrypts what must not be read from a stolen database: data keys and secrets.

The key-encryption key (32 bytes) lies in `TOCSIN_KEK_FILE`, outside the database and
its backups. Every ciphertext is a 12-byte random nonce, then AES-256-GCM output; the
context is authenticated, so that a ciphertext cannot be moved to another place.
"""

import functools
import os
import uuid
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from incidents.errors import BadConfiguration
from incidents.ledger.models import DataKey

KEY_BYTES = 32
_NONCE_BYTES = 12


def encrypt(key: bytes, data: bytes, *, context: bytes) -> bytes:
    """Encrypt under a 32-byte key; returns nonce, ciphertext and tag."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, context)


def decrypt(key: bytes, sealed: bytes | memoryview, *, context: bytes) -> bytes:
    """Undo `encrypt`. Raises BadConfiguration when the key or the context is another."""
    sealed = bytes(sealed)
    try:
        return AESGCM(key).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context
        )
    except InvalidTag:
        message = (
            "A stored value does not open: is TOCSIN_KEK_FILE the one it was made with?"
        )
        raise BadConfiguration(message) from None


def seal_secret(data: bytes, *, context: str) -> bytes:
    """Encrypt a small secret under the key-encryption key."""
    return encrypt(_kek(), data, context=context.encode())


def open_secret(sealed: bytes | memoryview, *, context: str) -> bytes:
    """Undo `seal_secret`."""
    return decrypt(_kek(), sealed, context=context.encode())


def make_data_keys(owners: Iterable[uuid.UUID]) -> dict[uuid.UUID, DataKey]:
    """Find or make one data key for each owner, in three statements at most."""
    wanted = set(owners)
    keys = {key.owner: key for key in DataKey.objects.filter(owner__in=wanted)}
    missing = sorted(wanted - keys.keys())
    if missing:
        fresh = [DataKey(owner=owner, wrapped=_wrapped(owner)) for owner in missing]
        DataKey.objects.bulk_create(fresh, ignore_conflicts=True)
        keys.update(
            {key.owner: key for key in DataKey.objects.filter(owner__in=missing)}
        )
    return keys


def unwrap(key: DataKey) -> bytes:
    """Return the 32 bytes of a data key."""
    return unwrap_key(bytes(key.wrapped), owner=key.owner)


def unwrap_key(wrapped: bytes, *, owner: uuid.UUID) -> bytes:
    """Return the 32 bytes of a data key that was read without its model."""
    return decrypt(_kek(), wrapped, context=b"data-key:" + owner.bytes)


def _wrapped(owner: uuid.UUID) -> bytes:
    return encrypt(_kek(), os.urandom(KEY_BYTES), context=b"data-key:" + owner.bytes)


def _kek() -> bytes:
    return _read_kek(Path(settings.KEK_FILE))


@functools.lru_cache(maxsize=4)
def _read_kek(path: Path) -> bytes:
    try:
        kek = path.read_bytes()
    except OSError as error:
        message = f"TOCSIN_KEK_FILE: {path} cannot be read ({error.strerror})."
        raise BadConfiguration(message) from None
    if len(kek) != KEY_BYTES:
        message = (
            f"TOCSIN_KEK_FILE: {path} holds {len(kek)} bytes; it must hold {KEY_BYTES}."
        )
        raise BadConfiguration(message)
    return kek
