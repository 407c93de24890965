"""Sign and read the links by which a message can be acknowledged without sign-in.

A link is bound to one notification, good for nothing else, and works for 24 hours of
the real clock. It is made when the message leaves and is stored nowhere.
"""

import uuid
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.urls import reverse

LINK_LIFETIME: Final = timedelta(hours=24)
SALT: Final = "escalation.notifications.acknowledge"


class LinkInvalid(Exception):
    """The link was not made here, or was cut on its way."""


class LinkExpired(LinkInvalid):
    """The link is older than 24 hours."""


def acknowledge_url(uid: uuid.UUID) -> str:
    """Return the absolute link that acknowledges what this notification is about."""
    return settings.BASE_URL + reverse("acknowledge-by-link", args=[make_token(uid)])


def make_token(uid: uuid.UUID) -> str:
    """Return the signed word by which links, buttons and calls name a notification."""
    return TimestampSigner(salt=SALT).sign(uid.hex)


def read_token(token: str) -> uuid.UUID:
    """Return the notification's uid. Raises LinkInvalid and LinkExpired."""
    try:
        value = TimestampSigner(salt=SALT).unsign(token, max_age=LINK_LIFETIME)
        return uuid.UUID(hex=value)
    except SignatureExpired:
        raise LinkExpired from None
    except (BadSignature, ValueError):
        raise LinkInvalid from None
