"""Decide which due messages may be claimed now, and learn how fast destinations answer.

A *lane* is one organisation's messages to one destination. A lane that answers quickly
may have many sends under way, a slow one few, and slow lanes together never take all
senders of a process: whoever is slow keeps only their own messages waiting.

What else limits a claim belongs into `_OPEN_LANES`: it says how many more messages each
lane may have under way.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from escalation.notifications.circuit_rules import PROBE_LASTS

# Sends under way at once in a lane. Quick: answers within a second on average.
QUICK: Final = 64
# A shared provider (mail, SMS) carries everybody's messages and gets more than a host.
SLOW_PROVIDER: Final = 24
SLOW_HOST: Final = 4
# Of a lane that has not answered yet nothing is known.
UNKNOWN: Final = 4
SLOW_MS: Final = 1000
# A send ends in 10 s. A claim older than this is of a process that died: it must not
# hold up its lane until its lease ends.
_UNDER_WAY_SECONDS: Final = 12
# A pace is written again only when it has changed by this.
_CHANGE_MS: Final = 100

# The lanes in which anything waits, found by skipping through the index from lane to
# lane, and the free places of each: its window less what is under way.
#
# A circuit that is open closes its lanes. When its time is up one claim takes its probe,
# if anything is due there: the one message that shows whether the provider works again.
# Its circuit stays locked until the claim has said, by `start_probes`, that it goes out.
_OPEN_LANES: Final = """
    WITH RECURSIVE probe AS (
        SELECT c.id
          FROM tocsin_circuit c
         WHERE c.open_until <= %(now)s
           AND (c.probe_until IS NULL OR c.probe_until <= %(now)s)
           AND EXISTS (
               SELECT 1
                 FROM tocsin_notification n
                WHERE n.destination = c.destination
                  AND (c.organisation_id IS NULL
                       OR n.organisation_id = c.organisation_id)
                  AND n.status IN ('queued', 'sending', 'unknown')
                  AND n.next_attempt_at <= %(now)s
                  AND (n.lease_until IS NULL OR n.lease_until < clock_timestamp())
           )
           FOR NO KEY UPDATE SKIP LOCKED
    ), lane AS (
        (SELECT organisation_id, destination
           FROM tocsin_notification
          WHERE status IN ('queued', 'sending', 'unknown')
          ORDER BY organisation_id, destination
          LIMIT 1)
        UNION ALL
        SELECT next_lane.*
          FROM lane
         CROSS JOIN LATERAL (
            SELECT organisation_id, destination
              FROM tocsin_notification
             WHERE status IN ('queued', 'sending', 'unknown')
               AND (organisation_id, destination)
                 > (lane.organisation_id, lane.destination)
             ORDER BY organisation_id, destination
             LIMIT 1
         ) next_lane
    ), under_way AS (
        SELECT organisation_id, destination, count(*) AS count
          FROM tocsin_notification
         WHERE status = 'sending'
           AND lease_until > clock_timestamp()
               + make_interval(secs => %(lease_seconds)s - %(under_way_seconds)s)
         GROUP BY organisation_id, destination
    ), open_lane AS (
        SELECT lane.organisation_id, lane.destination, probe.id AS probe_of,
               coalesce(pace.answer_ms >= %(slow_ms)s, false) AS is_slow,
               CASE WHEN probe.id IS NOT NULL THEN 1
                    WHEN circuit.opened_at IS NOT NULL THEN 0
                    WHEN pace.answer_ms IS NULL THEN %(unknown)s
                    WHEN pace.answer_ms < %(slow_ms)s THEN %(quick)s
                    WHEN strpos(lane.destination, ':') = 0 THEN %(slow_provider)s
                    ELSE %(slow_host)s
               END - CASE WHEN probe.id IS NULL THEN coalesce(under_way.count, 0)
                          ELSE 0 END AS free
          FROM lane
          LEFT JOIN tocsin_pace pace USING (organisation_id, destination)
          LEFT JOIN under_way USING (organisation_id, destination)
          LEFT JOIN tocsin_circuit circuit
            ON circuit.destination = lane.destination
           AND (circuit.organisation_id IS NULL
                OR circuit.organisation_id = lane.organisation_id)
          LEFT JOIN probe ON probe.id = circuit.id
    )
"""

# Each organisation's oldest message comes before anybody's second. A lane is looked into
# by its index, so that one with a hundred thousand due messages costs the others nothing.
_LOCK_DUE: Final = f"""
    {_OPEN_LANES}
    SELECT id, is_slow, probe_of
      FROM (
        SELECT id, is_slow, next_attempt_at, turn,
               row_number() OVER (
                   PARTITION BY is_slow ORDER BY turn, next_attempt_at, id
               ) AS place,
               probe_of,
               row_number() OVER (
                   PARTITION BY probe_of ORDER BY turn, next_attempt_at, id
               ) AS probe_place
          FROM (
            SELECT id, is_slow, next_attempt_at, probe_of,
                   row_number() OVER (
                       PARTITION BY organisation_id ORDER BY next_attempt_at, id
                   ) AS turn
              FROM (
                SELECT n.id, n.next_attempt_at, l.organisation_id, l.is_slow, l.free,
                       l.probe_of,
                       row_number() OVER (
                           PARTITION BY l.organisation_id, l.destination
                           ORDER BY n.next_attempt_at, n.id
                       ) AS lane_turn
                  FROM open_lane l
                 CROSS JOIN LATERAL (
                    SELECT id, next_attempt_at
                      FROM tocsin_notification
                     WHERE organisation_id = l.organisation_id
                       AND destination = l.destination
                       AND status IN ('queued', 'sending', 'unknown')
                       AND next_attempt_at <= %(now)s
                       AND (lease_until IS NULL OR lease_until < clock_timestamp())
                     ORDER BY next_attempt_at, id
                     LIMIT %(limit)s
                       FOR NO KEY UPDATE SKIP LOCKED
                 ) n
                 WHERE l.free > 0
              ) in_lane
             WHERE lane_turn <= free
          ) in_turn
      ) due
     WHERE (NOT is_slow OR place <= %(slow_limit)s)
       AND (probe_of IS NULL OR probe_place = 1)
     ORDER BY turn, next_attempt_at, id
     LIMIT %(limit)s
"""  # noqa: S608  (both halves are constants)

_LOCK_ONE: Final = """
    SELECT id
      FROM tocsin_notification
     WHERE id = %(id)s
       AND status IN ('queued', 'sending', 'unknown')
       AND next_attempt_at <= %(now)s
       AND (lease_until IS NULL OR lease_until < clock_timestamp())
       FOR NO KEY UPDATE SKIP LOCKED
"""

# A lane whose pace is as before is not touched, so that senders do not wait for each
# other; the order of the rows keeps two of them from waiting in a circle.
_NOTE_PACES: Final = """
    INSERT INTO tocsin_pace AS pace (organisation_id, destination, answer_ms)
    SELECT v.organisation_id, v.destination, v.answer_ms
      FROM unnest(%s::bigint[], %s::text[], %s::integer[])
           AS v(organisation_id, destination, answer_ms)
      LEFT JOIN tocsin_pace known USING (organisation_id, destination)
     WHERE known.id IS NULL OR abs(known.answer_ms - v.answer_ms) > %s
     ORDER BY v.organisation_id, v.destination
        ON CONFLICT (organisation_id, destination)
        DO UPDATE SET answer_ms = (pace.answer_ms + EXCLUDED.answer_ms) / 2
"""


_START_PROBES: Final = """
    UPDATE tocsin_circuit
       SET probe_until = %s::timestamptz + make_interval(secs => %s)
     WHERE id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a due message stands: is its lane slow, and which circuit would it probe."""

    is_slow: bool
    probe_of: int | None = None


def lock_due(
    now: datetime, *, limit: int, slow_limit: int, lease_seconds: float
) -> dict[int, Place]:
    """Lock up to `limit` due messages whose lanes have places free, by their ids.

    At most `slow_limit` of them are of slow lanes. Locks the circuits to be probed.
    """
    values: dict[str, datetime | float | int] = {
        "now": now,
        "limit": limit,
        "slow_limit": slow_limit,
        "lease_seconds": lease_seconds,
        "under_way_seconds": _UNDER_WAY_SECONDS,
        "slow_ms": SLOW_MS,
        "unknown": UNKNOWN,
        "quick": QUICK,
        "slow_provider": SLOW_PROVIDER,
        "slow_host": SLOW_HOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_DUE, values)
        return {pk: Place(is_slow, probe) for pk, is_slow, probe in cursor.fetchall()}


def start_probes(circuit_ids: Collection[int], now: datetime) -> None:
    """Let nothing else be handed to these circuits until their probe has answered."""
    if circuit_ids:
        with connection.cursor() as cursor:
            seconds = PROBE_LASTS.total_seconds()
            cursor.execute(_START_PROBES, [now, seconds, list(circuit_ids)])


def lock_one(pk: int, now: datetime) -> bool:
    """Lock a message that was due a moment ago; False if another took it since."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_ONE, {"id": pk, "now": now})
        return cursor.fetchone() is not None


def note_paces(answers: Iterable[tuple[int, str, float]]) -> None:
    """Note how many seconds each (organisation id, destination) took to answer."""
    by_lane: dict[tuple[int, str], list[float]] = {}
    for organisation_id, destination, seconds in answers:
        by_lane.setdefault((organisation_id, destination), []).append(seconds)
    if not by_lane:
        return
    columns: tuple[Sequence[int | str], ...] = (
        [organisation_id for organisation_id, _ in by_lane],
        [destination for _, destination in by_lane],
        [int(1000 * sum(took) / len(took)) for took in by_lane.values()],
    )
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_PACES, [*map(list, columns), _CHANGE_MS])
