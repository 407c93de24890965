"""Count what became of deliveries, by source and hour, so that a chart need not."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection

from incidents.intake.claims import Claimed, Outcome
from incidents.intake.models import DeliveryCount, DeliveryState

KEPT: Final = timedelta(days=40)

# Rows are taken in one order by every worker, so that none waits in a circle.
_COUNT: Final = """
INSERT INTO tocsin_delivery_count AS c (source_id, hour, state, count)
SELECT source_id, hour, state, count
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::integer[])
     AS n (source_id, hour, state, count)
ORDER BY source_id, hour, state
ON CONFLICT (source_id, hour, state) DO UPDATE SET count = c.count + excluded.count
"""


def count_settled(claimed: Sequence[Claimed], outcomes: Sequence[Outcome]) -> None:
    """Count the deliveries that are dealt with, in one statement."""
    of = {delivery.id: delivery for delivery in claimed}
    counts = Counter(
        (
            of[outcome.delivery_id].source_id,
            hour_of(of[outcome.delivery_id].received_at),
            str(outcome.state),
        )
        for outcome in outcomes
        if outcome.state != DeliveryState.PENDING
    )
    if not counts:
        return
    columns = [list(part) for part in zip(*counts, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [*columns, list(counts.values())])


def hour_of(at: datetime) -> datetime:
    """Return the start of the hour in UTC."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def forget_old_counts(now: datetime) -> int:
    """Delete the counts that no chart shows any more; returns how many."""
    return DeliveryCount.objects.filter(hour__lt=now - KEPT).delete()[0]
