"""Receipt codes: 26 Crockford base32 characters (130 bits) and two that check them.

They are derived from a form's own random number, so that a form that is sent twice
gets one code; nothing but a digest of the code is stored. Free of Django.

>>> code = derive_code(b"key", b"number")
>>> print(show_code(code))
9ZWB-80WW-NFC2-3CFR-V7X5-X0TT-KXPT
>>> read_code(show_code(code).lower().replace("-", " ")) == code
True
>>> read_code("9ZWB-80WW-NFC2-3CFR-V7X5-X0TT-KXPX") is None
True
"""

import hashlib
import hmac
import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BITS: Final = 130
GROUP: Final = 4
_BODY: Final = CODE_BITS // 5
_CHECKS: Final = 2
# The largest prime below 32²: it notices each wrong character and each swap of neighbours.
_PRIME: Final = 1021
_READ_AS: Final = str.maketrans("OIL", "011")
_SEPARATORS: Final = re.compile(r"[\s\-\u2010-\u2015]+")


def derive_code(key: bytes, number: bytes) -> str:
    """Return the code that belongs to a form's number; no one without the key knows it."""
    digest = hmac.digest(key, b"receipt code:" + number, "sha256")
    value = int.from_bytes(digest) >> (len(digest) * 8 - CODE_BITS)
    return _base32(value, _BODY) + _base32(value % _PRIME, _CHECKS)


def show_code(code: str) -> str:
    """Return the code in groups, as people copy it."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def read_code(text: str) -> str | None:
    """Return what a person typed as a code, or None when a character must be wrong."""
    code = _SEPARATORS.sub("", text).upper().translate(_READ_AS)
    if len(code) != _BODY + _CHECKS or any(char not in ALPHABET for char in code):
        return None
    body, checks = code[:_BODY], code[_BODY:]
    return code if _number(body) % _PRIME == _number(checks) else None


def digest_of_code(code: str) -> bytes:
    """Return what is stored of a code: 130 random bits need no salt and no slow hash."""
    return hashlib.sha256(b"receipt code:" + code.encode("ascii")).digest()


def _base32(value: int, length: int) -> str:
    return "".join(ALPHABET[value >> 5 * at & 31] for at in reversed(range(length)))


def _number(text: str) -> int:
    value = 0
    for char in text:
        value = value << 5 | ALPHABET.index(char)
    return value
