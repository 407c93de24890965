"""Do to alerts what time brings.

Those of which nothing was heard for too long are resolved. Those that a silence or a
maintenance window held back, and that still fire when it ends, are taken up: they join
an incident, or whatever else holds them back now.

An alert waits while its source has deliveries that came before its time and are still
to be read: its end, or its next sign, may be among them.

News is made of the rows and goes the way of all news, so that counts, incidents and the
record follow. A row that changed in the meantime is left alone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db.models import Q
from django.db.models.functions import Least

from incidents.events.record import recording
from incidents.intake.adapters.base import ParsedAlert
from incidents.intake.alerts import Overtaken
from incidents.intake.backlog import waiting_since
from incidents.intake.grouping import apply_news
from incidents.intake.models import Alert, Source
from incidents.intake.news import FIRING, RESOLVED, News
from incidents.intake.process import is_databases_trouble
from incidents.ledger.canonical import format_at

BATCH_ALERTS: Final = 400
# An alert that cannot be dealt with must not hold up the others.
PUSHED_BACK: Final = timedelta(minutes=5)

log = structlog.get_logger(__name__)


def wake_alerts(now: datetime) -> int:
    """Deal with a batch of the alerts whose time has come; returns how many there were.

    When the batch fails, each of it is dealt with alone.
    """
    alerts = _find_due(now)
    if not alerts:
        return 0
    try:
        _apply(alerts, now)
    except Overtaken:
        return 0  # whoever was faster changed them; the next pass looks again
    except Exception as error:
        if is_databases_trouble(error):
            raise
        _log_failure(error, alerts)
        for alert in alerts:
            _apply_alone(alert, now)
    return len(alerts)


def _find_due(now: datetime) -> list[Alert]:
    is_due = Q(expires_at__lte=now) | Q(held_until__lte=now)
    due = Alert.objects.filter(is_due, status=FIRING)
    owners = dict(due.values_list("source", "organisation").distinct())
    if not owners:
        return []
    # Of the two instants the one that is there, or the earlier.
    read = due.annotate(due_at=Least("expires_at", "held_until"))
    for source_id, since in waiting_since(owners).items():
        read = read.exclude(source=source_id, due_at__gte=since)
    return list(read.order_by("pk")[:BATCH_ALERTS])


def _apply_alone(alert: Alert, now: datetime) -> None:
    try:
        _apply([alert], now)
    except Overtaken:
        return
    except Exception as error:
        _log_failure(error, [alert])
        rows = Alert.objects.filter(pk=alert.pk, status=FIRING)
        later = now + PUSHED_BACK
        rows.filter(expires_at__lte=now).update(expires_at=later)
        rows.filter(held_until__lte=now).update(held_until=later)


def _apply(alerts: Sequence[Alert], now: datetime) -> None:
    with recording(now):
        ids = {alert.source_id for alert in alerts}
        sources = Source.objects.select_related("organisation").in_bulk(ids)
        news = [_news(alert, place, now) for place, alert in enumerate(alerts)]
        apply_news(news, sources, now=now)


def _news(alert: Alert, place: int, now: datetime) -> News:
    is_over = alert.expires_at is not None and alert.expires_at <= now
    heard_at = alert.last_seen_at or alert.event_at
    return News(
        source_id=alert.source_id,
        delivery_id=alert.delivery_id,
        place=place,
        received_at=now,
        event_at=alert.event_at,
        dedup=alert.dedup_key,
        group=alert.group_key or alert.dedup_key,
        alert=_parsed(alert, is_over=is_over),
        expires_at=None if is_over else alert.expires_at,
        reason=f"nothing was heard of it since {format_at(heard_at)}"
        if is_over
        else "it was held back until now",
        is_wake=True,
    )


def _parsed(alert: Alert, *, is_over: bool) -> ParsedAlert:
    return ParsedAlert(
        dedup_key=alert.dedup_key,
        status=RESOLVED if is_over else FIRING,
        title=alert.title,
        summary=alert.summary,
        severity=alert.severity,
        severity_told=alert.severity_told,
        started_at=alert.started_at,
        ended_at=alert.expires_at if is_over else None,
        labels=alert.labels,
        url=alert.url,
    )


def _log_failure(error: Exception, alerts: Sequence[Alert]) -> None:
    # The error's own text can quote rows: only its class is logged.
    first = [alert.pk for alert in alerts[:10]]
    log.warning("alerts_not_woken", error=type(error).__name__, first=first)
