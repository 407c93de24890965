"""Say what the last deliveries of a source mean, by reading their bodies anew.

An alert's row holds only its latest delivery; what an earlier one said is in its body.
"""

from typing import Any, Final

from django.db.models import Sum

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.handling import severity_of
from incidents.intake.models import Delivery, DeliveryState, Source
from incidents.intake.replaying import READABLE

SHOWN: Final = 20
SHOWN_ALERTS: Final = 3
# A larger body takes too long to be read each time that somebody looks.
MAX_BODY: Final = 64 * 1024


def tail_of(source: Source) -> dict[str, Any]:
    """Return the last deliveries, and a mark that changes when one of them does."""
    rows = list(source.deliveries.order_by("-pk").defer("body")[:SHOWN])
    small = [row.pk for row in rows if row.size_bytes <= MAX_BODY]
    bodies = Delivery.objects.filter(pk__in=small, body__isnull=False)
    body_of = {pk: bytes(body or b"") for pk, body in bodies.values_list("pk", "body")}
    waiting = sum(row.state == DeliveryState.PENDING for row in rows)
    newest = rows[0].pk if rows else 0
    replays = sum(row.replays for row in rows)
    refused = source.refusals.aggregate(count=Sum("count"))["count"] or 0
    return {
        "deliveries": [_shown(row, source, body_of.get(row.pk)) for row in rows],
        "tail_mark": f"{newest}-{waiting}-{replays}-{refused}",
    }


def _shown(row: Delivery, source: Source, body: bytes | None) -> dict[str, Any]:
    parsed = _parsed(row, source, body) if body is not None else None
    alerts = parsed.alerts if parsed else ()
    return {
        "uid": row.uid,
        "received_at": row.received_at,
        "state": row.state,
        "get_state_display": row.get_state_display(),
        "size_bytes": row.size_bytes,
        "alert_count": row.alert_count,
        "error": row.error,
        "replays": row.replays,
        "can_replay": row.state in READABLE,
        "is_test": bool(parsed and parsed.is_test),
        "alerts": [_alert(alert, source) for alert in alerts[:SHOWN_ALERTS]],
        "more": max(0, len(alerts) - SHOWN_ALERTS),
        "is_read": body is not None,
    }


def _parsed(row: Delivery, source: Source, body: bytes) -> ParsedDelivery | None:
    adapter = ADAPTERS.get(source.tool)
    if adapter is None:
        return None
    options = {"mapping": source.mapping}
    try:
        return adapter.parse(body, headers=row.headers, options=options)
    except Unreadable:
        return None  # the row's own error says so


def _alert(alert: ParsedAlert, source: Source) -> dict[str, Any]:
    level = severity_of(
        alert, table=source.severity_map, default=source.default_severity
    )
    return {"title": alert.title, "status": alert.status, "severity": level}
