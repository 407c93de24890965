"""The short code by which a text message is acknowledged.

A code is derived from the installation's secret key and the one message that it stands
in, so that it is kept in no table. Six digits are few: `replies` looks a code up only
among the messages of the last hours to the very number that it came from, and slows
down whoever guesses.
"""

import uuid
from datetime import timedelta
from typing import Final

from django.utils.crypto import salted_hmac

CODE_LIFETIME: Final = timedelta(hours=6)
DIGITS: Final = 6
_SALT: Final = "escalation.notifications.reply"


def reply_code(uid: uuid.UUID) -> str:
    """Return the code that acknowledges what this notification is about."""
    digest = salted_hmac(_SALT, uid.hex, algorithm="sha256").digest()
    return f"{int.from_bytes(digest[:8]) % 10**DIGITS:0{DIGITS}d}"
