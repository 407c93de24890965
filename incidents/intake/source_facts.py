"""Look up what the pages tell of many sources at once, in one statement.

Nothing here counts deliveries one by one: each part reads an index of the source, or the
counts of the last day.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from incidents.intake.models import Source
from incidents.intake.source_health import Facts
from incidents.intake.tallies import hour_of

SPAN: Final = timedelta(hours=23)
_NAMES: Final = (
    "last_at",
    "last_state",
    "last_error",
    "count",
    "failed",
    "refused_at",
    "refused_reason",
    "refused_value",
)

_FACTS: Final = """
SELECT s.id, last.received_at, coalesce(last.state, ''), coalesce(last.error, ''),
       coalesce(read.count, 0)::bigint + large.count,
       coalesce(read.failed, 0)::bigint + large.count,
       refused.last_at, coalesce(refused.reason, ''), coalesce(refused.last_told, '')
FROM unnest(%(sources)s::bigint[]) AS s (id)
LEFT JOIN LATERAL (
    SELECT received_at, state, error FROM tocsin_delivery
    WHERE source_id = s.id ORDER BY id DESC LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT sum(count) AS count, sum(count) FILTER (WHERE state = 'unreadable') AS failed
    FROM tocsin_delivery_count WHERE source_id = s.id AND hour >= %(since)s
) AS read ON true
LEFT JOIN LATERAL (
    SELECT count(*) FROM tocsin_delivery
    WHERE source_id = s.id AND state = 'too_large' AND received_at >= %(since)s
) AS large ON true
LEFT JOIN LATERAL (
    SELECT reason, last_at, last_told FROM tocsin_refusal
    WHERE source_id = s.id ORDER BY last_at DESC LIMIT 1
) AS refused ON true
"""


def facts_of(sources: Iterable[Source], *, now: datetime) -> dict[int, Facts]:
    """Return {source id: what is known of it}."""
    by_id = {source.pk: source for source in sources}
    values: dict[str, Any] = {"sources": list(by_id), "since": hour_of(now) - SPAN}
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, values)
        return {pk: _facts(by_id[pk], row) for pk, *row in cursor.fetchall()}


def _facts(source: Source, row: Sequence[Any]) -> Facts:
    return Facts(
        created_at=source.created_at,
        is_enabled=source.is_enabled,
        quiet_after_hours=source.quiet_after_hours,
        **dict(zip(_NAMES, row, strict=True)),
    )
