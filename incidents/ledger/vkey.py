"""Reads and writes the Ed25519 keys of signed notes, signs and verifies with them.

A key is known by its name and a short id, and handed over as one line, the *vkey*:

    id    first 4 bytes of SHA-256(name || 0x0A || type || public key)
    vkey  name+hex(id)+base64(type || public key)

A log signs the text as it is. A witness signs the text under a line with the time, and
its signature begins with that time (8 bytes, big-endian seconds since 1970).

Source: C2SP signed-note v1.0.0, C2SP tlog-cosignature v1.0.0, RFC 8032 §5.1.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from incidents.ledger import ed25519
from incidents.ledger.ed25519 import CURVE_D, PRIME, SIGNATURE_BYTES

KEY_ID_BYTES = 4
PUBLIC_BYTES = ed25519.PUBLIC_BYTES
MAX_TIME = 2**63 - 1

_TIME_BYTES = 8
_ORDER_8_Y = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# Whoever picks one of these as a key has signatures that fit many texts.
_SMALL_ORDER_Y = frozenset({0, 1, PRIME - 1, _ORDER_8_Y, PRIME - _ORDER_8_Y})


class BadKey(ValueError):
    """The text or the bytes are not a key that may be trusted."""


class KeyType(IntEnum):
    """Who signs, and thereby what exactly is signed."""

    LOG = 0x01
    WITNESS = 0x04


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """The public half of a log's or a witness's key. Raises BadKey."""

    name: str
    type: KeyType
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise BadKey(f"{self.name!r} is not a key name: no space, no plus")
        _check_public(self.public)

    @property
    def id(self) -> bytes:
        """Return the 4 bytes that stand before each signature by this key."""
        named = self.name.encode() + b"\n" + self._typed()
        return hashlib.sha256(named).digest()[:KEY_ID_BYTES]

    def vkey(self) -> str:
        """Return the one line that hands this key over."""
        return f"{self.name}+{self.id.hex()}+{b64encode(self._typed()).decode()}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Tell whether this key made the signature over the text of a note."""
        message = text.encode()
        if self.type is KeyType.WITNESS:
            time = cosignature_time(signature)
            if time is None:
                return False
            message = cosigned_message(text, time=time)
            signature = signature[_TIME_BYTES:]
        return ed25519.verifies(self.public, message, signature)

    def _typed(self) -> bytes:
        return bytes([self.type]) + self.public


def is_key_name(name: str) -> bool:
    """Tell whether a note may name a key like this."""
    return bool(name) and not any(
        char == "+" or char < " " or char.isspace() or "\ud800" <= char <= "\udfff"
        for char in name
    )


def _check_public(public: bytes) -> None:
    if len(public) != PUBLIC_BYTES:
        raise BadKey(f"an Ed25519 public key has {PUBLIC_BYTES} bytes")
    y = int.from_bytes(public, "little") & (1 << 255) - 1  # the top bit is x's sign
    if y >= PRIME:
        raise BadKey("the public key is not in its one canonical form")
    if y in _SMALL_ORDER_Y:
        raise BadKey("the public key is a point of small order")
    square = y * y
    if pow((square - 1) * (CURVE_D * square + 1), (PRIME - 1) // 2, PRIME) != 1:
        raise BadKey("the public key is not a point of the curve")


def parse_vkey(text: str) -> VerificationKey:
    """Read a vkey. Raises BadKey."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    typed = decode_base64(encoded)
    if typed is None or len(typed) != 1 + PUBLIC_BYTES:
        raise BadKey(f"{text!r} is not a key: name+id+base64 is needed")
    if typed[0] not in {*KeyType}:
        raise BadKey(f"{text!r}: keys of type {typed[0]:#04x} are not known here")
    key = VerificationKey(name, KeyType(typed[0]), typed[1:])
    if key.id.hex() != key_id:
        raise BadKey(f"{text!r}: the id does not belong to this key")
    return key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key with what signs for it: its private half, or a device that holds it."""

    public: VerificationKey
    sign: Callable[[bytes], bytes] = field(repr=False)


def signing_key(name: str, key_type: KeyType, seed: bytes) -> SigningKey:
    """Return the key whose private half is this 32-byte seed. Raises BadKey."""
    if len(seed) != PUBLIC_BYTES:
        raise BadKey(f"a seed has {PUBLIC_BYTES} bytes")
    public, sign = ed25519.key_pair(seed)
    return SigningKey(VerificationKey(name, key_type, public), sign)


def cosigned_message(text: str, *, time: int) -> bytes:
    """Return what a witness signs: the text under a line with the time."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def timed_signature(signature: bytes, *, time: int) -> bytes:
    """Return a witness's signature with its time before it.

    `time` is in seconds since 1970.
    """
    if not 0 <= time <= MAX_TIME:
        raise ValueError(f"{time} is not a time of a cosignature")
    return time.to_bytes(_TIME_BYTES, "big") + signature


def cosignature_time(signature: bytes) -> int | None:
    """Return the time that a witness put before its signature, None for no such."""
    if len(signature) != _TIME_BYTES + SIGNATURE_BYTES:
        return None
    time = int.from_bytes(signature[:_TIME_BYTES], "big")
    return time if time <= MAX_TIME else None


def decode_base64(text: str) -> bytes | None:
    """Return the bytes of padded standard base64 in its one spelling, else None."""
    try:
        data = b64decode(text.encode("ascii"), validate=True)
    except (Base64Error, UnicodeEncodeError):
        return None
    # The decoder lets surplus bits pass; one text, one value.
    return data if b64encode(data).decode() == text else None
