"""A thousand timers due at the same instant among a hundred thousand that wait."""

import time
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.benchmarks.figures import Row, median_of, quantile
from tests.benchmarks.running import ALERTMANAGER, Failed, Running, whole
from tests.benchmarks.storm import alert_body

DUE = 1000
PENDING = 100_000
ROUNDS = 3
LOOK_SECONDS = 0.01
FILL = """
INSERT INTO tocsin_timer (due_at, kind, subject_id, organisation_id, payload, attempts,
                          last_error)
SELECT now() + interval '30 days' + n * interval '1 second', 'run.step', -n,
       (SELECT id FROM tocsin_organisation WHERE slug = 'bench'), '{}', 0, ''
  FROM generate_series(1, %s) AS n
"""
COUNT_STEPS = """
SELECT count(*) FROM tocsin_timer WHERE kind = 'run.step' AND subject_id > 0
   AND due_at > now() + interval '30 minutes'
"""
# All of them in three seconds from now, at the same instant.
MAKE_DUE = """
WITH moment AS (SELECT clock_timestamp() + interval '3 seconds' AS at),
     runs AS (UPDATE tocsin_run SET next_due_at = at FROM moment WHERE state = 'active')
UPDATE tocsin_timer SET due_at = at FROM moment
 WHERE kind = 'run.step' AND subject_id > 0
RETURNING due_at
"""
LEFT = "SELECT count(*), clock_timestamp() FROM tocsin_timer WHERE due_at <= %s"
# What a claim costs alone: the same number of rows, read and deleted with SKIP LOCKED.
RAW_CLAIM = """
DELETE FROM bench_timer WHERE id IN (
    SELECT id FROM bench_timer ORDER BY due_at, id LIMIT 200 FOR UPDATE SKIP LOCKED)
"""


def rows() -> Iterator[Row]:
    """Measure the steps of 1,000 runs that are due at once."""
    with whole() as running:
        sent = running.send(ALERTMANAGER, _body(), DUE, groups=DUE)
        if sent["statuses"] != {"202": DUE}:
            raise Failed(f"answers: {sent['statuses']}")
        running.eventually("a run for each", lambda: running.value(COUNT_STEPS) == DUE)
        running.sql(FILL, PENDING)
        running.sql("ANALYZE tocsin_timer")
        raw = _raw_claim_seconds(running)
        rounds = [_round(running) for _ in range(ROUNDS)]
    last, p50, p99, delivered = (
        median_of(rounds, name) for name in ("last", "p50", "p99", "delivered")
    )
    yield Row(
        what="100,000 pending timers, 1,000 due in the same second",
        reach="last one handled ≤ 5 s late",
        measured=f"last {last:.2f} s late, p50 {p50:.2f} s, p99 {p99:.2f} s",
        limit=f"deleting 1,000 rows with SKIP LOCKED {raw * 1000:.0f} ms",
        ratio=f"{last / raw:.0f} times",
        how=f"median of {ROUNDS} rounds; steps of real runs, all due at one instant; "
        f"last of the 1,000 notifications at the receiver after {delivered:.2f} s",
    )


def _round(running: Running) -> dict[str, float]:
    """Make the steps due and watch them go; lateness counts until the commit is seen."""
    before = running.received()
    due = running.sql(MAKE_DUE)
    if len(due) != DUE:
        raise Failed(f"{len(due)} timers were made due")
    late = _lateness(running, due[0][0])
    running.eventually("all notified", lambda: running.received() >= before + DUE)
    arrived_at = running.arrivals()[-1][1]
    return {
        "last": late[-1],
        "p50": quantile(late, 0.5),
        "p99": quantile(late, 0.99),
        "delivered": arrived_at - due[0][0].timestamp(),
    }


def _lateness(running: Running, due_at: Any) -> list[float]:
    """Return for each timer how late it was gone, in the order of their going."""
    late: list[float] = []
    url = running.environment["DATABASE_OWNER_URL"]
    ends_at = time.monotonic() + 60
    with psycopg.connect(url, autocommit=True) as connection:
        while len(late) < DUE and time.monotonic() < ends_at:
            left, now = connection.execute(LEFT, (due_at,)).fetchall()[0]
            late += [(now - due_at).total_seconds()] * (DUE - left - len(late))
            time.sleep(LOOK_SECONDS)
    if len(late) != DUE:
        raise Failed(f"{len(late)} of {DUE} timers were handled in a minute")
    return late


def _raw_claim_seconds(running: Running) -> float:
    url = running.environment["DATABASE_OWNER_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_timer AS SELECT * FROM tocsin_timer")
        connection.execute("CREATE INDEX ON bench_timer (due_at, id)")
        connection.execute("CREATE INDEX ON bench_timer (id)")
        began = time.perf_counter()
        for _ in range(DUE // 200):
            connection.execute(RAW_CLAIM)
        seconds = time.perf_counter() - began
        connection.execute("DROP TABLE bench_timer")
    return seconds


def _body() -> str:
    return alert_body("timed").replace('"storm-timed-', '"timed-')
