"""Read and write alert rows, a whole batch in one statement each."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection

from incidents.incident.models import CLOSED
from incidents.intake.models import Alert
from incidents.intake.news import AlertChange, AlertKey, AlertRow, News


class Overtaken(Exception):  # what happened to the batch, not a fault
    """Another worker changed the same alerts first; the batch must be read afresh."""


_READ: Final = """
SELECT a.id, a.source_id, a.dedup_key, a.status, a.event_at, a.delivery_id, a.incident_id,
       COALESCE(i.status <> ALL(%s), false), a.title, a.held_by, a.fired_at,
       a.change_times
FROM unnest(%s::bigint[], %s::text[]) AS k (source_id, dedup_key)
JOIN tocsin_alert a USING (source_id, dedup_key)
LEFT JOIN tocsin_incident i ON i.id = a.incident_id
ORDER BY a.id
"""

# One text of JSON is many times cheaper to send than an array for each column.
_ROWS: Final = """json_to_recordset(%s::json) AS n (
    source_id bigint, organisation_id bigint, dedup_key text, incident_id bigint,
    status text, title text, summary text, severity text, labels jsonb, url text,
    started_at timestamptz, ended_at timestamptz, event_at timestamptz,
    delivery_id bigint, repeat_count integer, late_count integer,
    first_seen_at timestamptz, last_seen_at timestamptz, expires_at timestamptz,
    held_by text, held_until timestamptz, group_key text, severity_told text,
    is_bare boolean, fired_at timestamptz, change_times jsonb)"""

_INSERT: Final = f"""
INSERT INTO tocsin_alert (
    source_id, organisation_id, dedup_key, incident_id, status, title, summary, severity,
    labels, url, started_at, ended_at, event_at, delivery_id, repeat_count, late_count,
    first_seen_at, last_seen_at, expires_at, held_by, held_until, group_key,
    severity_told, fired_at, change_times)
SELECT source_id, organisation_id, dedup_key, incident_id, status, title, summary,
    severity, labels, url, started_at, ended_at, event_at, delivery_id, repeat_count,
    late_count, first_seen_at, last_seen_at, expires_at, held_by, held_until, group_key,
    severity_told, fired_at, change_times
FROM {_ROWS}
ORDER BY source_id, dedup_key
ON CONFLICT (source_id, dedup_key) DO NOTHING
"""  # noqa: S608  (built from the constant above)

_UPDATE: Final = f"""
UPDATE tocsin_alert AS a
SET incident_id = n.incident_id, status = n.status,
    title = CASE WHEN n.is_bare THEN a.title ELSE n.title END,
    summary = CASE WHEN n.is_bare THEN a.summary ELSE n.summary END,
    severity = CASE WHEN n.is_bare THEN a.severity ELSE n.severity END,
    labels = CASE WHEN n.is_bare THEN a.labels ELSE n.labels END,
    url = CASE WHEN n.is_bare THEN a.url ELSE n.url END,
    started_at = CASE WHEN n.is_bare THEN a.started_at ELSE n.started_at END,
    ended_at = n.ended_at, event_at = n.event_at, delivery_id = n.delivery_id,
    repeat_count = a.repeat_count + n.repeat_count,
    late_count = a.late_count + n.late_count,
    last_seen_at = GREATEST(a.last_seen_at, n.last_seen_at), expires_at = n.expires_at,
    held_by = n.held_by, held_until = n.held_until,
    group_key = CASE WHEN n.is_bare THEN a.group_key ELSE n.group_key END,
    severity_told = CASE WHEN n.is_bare THEN a.severity_told ELSE n.severity_told END,
    fired_at = n.fired_at, change_times = n.change_times
FROM {_ROWS}
WHERE a.source_id = n.source_id AND a.dedup_key = n.dedup_key
"""  # noqa: S608  (built from the constant above)

_COUNT_LATE: Final = """
UPDATE tocsin_alert AS a SET late_count = a.late_count + n.lates
FROM json_to_recordset(%s::json) AS n (id bigint, lates integer)
WHERE a.id = n.id
"""


def read_alerts(
    keys: Collection[AlertKey], *, is_locking: bool
) -> dict[AlertKey, AlertRow]:
    """Return the rows of these alerts; locks them, ids ascending, if asked to.

    Locking requires that their incidents are locked already.
    """
    sql = f"{_READ} FOR NO KEY UPDATE OF a" if is_locking else _READ
    sources, dedups = [list(part) for part in zip(*keys, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [[str(s) for s in CLOSED], sources, dedups])
        rows = cursor.fetchall()
    return {row.key: row for row in map(_read_row, rows)}


def write_alerts(
    changes: Sequence[AlertChange],
    *,
    incident_ids: Mapping[AlertKey, int | None],
    organisation_ids: Mapping[int, int],
) -> None:
    """Write what the changes made of the alerts, in three statements at most.

    Raises Overtaken when an alert that is new here was inserted by another worker.
    """
    rows = [
        (c, _row(c, c.latest, incident_ids[c.key], organisation_ids[c.key[0]]))
        for c in changes
        if c.latest
    ]
    new = [row for change, row in rows if change.row is None]
    if new and _execute(_INSERT, new) != len(new):
        raise Overtaken
    if known := [row for change, row in rows if change.row]:
        _execute(_UPDATE, known)
    late = [
        {"id": change.row.id, "lates": change.lates}
        for change in changes
        if change.row and not change.latest and change.lates
    ]
    if late:
        _execute(_COUNT_LATE, late)


def count_alerts(incident_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Return {incident id: (alerts, those that fire)}."""
    sql = (
        "SELECT incident_id, count(*), count(*) FILTER (WHERE status = 'firing') "
        "FROM tocsin_alert WHERE incident_id = ANY(%s) GROUP BY incident_id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(incident_ids)])
        return {pk: (total, firing) for pk, total, firing in cursor.fetchall()}


def move_alerts(incident_id: int, *, into_id: int) -> int:
    """Give one incident's alerts to another. Requires that both are locked."""
    return Alert.objects.filter(incident_id=incident_id).update(incident_id=into_id)


def _read_row(columns: Sequence[Any]) -> AlertRow:
    pk, source, dedup, *rest, times = columns
    values: list[Any] = [pk, (source, dedup), *rest, _instants(times)]
    return AlertRow(*values)


def _instants(texts: str | list[str]) -> tuple[datetime, ...]:
    # Django's cursor leaves jsonb as text.
    kept = json.loads(texts) if isinstance(texts, str) else texts
    return tuple(datetime.fromisoformat(text) for text in kept)


def _row(
    change: AlertChange, news: News, incident_id: int | None, organisation_id: int
) -> dict[str, Any]:
    alert = news.alert
    return {
        "source_id": news.source_id,
        "organisation_id": organisation_id,
        "dedup_key": news.dedup,
        "incident_id": incident_id,
        "status": alert.status,
        "title": alert.title,
        "summary": alert.summary,
        "severity": alert.severity,
        "labels": alert.labels,
        "url": alert.url,
        "started_at": alert.started_at,
        "ended_at": alert.ended_at,
        "event_at": news.event_at,
        "delivery_id": news.delivery_id,
        "repeat_count": change.repeats,
        "late_count": change.lates,
        "first_seen_at": change.first_seen_at,
        "last_seen_at": None if news.is_wake else news.received_at,
        "expires_at": news.expires_at,
        "held_by": change.held.by if change.held else "",
        "held_until": change.held.until if change.held else None,
        "group_key": news.group,
        "severity_told": alert.severity_told,
        "is_bare": alert.is_bare,
        "fired_at": change.fired_at,
        "change_times": [at.isoformat() for at in change.change_times],
    }


def _execute(sql: str, rows: Sequence[Mapping[str, Any]]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(rows, default=datetime.isoformat)])
        return int(cursor.rowcount)
