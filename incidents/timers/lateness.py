"""Keeps how late things went: a histogram for each minute, folded to hours and days.

A timer counts when its work has committed, a message when its first attempt begins.
What still waits is in no histogram; whoever reads these adds it as late.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import connection

from incidents.timers.histogram import bucket_of
from incidents.timers.models import Lateness, Span

MESSAGE: Final = "message"
# Kept as minutes, then as hours, then as days, and then no more.
KEEP_MINUTES: Final = timedelta(hours=3)
KEEP_HOURS: Final = timedelta(days=35)
KEEP_DAYS: Final = timedelta(days=400)

_NOTE: Final = """
WITH current AS (
    UPDATE tocsin_tick SET late_ms = %(worst)s, late_at = %(now)s
     WHERE consumer = %(consumer)s
)
INSERT INTO tocsin_lateness AS kept
       (what, span, began_at, bucket, count, total_ms, max_ms)
SELECT what, 'minute', date_trunc('minute', %(now)s::timestamptz), bucket, count,
       total_ms, max_ms
  FROM json_to_recordset(%(rows)s) AS new (what text, bucket smallint, count bigint,
                                           total_ms bigint, max_ms bigint)
 ORDER BY what, bucket
    ON CONFLICT (what, span, began_at, bucket) DO UPDATE
   SET count = kept.count + excluded.count,
       total_ms = kept.total_ms + excluded.total_ms,
       max_ms = greatest(kept.max_ms, excluded.max_ms)
"""

_FOLD: Final = """
WITH gone AS (
    DELETE FROM tocsin_lateness WHERE span = %(fine)s AND began_at < %(until)s RETURNING *
)
INSERT INTO tocsin_lateness AS kept
       (what, span, began_at, bucket, count, total_ms, max_ms)
SELECT what, %(coarse)s, date_trunc(%(coarse)s, began_at, 'UTC'), bucket, sum(count),
       sum(total_ms), max(max_ms)
  FROM gone GROUP BY 1, 2, 3, 4
    ON CONFLICT (what, span, began_at, bucket) DO UPDATE
   SET count = kept.count + excluded.count,
       total_ms = kept.total_ms + excluded.total_ms,
       max_ms = greatest(kept.max_ms, excluded.max_ms)
"""


@dataclass(slots=True)
class _Bucket:
    count: int = 0
    total_ms: int = 0
    max_ms: int = 0


@dataclass(frozen=True, slots=True)
class Summary:
    """How late one sort of thing went within a time."""

    counts: dict[int, int] = field(default_factory=dict)
    total_ms: int = 0
    max_ms: int = 0

    @property
    def count(self) -> int:
        """How many there were."""
        return sum(self.counts.values())


def note_lateness(
    consumer: str, late_ms: Iterable[tuple[str, int]], *, worst_ms: int, now: datetime
) -> None:
    """Count (what, milliseconds late) in this minute, in one statement.

    `worst_ms` is what intake gives way to while it is high.
    """
    buckets: dict[tuple[str, int], _Bucket] = defaultdict(_Bucket)
    for what, late in late_ms:
        bucket = buckets[what, bucket_of(late)]
        bucket.count += 1
        bucket.total_ms += late
        bucket.max_ms = max(bucket.max_ms, late)
    if not buckets:
        return
    rows = [
        {"what": what, "bucket": number, "count": b.count, "total_ms": b.total_ms}
        | {"max_ms": b.max_ms}
        for (what, number), b in buckets.items()
    ]
    values: dict[str, Any] = {"worst": worst_ms, "now": now, "consumer": consumer}
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values | {"rows": json.dumps(rows)})


def milliseconds_late(due_at: datetime, at: datetime) -> int:
    """Return how late something due went, in whole milliseconds; never negative."""
    return max(0, int((at - due_at).total_seconds() * 1000))


def by_kind(since: datetime) -> dict[str, Summary]:
    """Return for each kind of timer, and for messages, how late they went."""
    return _summed("what", since)


def by_day(since: datetime) -> dict[datetime, Summary]:
    """Return for each day in UTC how late everything went."""
    return _summed("date_trunc('day', began_at, 'UTC')", since)


def fold(now: datetime) -> None:
    """Fold old minutes into hours and old hours into days; drop what is too old."""
    spans = (
        (Span.MINUTE, Span.HOUR, now - KEEP_MINUTES),
        (Span.HOUR, Span.DAY, now - KEEP_HOURS),
    )
    with connection.cursor() as cursor:
        for fine, coarse, until in spans:
            whole = until.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
            if coarse == Span.DAY:
                whole = whole.replace(hour=0)
            values: dict[str, Any] = {"fine": fine.value, "coarse": coarse.value}
            cursor.execute(_FOLD, values | {"until": whole})
    Lateness.objects.filter(began_at__lt=now - KEEP_DAYS).delete()


def _summed(key: str, since: datetime) -> dict[Any, Summary]:
    # `key` is one of two texts of this file.
    sql = f"""
        SELECT {key}, bucket, sum(count)::bigint, sum(total_ms)::bigint, max(max_ms)
          FROM tocsin_lateness WHERE began_at >= %s GROUP BY 1, 2 ORDER BY 1, 2
    """  # noqa: S608  no value is put in
    found: dict[Any, Summary] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql, [since])
        for place, bucket, count, total_ms, max_ms in cursor.fetchall():
            former = found.get(place, Summary())
            found[place] = Summary(
                {**former.counts, bucket: count},
                former.total_ms + total_ms,
                max(former.max_ms, max_ms),
            )
    return found
