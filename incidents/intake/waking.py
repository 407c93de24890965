"""Do to alerts what time brings: resolve those of which nothing was heard for too long.

News is made of the rows and goes the way of all news, so that counts, incidents and the
record follow. A row that changed in the meantime is left alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from incidents.events.record import recording
from incidents.intake.adapters.base import ParsedAlert
from incidents.intake.alerts import Overtaken
from incidents.intake.grouping import apply_news
from incidents.intake.models import Alert, Source
from incidents.intake.news import FIRING, RESOLVED, News
from incidents.ledger.canonical import format_at

BATCH_ALERTS: Final = 400
# An alert that cannot be dealt with must not hold up the others.
PUSHED_BACK: Final = timedelta(minutes=5)

log = structlog.get_logger(__name__)


def expire_alerts(now: datetime) -> int:
    """Resolve a batch of alerts that have expired; returns how many were due.

    When the batch fails, each of it is dealt with alone.
    """
    due = Alert.objects.filter(status=FIRING, expires_at__lte=now)
    alerts = list(due.order_by("expires_at", "pk")[:BATCH_ALERTS])
    if not alerts:
        return 0
    try:
        _apply(alerts, now)
    except Overtaken:
        return 0  # whoever was faster changed them; the next pass looks again
    except Exception as error:
        _log_failure(error, alerts)
        for alert in alerts:
            _apply_alone(alert, now)
    return len(alerts)


def _apply_alone(alert: Alert, now: datetime) -> None:
    try:
        _apply([alert], now)
    except Overtaken:
        return
    except Exception as error:
        _log_failure(error, [alert])
        later = now + PUSHED_BACK
        Alert.objects.filter(pk=alert.pk, status=FIRING).update(expires_at=later)


def _apply(alerts: Sequence[Alert], now: datetime) -> None:
    with recording(now):
        ids = {alert.source_id for alert in alerts}
        sources = Source.objects.select_related("organisation").in_bulk(ids)
        news = [_expiry(alert, place) for place, alert in enumerate(alerts)]
        apply_news(news, sources, now=now)


def _expiry(alert: Alert, place: int) -> News:
    heard_at = alert.last_seen_at or alert.event_at
    return News(
        source_id=alert.source_id,
        delivery_id=alert.delivery_id,
        place=place,
        received_at=heard_at,
        event_at=alert.event_at,
        dedup=alert.dedup_key,
        group="",
        alert=_ended(alert),
        reason=f"nothing was heard of it since {format_at(heard_at)}",
        is_wake=True,
    )


def _ended(alert: Alert) -> ParsedAlert:
    return ParsedAlert(
        dedup_key=alert.dedup_key,
        status=RESOLVED,
        title=alert.title,
        summary=alert.summary,
        severity=alert.severity,
        started_at=alert.started_at,
        ended_at=alert.expires_at,
        labels=alert.labels,
        url=alert.url,
    )


def _log_failure(error: Exception, alerts: Sequence[Alert]) -> None:
    # The error's own text can quote rows: only its class is logged.
    first = [alert.pk for alert in alerts[:10]]
    log.warning("alerts_not_expired", error=type(error).__name__, first=first)
