"""Give each form a number of its own, signed, so that no cookie is needed.

The number makes a form that is sent twice one report, and is what its receipt code is
derived from. Whoever has it within its day can read the code again: it is in no
address and in no cache. A forged request gains nothing here, for a browser carries no
right of its reporter along: what opens an inbox is typed, never sent by itself.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

from incidents.anonymous.codes import derive_code

LIFETIME: Final = timedelta(days=1)
_SALT: Final = "incidents.anonymous.form_tokens"
_NUMBER_BYTES: Final = 20


def make_token() -> str:
    """Return a signed random number for one form."""
    return TimestampSigner(salt=_SALT).sign(secrets.token_hex(_NUMBER_BYTES))


def read_token(token: str) -> bytes | None:
    """Return the number of a form; None for one that is not ours or over a day old."""
    try:
        number = TimestampSigner(salt=_SALT).unsign(token, max_age=LIFETIME)
    except BadSignature:
        return None
    return number.encode("ascii")


def code_of(number: bytes) -> str:
    """Return the receipt code of a form."""
    return derive_code(settings.SECRET_KEY.encode(), number)


def once_of(number: bytes) -> bytes:
    """Return what is stored of a form's number, to know it again."""
    return hashlib.sha256(b"form:" + number).digest()
