"""Have kept deliveries read once more, after an adapter or a mapping was mended.

A processed one may be read again too: its news is as old as it was, so an alert that
has taken it, or anything newer, stays as it is, and its acknowledgement or note is not
told twice.
"""

import uuid
from collections.abc import Collection, Sequence
from typing import Any, Final

from django.db import connection, transaction

from incidents.errors import BadInput, NotPossible
from incidents.events.doorbell import ring_after_commit
from incidents.intake.models import Delivery, DeliveryState, Source

READABLE: Final = (
    DeliveryState.UNREADABLE,
    DeliveryState.IGNORED,
    DeliveryState.PROCESSED,
)
MAX_REPLAYED: Final = 10_000

# Their counts are taken back, for they are counted anew once they are read. Counts are
# locked in one order, so that two who read again do not wait for each other in a circle.
_REPLAY: Final = """
WITH chosen AS MATERIALIZED (
    SELECT id, state, date_trunc('hour', received_at, 'UTC') AS hour
    FROM tocsin_delivery
    WHERE source_id = %(source)s AND state = ANY(%(states)s) AND body IS NOT NULL
      AND (%(uids)s::uuid[] IS NULL OR uid = ANY(%(uids)s::uuid[]))
    ORDER BY id LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), less AS MATERIALIZED (
    SELECT hour, state, count(*) AS count FROM chosen GROUP BY hour, state
), held AS MATERIALIZED (
    SELECT c.id, less.count FROM tocsin_delivery_count c JOIN less USING (hour, state)
    WHERE c.source_id = %(source)s ORDER BY c.hour, c.state FOR UPDATE OF c
), taken AS (
    UPDATE tocsin_delivery_count AS c SET count = c.count - held.count
    FROM held WHERE c.id = held.id
)
UPDATE tocsin_delivery AS d
SET state = 'pending', attempts = 0, error = '', processed_at = NULL, alert_count = 0,
    replays = LEAST(d.replays + 1, 32767), retry_at = NULL,
    was_processed = d.was_processed OR d.state = 'processed'
FROM chosen WHERE d.id = chosen.id
"""


def replay(delivery: Delivery) -> Delivery:
    """Have one delivery read once more. Raises NotPossible."""
    count = _replay(delivery.source_id, READABLE, [delivery.uid])
    delivery.refresh_from_db()
    if not count:
        raise NotPossible(_why_not(delivery), state={"state": delivery.state})
    return delivery


def replay_many(
    source: Source,
    *,
    states: Sequence[str] = (),
    uids: Collection[uuid.UUID] | None = None,
) -> int:
    """Have those in these states, or these by uid, read again; returns how many.

    At most MAX_REPLAYED of them, the oldest first. Raises BadInput.
    """
    if uids is None and not states:
        raise BadInput(
            "state", "", f"Name one of {', '.join(READABLE)}, or deliveries."
        )
    if unknown := [state for state in states if state not in READABLE]:
        raise BadInput("state", unknown[0], f"Use {', '.join(READABLE)}.")
    if uids is not None and len(uids) > MAX_REPLAYED:
        raise BadInput("deliveries", len(uids), f"Name at most {MAX_REPLAYED} at once.")
    return _replay(source.pk, states or READABLE, uids)


def _replay(
    source_id: int, states: Sequence[str], uids: Collection[uuid.UUID] | None
) -> int:
    values: dict[str, Any] = {
        "source": source_id,
        "states": [str(state) for state in states],
        "uids": None if uids is None else list(uids),
        "limit": MAX_REPLAYED,
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_REPLAY, values)
            count = int(cursor.rowcount)
        ring_after_commit("intake")
    return count


def _why_not(delivery: Delivery) -> str:
    if delivery.state not in READABLE:
        return f"It is {delivery.get_state_display().lower()}: there is nothing to read again."
    if delivery.body is None:
        return "Its body is no longer kept, so it cannot be read again."
    return "Somebody has it read again at this moment."
