"""Watch due timers go, and say how late they went.

A timer counts as handled when its row is gone for others, that is: when the work it
stood for has been committed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from tests.benchmarks.figures import quantile
from tests.benchmarks.running import Failed, Running

PENDING: Final = 1_000_000
PATIENCE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.02
_CLAIM_BATCH: Final = 200
_RAW_BATCHES: Final = 25

# What waits among the due ones, for the next three years.
_FILL: Final = """
INSERT INTO tocsin_timer (due_at, kind, subject_id, organisation_id, payload, attempts,
                          last_error)
SELECT now() + interval '30 days' + n * interval '1 minute', 'run.step', -n,
       (SELECT id FROM tocsin_organisation WHERE slug = 'bench'), '{}', 0, ''
  FROM generate_series(1, %s) AS n
"""
_MOVE: Final = """
WITH placed AS (
    SELECT t.id, t.subject_id AS run,
           date_trunc('second', now()) + make_interval(
               secs => %(seconds)s + (row_number() OVER (ORDER BY t.id) - 1) %% %(slots)s
           ) AS due_at
      FROM tocsin_timer t
      JOIN tocsin_run r ON r.id = t.subject_id
      JOIN tocsin_policy_version v ON v.id = r.version_id
      JOIN tocsin_policy p ON p.id = v.policy_id
     WHERE t.kind = 'run.step' AND p.slug = %(policy)s
), runs AS (
    UPDATE tocsin_run r SET next_due_at = placed.due_at FROM placed WHERE r.id = placed.run
), moved AS (
    UPDATE tocsin_timer t SET due_at = placed.due_at FROM placed WHERE t.id = placed.id
)
SELECT extract(epoch FROM due_at)::float8, count(*) FROM placed GROUP BY 1 ORDER BY 1
"""
_LEFT: Final = """
SELECT extract(epoch FROM now())::float8, left_over.due_at, left_over.count
  FROM (SELECT 1) AS always LEFT JOIN (
    SELECT extract(epoch FROM due_at)::float8 AS due_at, count(*) FROM tocsin_timer
     WHERE due_at <= now() AND kind = 'run.step' GROUP BY due_at
  ) AS left_over ON true
"""
# What a claim costs alone: the oldest rows read and deleted with SKIP LOCKED.
_RAW_CLAIM: Final = """
DELETE FROM bench_timer WHERE id IN (
    SELECT id FROM bench_timer ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED)
"""


@dataclass(slots=True)
class Slot:
    """Timers that are due at one instant."""

    due_at: float
    left: int


def fill_pending(running: Running) -> None:
    """Have a million timers wait."""
    running.sql(_FILL, PENDING)
    running.sql("VACUUM ANALYZE tocsin_timer")


def make_due(
    running: Running, policy: str, *, in_seconds: int, slots: int = 1
) -> list[Slot]:
    """Make the next steps of a policy's runs due at whole seconds from then on.

    They are spread over so many seconds in turn; returns the instants.
    """
    url = running.environment["DATABASE_OWNER_URL"]
    values = {"seconds": in_seconds, "slots": slots, "policy": policy}
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(_MOVE, values).fetchall()
    return [Slot(float(at), count) for at, count in rows]


def watch(running: Running, slots: Sequence[Slot]) -> list[float]:
    """Return for each timer how many seconds late it was gone; waits for all."""
    late: list[float] = []
    ends_at = slots[-1].due_at + PATIENCE_SECONDS
    url = running.environment["DATABASE_OWNER_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        while waiting := [slot for slot in slots if slot.left]:
            now, left = _look(connection)
            if now > ends_at:
                raise Failed(f"{sum(slot.left for slot in waiting)} timers were left")
            for slot in waiting:
                if slot.due_at > now:
                    break
                gone = slot.left - left.get(slot.due_at, 0)
                late += [now - slot.due_at] * gone
                slot.left -= gone
            time.sleep(_LOOK_SECONDS)
    return late


def _look(connection: Any) -> tuple[float, dict[float, int]]:
    """Return the instant of the look and how many timers of each slot were left."""
    rows = connection.execute(_LEFT).fetchall()
    return rows[0][0], {due_at: count for _, due_at, count in rows if count}


def raw_claims_a_second(running: Running) -> float:
    """Return how many timers a second one connection can claim and do nothing with."""
    url = running.environment["DATABASE_OWNER_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_timer AS SELECT * FROM tocsin_timer")
        connection.execute("CREATE INDEX ON bench_timer (due_at, id)")
        connection.execute("CREATE INDEX ON bench_timer (id)")
        connection.execute("ANALYZE bench_timer")
        began = time.perf_counter()
        for _ in range(_RAW_BATCHES):
            connection.execute(_RAW_CLAIM, [_CLAIM_BATCH])
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE bench_timer")
    return _CLAIM_BATCH * _RAW_BATCHES / seconds


def described(late: Sequence[float]) -> str:
    """Return p50, p99 and the worst as text."""
    return (
        f"p50 {quantile(late, 0.5):.2f} s, p99 {quantile(late, 0.99):.2f} s, "
        f"max {max(late):.2f} s"
    )
