"""Single-alert webhooks over 16 connections, beside what the machine can do.

Rounds take turns, so that a noisy neighbour meets all three alike: raw single-row
inserts on the same PostgreSQL, an empty Django view under the same web server, and the
webhook. Each 202 is counted against the rows that are in the table afterwards.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from tests.benchmarks.figures import Row, median_of
from tests.benchmarks.running import CONNECTIONS, GENERIC, Failed, Running, servers

Rounds = dict[str, list[dict[str, Any]]]

COUNT = 4000
# With the workers on, each request is also an incident that is routed and paged.
COUNT_WITH_WORKERS = 1500
WARM_UP = 500
ROUNDS = 5
ROUNDS_WITH_WORKERS = 3
STORED = "SELECT count(*) FROM tocsin_delivery"
BODY = json.dumps(
    {
        "title": "Egress anomaly on gpu-NUMBER",
        "dedup_key": "ROUND-egress-NUMBER",
        "severity": "high",
        "summary": "40 GB left the cluster within five minutes.",
        "started_at": "2026-11-23T15:04:05Z",
        "labels": {"team": "weights", "host": "gpu-NUMBER", "cluster": "eu1"},
    }
)


def rows() -> Iterator[Row]:
    """Measure without workers, then with them."""
    with (
        servers() as running,
        running.empty_view() as empty,
        running.web() as running.port,
    ):
        running.send("/empty", BODY, WARM_UP, port=empty)
        running.send(GENERIC, BODY.replace("ROUND", "warm"), WARM_UP)
        yield _row("workers off", _measure(running, empty, range(ROUNDS), COUNT))
        running.sql(
            "UPDATE tocsin_delivery SET state = 'processed', processed_at = now()"
        )
        with running.workers():
            numbers = range(ROUNDS, ROUNDS + ROUNDS_WITH_WORKERS)
            found = _measure(running, empty, numbers, COUNT_WITH_WORKERS)
            yield _row("workers on", found)


def _measure(
    running: Running, empty: int, numbers: Iterable[int], count: int
) -> Rounds:
    found: Rounds = {"raw": [], "empty": [], "webhook": []}
    before = running.value(STORED)
    for number in numbers:
        found["raw"].append(running.raw_inserts(count))
        found["empty"].append(running.send("/empty", BODY, count, port=empty))
        body = BODY.replace("ROUND", str(number))
        found["webhook"].append(running.send(GENERIC, body, count))
    answered = sum(r["statuses"].get("202", 0) for r in found["webhook"])
    stored = running.value(STORED) - before
    if not answered == stored == count * len(found["webhook"]):
        raise Failed(f"{answered} answered with 202, {stored} stored")
    return found


def _row(how: str, found: Rounds) -> Row:
    webhook, empty, raw = (
        median_of(found[name], "rate") for name in ("webhook", "empty", "raw")
    )
    p50, p99 = (median_of(found["webhook"], name) for name in ("p50_ms", "p99_ms"))
    return Row(
        what=f"single-alert webhook, {CONNECTIONS} connections, {how}",
        reach="≥ 900 requests/s, p99 ≤ 100 ms; ≥ 25 % of the empty view",
        measured=f"{webhook:.0f} requests/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        limit=f"empty view {empty:.0f}/s; raw inserts {raw:.0f}/s",
        ratio=f"{webhook / empty:.0%} of the view, {webhook / raw:.0%} of raw",
        how=f"median of {len(found['webhook'])} rounds; every 202 is a stored row",
    )
