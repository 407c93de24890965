"""Keeps the key of a witness or of a person in a file that only its user may read.

    name of the key
    base64 of the 32-byte seed

Whoever loses what the witness remembers must make a new key: with the old one it could
cosign two histories.
"""

import secrets
from base64 import b64encode
from pathlib import Path

from incidents.ledger.signing_keys import write_durably
from incidents.ledger.vkey import (
    PUBLIC_BYTES,
    BadKey,
    KeyType,
    SigningKey,
    decode_base64,
    signing_key,
)


class BadKeyFile(Exception):
    """The file of the key is not as a witness may use it; the message says why."""


def make_key(
    path: Path, *, name: str, key_type: KeyType = KeyType.WITNESS
) -> SigningKey:
    """Make the key, durable before this returns.

    Raises FileExistsError rather than replace one, BadKey for the name.
    """
    seed = secrets.token_bytes(PUBLIC_BYTES)
    key = signing_key(name, key_type, seed)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, f"{name}\n{b64encode(seed).decode()}\n".encode(), is_new=True)
    return key


def read_key(path: Path, *, key_type: KeyType = KeyType.WITNESS) -> SigningKey:
    """Return the key in the file. Raises FileNotFoundError, BadKeyFile."""
    if path.stat().st_mode & 0o077:
        raise BadKeyFile(f"{path} can be read by others: chmod 600 it")
    try:
        name, encoded, end = path.read_text("utf-8").split("\n")
        seed = decode_base64(encoded)
        if seed is None or end:
            raise BadKeyFile(f"{path} does not hold a name and a seed")
        return signing_key(name, key_type, seed)
    except (ValueError, BadKey) as error:
        raise BadKeyFile(f"{path} does not hold a name and a seed: {error}") from None
