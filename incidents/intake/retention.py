"""Deletes the bodies of old deliveries; that one came, how large and which hash, stays."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Case, JSONField, Value, When

from incidents.incident.models import Incident
from incidents.intake.adapters.marks import TRIAL
from incidents.intake.models import Alert, Delivery, DeliveryState

BATCH: Final = 1_000


def forget_old_bodies(now: datetime) -> int:
    """Delete one batch of bodies and headers past their retention; returns how many.

    A delivery that still waits keeps its body, however old; so does what came from a
    source of an incident under a legal hold.
    """
    before = now - timedelta(days=settings.DELIVERY_RETENTION_DAYS)
    old = Delivery.objects.filter(received_at__lt=before, body__isnull=False)
    settled = old.exclude(state=DeliveryState.PENDING).order_by("id")
    held = Alert.objects.filter(incident__in=Incident.objects.held()).values("source")
    settled = settled.exclude(source__in=held)
    ids = list(settled.values_list("pk", flat=True)[:BATCH])
    # A trial never becomes a sign of the tool.
    mark = When(headers__has_key=TRIAL, then=_json({TRIAL: "yes"}))
    headers = Case(mark, default=_json({}))
    return Delivery.objects.filter(pk__in=ids).update(body=None, headers=headers)


def _json(value: dict[str, str]) -> Value:
    return Value(value, JSONField())
