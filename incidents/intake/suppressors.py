"""Find what holds alerts back now, and let go of what it held when it ends.

A silence or window that is in use is locked FOR SHARE by whoever holds back an alert by
it, until that commits: so whoever ends it sees every alert that it held.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import structlog
from django.db import connection
from django.db.models import Count

from incidents.intake.handling import severity_of
from incidents.intake.models import Alert, Source
from incidents.intake.news import FIRING, AlertChange, News, StepKind
from incidents.intake.recurrence import Span, span_at
from incidents.intake.silence_models import Maintenance, Silence, Suppression
from incidents.intake.suppression import (
    AlertFacts,
    MatcherError,
    Suppressor,
    hold_of,
    parse_matchers,
)
from incidents.timers.models import Timer

# Timers of these kinds may wait for the end of a silence or window (`held_by`).
LETTING_GO: Final = ("heartbeat.due", "intake.quiet_source")

log = structlog.get_logger(__name__)

_RECORD: Final = """
INSERT INTO tocsin_suppression (organisation_id, alert_id, held_by, reason, at)
SELECT a.organisation_id, a.id, n.held_by, n.reason, %s
FROM json_to_recordset(%s::json) AS n (
    source_id bigint, dedup_key text, held_by text, reason text, place integer)
JOIN tocsin_alert a USING (source_id, dedup_key)
ORDER BY n.place
"""


def with_holds(
    news: Sequence[News], sources: Mapping[int, Source], *, now: datetime
) -> list[News]:
    """Return the news with what holds each back, in two statements. Locks that."""
    ids = {
        sources[item.source_id].organisation_id
        for item in news
        if item.alert.status == FIRING
    }
    suppressors = suppressors_at(now, organisation_ids=ids) if ids else []
    if not suppressors:
        return list(news)
    return [
        replace(item, hold=hold_of(suppressors, _facts(item, sources[item.source_id])))
        if item.alert.status == FIRING
        else item
        for item in news
    ]


def suppressors_at(
    now: datetime, *, organisation_ids: Collection[int]
) -> list[Suppressor]:
    """Return what holds back alerts of these organisations; locks it FOR SHARE."""
    silences = Silence.objects.raw(
        "SELECT * FROM tocsin_silence WHERE organisation_id = ANY(%s) "
        "AND starts_at <= %s AND ends_at > %s ORDER BY id FOR SHARE",
        [list(organisation_ids), now, now],
    )
    windows = Maintenance.objects.raw(
        "SELECT * FROM tocsin_maintenance WHERE organisation_id = ANY(%s) "
        "AND ended_at IS NULL AND (ends_at IS NULL OR ends_at > %s) "
        "ORDER BY id FOR SHARE",
        [list(organisation_ids), now],
    )
    return [
        *(one for silence in silences if (one := _of_silence(silence))),
        *(
            _of_maintenance(window, span)
            for window in windows
            if (span := window_at(window, now))
        ),
    ]


def window_at(window: Maintenance, at: datetime) -> Span | None:
    """Return the time of maintenance that is on at an instant, None for none."""
    if window.cron:
        return span_at(window.cron, window.zone, window.minutes, at)
    start, end = window.starts_at, window.ends_at
    return Span(start, end) if start and end and start <= at < end else None


def code_of(row: Silence | Maintenance) -> str:
    """Return how the row of an alert names what holds it back."""
    kind = "silence" if isinstance(row, Silence) else "maintenance"
    return f"{kind}:{row.pk}"


def let_go(row: Silence | Maintenance, *, now: datetime) -> int:
    """Have what this holds back looked at anew, at once. Requires the row locked."""
    held = Alert.objects.filter(status=FIRING, held_by=code_of(row)).order_by("pk")
    waiting = Timer.objects.filter(
        kind__in=LETTING_GO, organisation=row.organisation_id
    )
    # A timer that is being fired waits for this row's lock: it finds the hold gone.
    free = waiting.filter(payload__held_by=code_of(row))
    chosen = free.select_for_update(skip_locked=True).values_list("pk", flat=True)
    Timer.objects.filter(pk__in=list(chosen)).update(due_at=now)
    ids = list(held.select_for_update(no_key=True).values_list("pk", flat=True))
    return Alert.objects.filter(pk__in=ids).update(held_until=now)


def record_suppressions(changes: Sequence[AlertChange], *, now: datetime) -> None:
    """Keep each time that an alert was held back, in one statement."""
    rows = [
        {
            "source_id": change.key[0],
            "dedup_key": change.key[1],
            "held_by": step.news.hold.by,
            "reason": step.news.hold.reason,
            "place": place,
        }
        for place, change in enumerate(changes)
        for step in change.steps
        if step.kind is StepKind.SUPPRESSED and step.news.hold
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_RECORD, [now, json.dumps(rows)])


def counts_held(rows: Sequence[Silence | Maintenance]) -> dict[str, int]:
    """Return {code: how often it held an alert back} of these, in one statement."""
    codes = [code_of(row) for row in rows]
    found = Suppression.objects.filter(held_by__in=codes).values("held_by")
    counted = found.annotate(times=Count("pk"))
    return {row["held_by"]: row["times"] for row in counted}


def _facts(item: News, source: Source) -> AlertFacts:
    level = severity_of(
        item.alert, table=source.severity_map, default=source.default_severity
    )
    return AlertFacts(
        organisation_id=source.organisation_id,
        source_id=source.pk,
        source=source.slug,
        title=item.alert.title,
        severity=level,
        labels=item.alert.labels,
    )


def _of_silence(row: Silence) -> Suppressor | None:
    """Return what a silence does; one that cannot be read holds nothing back.

    It must not stop the reading of deliveries: what it was for fires then.
    """
    try:
        matchers = parse_matchers(row.matchers)
    except MatcherError as error:
        log.warning("silence_unreadable", silence=row.pk, field=error.field)
        return None
    return Suppressor(
        by=code_of(row),
        organisation_id=row.organisation_id,
        source_id=row.source_id,
        matchers=matchers,
        until=row.ends_at,
        reason=f"silence until {_minute(row.ends_at)}: {row.reason}",
    )


def _of_maintenance(row: Maintenance, span: Span) -> Suppressor:
    return Suppressor(
        by=code_of(row),
        organisation_id=row.organisation_id,
        source_id=row.source_id,
        matchers=(),
        until=span.end_at,
        reason=f"maintenance until {_minute(span.end_at)}: {row.reason}",
    )


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
