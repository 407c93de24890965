"""Claim waiting deliveries fairly across organisations, and write what became of them.

There are two lanes. The oldest go first; but once those have waited for long, each batch
also takes some of the newest, so that what happens now is known now, however much waits.
News carries its instant and its place, so that the order of the two makes no difference
to what an alert's row says in the end.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any, Final
from uuid import UUID

from django.db import connection

MAX_CLAIMED_BYTES: Final = 16 * 1024 * 1024
# When the oldest has waited for so long, work is behind, and the second lane opens.
BEHIND_AFTER: Final = timedelta(seconds=3)
BATCH_NEWEST: Final = 250
MAX_NEWEST_BYTES: Final = 4 * 1024 * 1024

# Each organisation that has anything waiting gets an equal share of the batch, so that
# one tenant's storm does not delay another's single alert. They take turns, so that this
# holds too where only the first of the batch find room. The index delivery_pending
# serves both the look for organisations and each one's oldest rows.
_CLAIM: Final = """
WITH waiting AS MATERIALIZED (
    SELECT o.id FROM tocsin_organisation o
    WHERE EXISTS (SELECT FROM tocsin_delivery d
                  WHERE d.organisation_id = o.id AND d.state = 'pending'
                    AND (d.retry_at IS NULL OR d.retry_at <= %s))
), share AS MATERIALIZED (
    SELECT GREATEST(1, %s / GREATEST(1, count(*))) AS size FROM waiting
)
SELECT claimed.id, claimed.size_bytes
FROM waiting
CROSS JOIN LATERAL (
    SELECT d.id, d.size_bytes FROM tocsin_delivery d
    WHERE d.organisation_id = waiting.id AND d.state = 'pending'
      AND (d.retry_at IS NULL OR d.retry_at <= %s)
    ORDER BY d.id {order}
    LIMIT (SELECT size FROM share)
    FOR UPDATE SKIP LOCKED
) AS claimed
ORDER BY row_number() OVER (PARTITION BY waiting.id ORDER BY claimed.id {order}),
    claimed.id
"""
_CLAIM_OLDEST: Final = _CLAIM.format(order="ASC")
_CLAIM_NEWEST: Final = _CLAIM.format(order="DESC")

# The look itself takes no lock: what somebody else has under way counts too.
_IS_BEHIND: Final = """
SELECT EXISTS (
    SELECT FROM tocsin_organisation o
    CROSS JOIN LATERAL (
        SELECT d.received_at FROM tocsin_delivery d
        WHERE d.organisation_id = o.id AND d.state = 'pending'
          AND (d.retry_at IS NULL OR d.retry_at <= %s)
        ORDER BY d.id LIMIT 1
    ) AS oldest
    WHERE oldest.received_at < %s
)
"""

_CLAIM_THESE: Final = """
SELECT id FROM tocsin_delivery
WHERE id = ANY(%s) AND state = 'pending' ORDER BY id FOR UPDATE SKIP LOCKED
"""

_READ: Final = """
SELECT d.id, d.source_id, d.received_at, d.body, d.headers, d.attempts, d.replays,
       d.was_processed, d.alert_count, d.uid
FROM unnest(%s::bigint[]) WITH ORDINALITY AS n (id, place)
JOIN tocsin_delivery d USING (id) ORDER BY n.place
"""

_WRITE: Final = """
UPDATE tocsin_delivery AS d
SET state = n.state, error = n.error, attempts = n.attempts,
    alert_count = n.alert_count, retry_at = n.retry_at,
    processed_at = CASE WHEN n.state = 'pending' THEN NULL ELSE %s::timestamptz END
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::integer[],
            %s::timestamptz[])
     AS n (id, state, error, attempts, alert_count, retry_at)
WHERE d.id = n.id
"""

_BEHIND: Final = """
SELECT n.id FROM unnest(%s::bigint[]) AS n (id) JOIN tocsin_delivery own USING (id)
WHERE EXISTS (SELECT FROM tocsin_delivery d
              WHERE d.organisation_id = own.organisation_id AND d.state = 'pending'
                AND d.source_id = own.source_id AND d.id < own.id
                AND d.id <> ALL(%s::bigint[]))
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this transaction holds.

    `alert_count` is how many of its alerts have been taken in, where it is read in slices.
    """

    id: int
    source_id: int
    received_at: datetime
    body: bytes
    headers: dict[str, str]
    attempts: int
    replays: int
    was_processed: bool
    alert_count: int
    uid: UUID


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery."""

    delivery_id: int
    state: str
    error: str = ""
    attempts: int = 0
    alert_count: int = 0
    retry_at: datetime | None = None


def claim_deliveries(limit: int, *, now: datetime) -> list[Claimed]:
    """Lock waiting deliveries that nobody else holds: the oldest of each organisation.

    When those have waited for long, it takes some of the newest too.
    Requires an open transaction. Returns them in turn: the first of each organisation,
    then the second of each, and of both ends in turn. What exceeds 20 MiB of bodies
    stays waiting.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IS_BEHIND, [now, now - BEHIND_AFTER])
        [(is_behind,)] = cursor.fetchall()
        newest: list[int] = []
        if is_behind:
            cursor.execute(_CLAIM_NEWEST, [now, BATCH_NEWEST, now])
            newest = _within_bytes(cursor.fetchall(), MAX_NEWEST_BYTES)
        cursor.execute(_CLAIM_OLDEST, [now, limit, now])
        oldest = _within_bytes(cursor.fetchall(), MAX_CLAIMED_BYTES)
        return _read_bodies(_alternately(newest, oldest))


def _alternately(newest: Sequence[int], oldest: Sequence[int]) -> list[int]:
    """Return the ids of both, one of each in turn; none twice."""
    pairs = zip_longest(newest, oldest)
    return list(dict.fromkeys(pk for pair in pairs for pk in pair if pk is not None))


def claim_these(ids: Sequence[int]) -> list[Claimed]:
    """Lock those of the deliveries that still wait and that nobody else holds."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM_THESE, [list(ids)])
        return _read_bodies([pk for (pk,) in cursor.fetchall()])


def those_behind(ids: Collection[int], *, done: Collection[int]) -> set[int]:
    """Return those before which a delivery of their source waits that is not in `done`."""
    if not ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, [list(ids), list(done)])
        return {pk for (pk,) in cursor.fetchall()}


def write_outcomes(outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Write what became of claimed deliveries, in one statement."""
    columns: list[list[Any]] = [
        [o.delivery_id for o in outcomes],
        [str(o.state) for o in outcomes],
        [o.error for o in outcomes],
        [o.attempts for o in outcomes],
        [o.alert_count for o in outcomes],
        [o.retry_at for o in outcomes],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [now, *columns])


def _within_bytes(rows: Sequence[tuple[int, int]], limit: int) -> list[int]:
    ids: list[int] = []
    total = 0
    for pk, size_bytes in rows:
        total += size_bytes
        if ids and total > limit:
            break
        ids.append(pk)
    return ids


def _read_bodies(ids: Sequence[int]) -> list[Claimed]:
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_READ, [list(ids)])
        return [_claimed(row) for row in cursor.fetchall()]


def _claimed(row: tuple[Any, ...]) -> Claimed:
    pk, source_id, received_at, body, headers, *rest = row
    # Django's cursor leaves jsonb as text.
    kept = json.loads(headers) if isinstance(headers, str) else headers
    return Claimed(pk, source_id, received_at, bytes(body or b""), kept, *rest)
