"""Deletes old mail; that one came, how large, which hash and what became of it, stays."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from incidents.incident.models import Incident
from incidents.mail.models import Mail, MailState

BATCH: Final = 1_000


def forget_old_mail(now: datetime) -> int:
    """Delete one batch of mail past the retention of deliveries; returns how many.

    What nobody has decided on yet is kept, however old, and so is the mail of an
    incident under a legal hold.
    """
    before = now - timedelta(days=settings.DELIVERY_RETENTION_DAYS)
    waiting = [MailState.PENDING, MailState.HELD]
    old = Mail.objects.filter(received_at__lt=before, raw__isnull=False)
    settled = old.exclude(state__in=waiting).order_by("id")
    held = Mail.objects.filter(incident__in=Incident.objects.held())
    settled = settled.exclude(pk__in=held.values("pk"))
    ids = list(settled.values_list("pk", flat=True)[:BATCH])
    return Mail.objects.filter(pk__in=ids).update(
        raw=None, envelope_from="", sender="", subject="", reason=""
    )
