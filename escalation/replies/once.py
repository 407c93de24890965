"""Act on each callback once, and count those that were not genuine."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import F

from escalation.replies.models import CallbackRefusals, CallbackSeen

# Longer than any code, button or link is good for.
_KEPT: Final = timedelta(days=7)


def note_once(provider: str, callback_id: str, *, now: datetime) -> bool:
    """Note a callback; returns False if it was noted before.

    Called in the transaction that acts on it, so that one that failed may come again.
    """
    CallbackSeen.objects.filter(at__lt=now - _KEPT).delete()
    key = hashlib.sha256(f"{provider}:{callback_id}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tocsin_callback_seen (key, at) VALUES (%s, %s) "
            "ON CONFLICT DO NOTHING",
            [key, now],
        )
        return bool(cursor.rowcount)


def count_refusal(provider: str) -> None:
    """Count a callback whose signature is not the provider's."""
    CallbackRefusals.objects.get_or_create(provider=provider)
    CallbackRefusals.objects.filter(provider=provider).update(count=F("count") + 1)
