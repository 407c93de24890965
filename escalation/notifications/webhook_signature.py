"""Sign and check webhooks. Free of Django.

The signature is HMAC-SHA256 over `id.timestamp.body`, under the bytes that the secret
holds in base64 after `whsec_`; several signatures, separated by spaces, let a secret
be changed without a gap.

>>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
>>> sign(secret, uid="msg_1", timestamp=1614265330, body=b"{}")[:3]
'v1,'

Source: Standard Webhooks 1.0.0, https://www.standardwebhooks.com/.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

PREFIX: Final = "whsec_"
TOLERANCE_SECONDS: Final = 300
_SECRET_BYTES: Final = 32
_SHORTEST, _LONGEST = 24, 64


def new_secret() -> str:
    """Return a fresh random secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def check_secret(secret: str) -> bytes:
    """Return the key that a secret holds. Raises ValueError when it holds none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a webhook secret is whsec_ and base64") from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(f"a webhook secret holds {_SHORTEST} to {_LONGEST} bytes")
    return key


def sign(secret: str, *, uid: str, timestamp: int, body: bytes) -> str:
    """Return the value of the webhook-signature header. Raises ValueError."""
    signed = f"{uid}.{timestamp}.".encode() + body
    digest = hmac.new(check_secret(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def is_signed(
    secret: str, *, uid: str, timestamp: int, body: bytes, signature: str, at: int
) -> bool:
    """Tell whether a received webhook was signed with the secret, not long ago.

    `at` is the receiver's clock in Unix seconds.
    """
    if abs(at - timestamp) > TOLERANCE_SECONDS:
        return False
    expected = sign(secret, uid=uid, timestamp=timestamp, body=body).encode()
    given = [part.encode() for part in signature.split()]
    return any(hmac.compare_digest(expected, part) for part in given)
