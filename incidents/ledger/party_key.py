"""The keys by which people of a lab or an agency sign: names, fingerprints, pin files.

A party's key is an Ed25519 key of a person. It is handed over as one line like other
keys of the ledger, `name+id+base64`, and known by its fingerprint: SHA-256 of the 32
bytes of its public half, of which people compare the first 16 digits.

Whoever registers a key proves to have its private half by signing this:

    {"email": …, "key": base64 of the public half, "label": …, "organisation": slug}
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from incidents.ledger.canonical import NotCanonical, canonical_json, parse_canonical
from incidents.ledger.vkey import (
    BadKey,
    KeyType,
    VerificationKey,
    decode_base64,
    parse_vkey,
)

POSSESSION_TYPE: Final = "application/vnd.tocsin.party-key.v1+json"
SHORT_DIGITS: Final = 16
MAX_PINS: Final = 10_000

_MEMBERS: Final = frozenset({"email", "key", "label", "organisation"})


class BadPins(ValueError):
    """A file of pinned keys cannot be read."""


def fingerprint(public: bytes) -> str:
    """Return by what a key is known, as 64 hexadecimal digits."""
    return hashlib.sha256(public).hexdigest()


def short(digits: str) -> str:
    """Return the part of a fingerprint that people compare."""
    return digits[:SHORT_DIGITS]


def party_key(name: str, public: bytes) -> VerificationKey:
    """Return the key under a name, once it may be trusted. Raises BadKey."""
    # Signs bytes as they are, like a log; what they are is for the envelope to say.
    return VerificationKey(name, KeyType.LOG, public)


def parse_public(text: str) -> bytes:
    """Return a public key from base64. Raises BadKey."""
    public = decode_base64(text)
    if public is None:
        raise BadKey(f"{text!r} is not padded base64")
    return party_key("key", public).public


def parse_pins(data: bytes) -> Mapping[bytes, str]:
    """Read a file of pinned keys: public keys, and the name that each has there.

    One `name+id+base64` a line; empty lines and lines from `#` on say nothing. Raises
    BadPins.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BadPins(f"it is not UTF-8: {error}") from None
    pins: dict[bytes, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            key = parse_vkey(stripped)
        except BadKey as error:
            raise BadPins(f"line {number}: {error}") from None
        if key.type is not KeyType.LOG:
            raise BadPins(f"line {number}: {key.name} is the key of a witness")
        if key.public in pins or len(pins) >= MAX_PINS:
            raise BadPins(
                f"line {number}: the key is there twice, or there are too many"
            )
        pins[key.public] = key.name
    return pins


@dataclass(frozen=True, slots=True)
class Possession:
    """Who says to have a key, for which organisation and under which name."""

    email: str
    public: bytes
    label: str
    organisation: str

    def write(self) -> bytes:
        """Return the bytes that the key signs."""
        members = {
            "email": self.email,
            "key": b64encode(self.public).decode(),
            "label": self.label,
            "organisation": self.organisation,
        }
        return canonical_json(members)


def parse_possession(data: bytes) -> Possession:
    """Read the statement. Raises BadKey."""
    try:
        members = parse_canonical(data)
    except NotCanonical as error:
        raise BadKey(f"the statement is not canonical JSON: {error}") from None
    texts = {name: one for name, one in members.items() if isinstance(one, str)}
    if texts.keys() != _MEMBERS or len(members) != len(_MEMBERS):
        wanted = ", ".join(sorted(_MEMBERS))
        raise BadKey(f"the statement has to have the texts {wanted} and nothing else")
    public = parse_public(texts["key"])
    party_key(texts["label"], public)
    return Possession(texts["email"], public, texts["label"], texts["organisation"])
