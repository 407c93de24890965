"""Public references: `INC-`, nine random Crockford base32 characters and a check character.

What is not an incident has another prefix: `FIL-` is a filing.

Random, so that nobody can count another's incidents; checked, so that a slip of the
finger at 03:00 does not open the wrong one.

>>> is_ref(make_ref())
True
"""

import secrets
from typing import Final

INCIDENT: Final = "INC-"
FILING: Final = "FIL-"
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 9
_PRIME: Final = 31  # below 32, so that the remainder is one character of the alphabet
_READ_AS: Final = str.maketrans("OIL", "011")


def make_ref(prefix: str = INCIDENT) -> str:
    """Return a new random reference."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    return f"{prefix}{body}{_check(body)}"


def is_ref(text: str, *, prefix: str = INCIDENT) -> bool:
    """Whether the text is a reference whose check character fits."""
    body = text.removeprefix(prefix)
    if not text.startswith(prefix) or len(body) != _LENGTH + 1:
        return False
    return all(c in ALPHABET for c in body) and _check(body[:-1]) == body[-1]


def normalise_ref(text: str, *, prefix: str = INCIDENT) -> str:
    """Return what a person typed as a reference: upper case, O as 0, I and L as 1."""
    body = text.strip().upper().removeprefix(prefix).translate(_READ_AS)
    return f"{prefix}{body}"


def _check(body: str) -> str:
    # Weighted by position, so that swapped neighbours are noticed too.
    total = sum((i + 1) * ALPHABET.index(c) for i, c in enumerate(body))
    return ALPHABET[total % _PRIME]
