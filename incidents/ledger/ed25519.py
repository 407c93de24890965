"""Makes and verifies Ed25519 signatures: with `cryptography`, and without it only verifies.

Who verifies a bundle may sit at a desk where nothing can be installed. There signatures
are verified by the arithmetic below, a few hundred a second. It handles nothing secret,
so it need not take the same time for all values.

Both ways refuse the same: S not below the group's order, R in another spelling than the
computed one, and they do not multiply by the cofactor.

Source: RFC 8032 §5.1.
"""

import hashlib
from collections.abc import Callable
from typing import Final

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )
except ImportError:
    HAS_LIBRARY = False
else:
    HAS_LIBRARY = True

PUBLIC_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
PRIME: Final = 2**255 - 19
CURVE_D: Final = -121665 * pow(121666, -1, PRIME) % PRIME

_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_ROOT_OF_MINUS_1: Final = pow(2, (PRIME - 1) // 4, PRIME)
_SIGN_BIT: Final = 1 << 255

# X, Y, Z, T with x = X/Z, y = Y/Z and x * y = T/Z.
Point = tuple[int, int, int, int]

_ZERO: Final[Point] = (0, 1, 1, 0)


def key_pair(seed: bytes) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return the public key of a 32-byte seed and what signs with it.

    Requires `cryptography`.
    """
    private = Ed25519PrivateKey.from_private_bytes(seed)
    return private.public_key().public_bytes_raw(), private.sign


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether the holder of this key signed the message.

    Requires a public key that is a point of the curve.
    """
    if not HAS_LIBRARY:
        return verifies_alone(public, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def verifies_alone(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell the same with the standard library alone."""
    key = _decompress(public)
    scalar = int.from_bytes(signature[PUBLIC_BYTES:], "little")
    if key is None or len(signature) != SIGNATURE_BYTES or scalar >= _ORDER:
        return False
    commitment = signature[:PUBLIC_BYTES]
    digest = hashlib.sha512(commitment + public + message).digest()
    challenge = int.from_bytes(digest, "little") % _ORDER
    return _compress(_combine(scalar, challenge, _negative(key))) == commitment


def _combine(scalar: int, challenge: int, key: Point) -> Point:
    """Return scalar * base + challenge * key, both in one pass over their bits."""
    both = _add(_BASE, key)
    steps = {(1, 0): _BASE, (0, 1): key, (1, 1): both}
    total = _ZERO
    for place in reversed(range(_ORDER.bit_length())):
        total = _add(total, total)
        bits = scalar >> place & 1, challenge >> place & 1
        if bits in steps:
            total = _add(total, steps[bits])
    return total


def _add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % PRIME
    b = (one[1] + one[0]) * (other[1] + other[0]) % PRIME
    c = 2 * one[3] * other[3] * CURVE_D % PRIME
    d = 2 * one[2] * other[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def _negative(point: Point) -> Point:
    x, y, z, t = point
    return -x % PRIME, y, z, -t % PRIME


def _compress(point: Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, PRIME)
    x, y = x * inverse % PRIME, y * inverse % PRIME
    return (y | (x & 1) * _SIGN_BIT).to_bytes(PUBLIC_BYTES, "little")


def _decompress(data: bytes) -> Point | None:
    """Return the point of an encoded key, None when it is none."""
    number = int.from_bytes(data, "little")
    y = number & _SIGN_BIT - 1
    x = _x_of(y, is_odd=bool(number & _SIGN_BIT))
    if x is None or y >= PRIME or len(data) != PUBLIC_BYTES:
        return None
    return x, y, 1, x * y % PRIME


def _x_of(y: int, *, is_odd: bool) -> int | None:
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * _ROOT_OF_MINUS_1 % PRIME
    if (x * x - square) % PRIME or (x == 0 and is_odd):
        return None
    return x if bool(x & 1) == is_odd else PRIME - x


_BASE_Y: Final = 4 * pow(5, -1, PRIME) % PRIME
_BASE_X: Final = _x_of(_BASE_Y, is_odd=False) or 0
_BASE: Final[Point] = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % PRIME)
