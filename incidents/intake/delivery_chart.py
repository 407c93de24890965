"""Draw how many deliveries of a source came and how many failed, by hour and by day."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from incidents.intake.models import DeliveryState, Source
from incidents.intake.tallies import hour_of

HOURS: Final = 24
DAYS: Final = 30
WIDTH: Final = 1000
HEIGHT: Final = 100
GAP: Final = 4
FAILED: Final = frozenset({DeliveryState.UNREADABLE, DeliveryState.TOO_LARGE})

# Both parts are read through an index of the source.
_COUNTS: Final = """
SELECT hour, state, count FROM tocsin_delivery_count
WHERE source_id = %(source)s AND hour >= %(since)s
UNION ALL
SELECT date_trunc('hour', received_at, 'UTC'), state, count(*) FROM tocsin_delivery
WHERE source_id = %(source)s AND state = 'too_large' AND received_at >= %(since)s
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Span:
    """One bar: what came from an instant on, and how much of it failed."""

    start: datetime
    count: int
    failed: int


def charts_of(source: Source, *, now: datetime) -> list[dict[str, Any]]:
    """Return a chart of the last 24 hours and one of the last 30 days, in UTC."""
    by_hour, by_day = spans_of(source, now=now)
    return [
        _chart("Last 24 hours", by_hour, "D H:i"),
        _chart("Last 30 days", by_day, "D j M"),
    ]


def spans_of(source: Source, *, now: datetime) -> tuple[list[Span], list[Span]]:
    """Return the last 24 hours and the last 30 days, in UTC, the present one last."""
    hours = _counts(source, hour_of(now).replace(hour=0) - timedelta(days=DAYS - 1))
    last = hour_of(now)
    by_hour = [last - timedelta(hours=back) for back in reversed(range(HOURS))]
    by_day = [
        last.replace(hour=0) - timedelta(days=back) for back in reversed(range(DAYS))
    ]
    return (
        _spans(hours, by_hour, timedelta(hours=1)),
        _spans(hours, by_day, timedelta(days=1)),
    )


def _counts(source: Source, since: datetime) -> dict[datetime, tuple[int, int]]:
    """Return {hour: (deliveries, failed ones)}."""
    found: dict[datetime, list[int]] = defaultdict(lambda: [0, 0])
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"source": source.pk, "since": since})
        for hour, state, count in cursor.fetchall():
            found[hour][0] += count
            found[hour][1] += count if state in FAILED else 0
    return {hour: (count, failed) for hour, (count, failed) in found.items()}


def _spans(
    hours: Mapping[datetime, tuple[int, int]],
    starts: list[datetime],
    length: timedelta,
) -> list[Span]:
    spans = []
    for start in starts:
        inside = [v for hour, v in hours.items() if start <= hour < start + length]
        count = sum(count for count, _ in inside)
        spans.append(Span(start, count, sum(failed for _, failed in inside)))
    return spans


def _chart(title: str, spans: list[Span], format_: str) -> dict[str, Any]:
    count, failed = sum(s.count for s in spans), sum(s.failed for s in spans)
    most = max(span.count for span in spans)
    return {
        "title": title,
        "format": format_,
        "count": count,
        "failed": failed,
        "percent": f"{100 * failed / count:.1f}" if count else "",
        "most": most,
        "bars": [_bar(place, span, spans, most) for place, span in enumerate(spans)],
    }


def _bar(place: int, span: Span, spans: list[Span], most: int) -> dict[str, Any]:
    step = WIDTH / len(spans)
    full = _height(span.count, most)
    bad = min(full, _height(span.failed, most))
    return {
        "span": span,
        "x": round(place * step + GAP / 2, 1),
        "width": round(step - GAP, 1),
        "y": HEIGHT - full,
        "good_height": full - bad,
        "bad_y": HEIGHT - bad,
        "bad_height": bad,
    }


def _height(count: int, most: int) -> int:
    """Return the height of a bar; one that is not empty can be seen."""
    return max(3, round(HEIGHT * count / most)) if count else 0
