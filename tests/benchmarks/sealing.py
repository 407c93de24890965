"""Appending to the record, sealing it, proving from it; and how soon a storm is sealed."""

import threading
import time
from collections.abc import Iterator
from typing import LiteralString

import psycopg

from tests.benchmarks.figures import Row, median_of, quantile, verdict
from tests.benchmarks.running import Running, run_apart, servers, whole
from tests.benchmarks.storm import Storm, blow

ROUNDS = 3
RAW = 2_000
STORM = Storm(6_000, 600)
WARM_UP = Storm(50, 50)
POLL_SECONDS = 0.02
NEWEST = (
    "SELECT max(size), extract(epoch FROM clock_timestamp())::float8"
    " FROM tocsin_checkpoint"
)
UNSEALED = "SELECT count(*) FROM tocsin_pending WHERE consumer = 'sealer'"
SEALED = """
SELECT l.idx, extract(epoch FROM e.at)::float8
  FROM tocsin_leaf l JOIN tocsin_entry e ON e.id = l.entry_id WHERE l.idx >= %s
"""


def rows() -> Iterator[Row]:
    """Measure appending, sealing and proving, one process and one connection."""
    rounds, raws = [], []
    for _ in range(ROUNDS):
        with servers() as running:
            orders = {"url": running.environment["DATABASE_OWNER_URL"], "count": RAW}
            raw = run_apart(
                "tests.benchmarks.raw_inserts", {**orders, "connections": 1}
            )
            measured = run_apart(
                "tests.benchmarks.sealing_apart", {}, running.environment
            )
            raws.append(raw)
            rounds.append({**measured, **measured["sealing"]})
    raw_rate = median_of(raws, "rate")
    yield from _append_rows(rounds, raw_rate)
    sealed = median_of(rounds, "rate")
    yield Row(
        what="sealing entries that are there, signature and tiles included",
        reach="≥ 10,000 entries/s",
        measured=f"{sealed:,.0f} entries/s ({verdict(sealed >= 10_000)})",
        limit=f"raw single inserts of one connection {raw_rate:.0f}/s",
        ratio=f"{sealed / raw_rate:.0f} times",
        how=f"median of {ROUNDS} rounds of {rounds[0]['count']:,.0f} entries in 5,000 "
        "streams, batches of 10,000; each head signed by the signer's process",
    )
    yield from _audit_rows(rounds)
    times = [ms for one in rounds for ms in one["proofs_ms"]]
    p50, p99 = quantile(times, 0.5), quantile(times, 0.99)
    yield Row(
        what="inclusion proof at 1,000,000 leaves, from PostgreSQL",
        reach="≤ 5 ms",
        measured=f"p50 {p50:.2f} ms, p99 {p99:.2f} ms ({verdict(p50 <= 5)})",
        limit="",
        ratio="",
        how=f"{len(times)} leaves at random, at most six tiles each",
    )


def _audit_rows(rounds: list[dict[str, float]]) -> Iterator[Row]:
    seconds = 1_000_000 / median_of(rounds, "audit")
    with_values = 1_000_000 / median_of(rounds, "audit_with_values")
    how = "60,000 entries in 5,000 streams, times what makes a million; one process"
    yield Row(
        what="auditing a million entries, from their bytes to the root",
        reach="≤ 20 s",
        measured=f"{seconds:.1f} s ({verdict(seconds <= 20)})",
        limit=f"their values decrypted too: {with_values:.1f} s",
        ratio=f"{with_values / seconds:.1f} times",
        how=how,
    )


def _append_rows(rounds: list[dict[str, float]], raw_rate: float) -> Iterator[Row]:
    limit = f"raw single inserts of one connection {raw_rate:.0f}/s"
    for name, what, least, how in (
        (
            "single",
            "append: one entry a transaction, one connection",
            0.1 * raw_rate,
            "two disclosures, 300 characters of text, one stream",
        ),
        ("bulk", "append: bulk alone", 3_000, "1,000 entries a transaction"),
        (
            "engine",
            "append: through the engine",
            1_000,
            "incidents opened and commented upon, 400 at a time",
        ),
    ):
        rate = median_of(rounds, name)
        is_share = name == "single"
        yield Row(
            what=what,
            reach="≥ 10 % of raw" if is_share else f"≥ {least:,.0f} entries/s",
            measured=f"{rate:,.0f} entries/s ({verdict(rate >= least)})",
            limit=limit,
            ratio=f"{rate / raw_rate:.0%}",
            how=f"median of {ROUNDS} rounds; {how}",
        )


def storm_rows() -> Iterator[Row]:
    """Measure how soon entries are sealed while a storm is worked off."""
    with whole() as running:
        blow(running, WARM_UP, name="warm")
        running.eventually("sealed", lambda: running.value(UNSEALED) == 0)
        first = int(running.value("SELECT max(size) FROM tocsin_checkpoint"))
        with Watch(running, NEWEST) as watch:
            blown = blow(running, STORM, name="sealed")
            running.eventually("sealed", lambda: running.value(UNSEALED) == 0)
        late = watch.latenesses(running.sql(SEALED, first))
    p50, p99, last = (quantile(late, share) for share in (0.5, 0.99, 1.0))
    yield Row(
        what=f"commit → sealed, {STORM.alerts:,} alerts over {STORM.incidents} incidents",
        reach="p99 ≤ 3 s",
        measured=f"p50 {p50:.2f} s, p99 {p99:.2f} s, max {last:.2f} s"
        f" ({verdict(p99 <= 3)})",
        limit="a pass begins every second",
        ratio="",
        how=f"{len(late):,} entries at {blown['rate']:.0f} alerts/s, from before their "
        "transaction's work until their head is seen",
    )


class Watch:
    """Notes when each head of the log was first seen, as a query gives size and instant."""

    def __init__(self, running: Running, newest: LiteralString) -> None:
        self._newest = newest
        self._url = running.environment["DATABASE_OWNER_URL"]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._seen: list[tuple[int, float]] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def latenesses(self, entries: list[tuple[int, float]]) -> list[float]:
        """Return how long each entry (place, instant) waited for its head."""
        return [
            next(at for size, at in self._seen if size > place) - began_at
            for place, began_at in entries
        ]

    def _run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._over.is_set():
                [(size, at)] = connection.execute(self._newest)
                if size and (not self._seen or size > self._seen[-1][0]):
                    self._seen.append((size, at))
                time.sleep(POLL_SECONDS)
