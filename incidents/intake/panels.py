"""What monitoring adds to the incident's page: its alerts."""

from typing import Any, Final

from django.urls import reverse

from incidents.incident.panels import Part, Seen
from incidents.intake.models import Alert

MAX_ALERTS: Final = 100


def alerts_panel(seen: Seen) -> Part:
    """Return the alerts, those that fire first, to the owner's people.

    What tools said is internal to the lab: their titles name its machines.
    """
    if not seen.incident.alert_count or not seen.is_owner:
        return Part()
    rows = Alert.objects.filter(incident=seen.incident).select_related("source")
    shown = rows.order_by("status", "-event_at")[:MAX_ALERTS]
    return Part(context={"alerts": [_alert(row) for row in shown]})


def _alert(row: Alert) -> dict[str, Any]:
    return {
        "title": row.title,
        "summary": row.summary,
        "status": row.status,
        "source": row.source.name,
        "source_url": reverse("source-detail", args=[row.source.uid]),
        "started_at": row.started_at,
        "first_seen_at": row.first_seen_at or row.started_at,
        "last_seen_at": row.last_seen_at or row.event_at,
        "repeat_count": row.repeat_count,
        "labels": row.labels,
    }
