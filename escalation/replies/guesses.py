"""Slow down whoever guesses reply codes: a few tries for each sender, then silence."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.crypto import salted_hmac

from escalation.replies.models import ReplyTry

MAX_TRIES: Final = 5
WINDOW: Final = timedelta(hours=1)
_SALT: Final = "escalation.replies.sender"


def begin_try(sender: str, *, now: datetime) -> int:
    """Count an answer as wrong until `forgive` says otherwise; returns its number.

    Committed before the code is looked at, so that many at once gain nothing.
    """
    ReplyTry.objects.filter(at__lte=now - WINDOW).delete()
    own = ReplyTry.objects.create(sender=_digest(sender), at=now)
    return ReplyTry.objects.filter(sender=own.sender, pk__lte=own.pk).count()


def forgive(sender: str) -> None:
    """Forget the sender's tries: the code was right."""
    ReplyTry.objects.filter(sender=_digest(sender)).delete()


def _digest(sender: str) -> bytes:
    return salted_hmac(_SALT, sender, algorithm="sha256").digest()
