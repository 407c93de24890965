"""How fast what waits is worked off, and whether the newest wait behind it."""

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.figures import Row, median_of, verdict
from tests.benchmarks.hailing import many_alerts
from tests.benchmarks.running import ALERTMANAGER, Failed, Running, run_apart, servers
from tests.benchmarks.storm import WAITING, alert_body

ROUNDS = 3
DISTINCT = 4000
REPEATED = 20_000
BACKLOG = 300_000
WATCHED_SECONDS = 90.0
PROBE_SECONDS = 5.0
STORE = """
INSERT INTO tocsin_delivery (uid, source_id, organisation_id, body, size_bytes, sha256,
                             headers, state, attempts, error, alert_count, verified_by)
SELECT gen_random_uuid(), s.id, s.organisation_id, b.body, length(b.body),
       sha256(b.body), '{}', 'pending', 0, '', 0, 'none'
  FROM generate_series(1, %s) AS n
  CROSS JOIN LATERAL (
       SELECT convert_to(replace(replace(%s, 'NUMBER', (n %% %s)::text),
                                 'GROUP', (n %% %s)::text), 'UTF8') AS body) AS b
  JOIN tocsin_source s ON s.slug = 'alertmanager'
"""
PROBED = "SELECT state FROM tocsin_delivery WHERE uid = %s AND state <> 'pending'"


def processing_rows() -> Iterator[Row]:
    """Measure one worker alone, the web server still."""
    with servers() as running:
        _drain(running, alert_body("warm"), 400, about=400, groups=40)
        distinct = [
            _drain(running, alert_body(f"d{n}"), DISTINCT, about=DISTINCT, groups=400)
            for n in range(ROUNDS)
        ]
        body = alert_body("repeated")
        _drain(running, body, 500, about=500, groups=50)
        repeated = [
            _drain(running, body, REPEATED, about=500, groups=50) for _ in range(ROUNDS)
        ]
        many = [_drain(running, many_alerts(f"m{n}"), 100, about=100) for n in range(2)]
        raw = running.raw_inserts(8000)["rate"]
    one, same = median_of(distinct, "rate"), median_of(repeated, "rate")
    fifty = median_of(many, "rate") * 50
    yield Row(
        what="then processing, load stopped: one worker",
        reach="≥ 1,500 distinct or ≥ 5,000 repeated alerts/s upserted and grouped",
        measured=f"{one:.0f} distinct/s, {same:.0f} repeated/s; {fifty:.0f} distinct/s "
        f"when fifty come together: {verdict(one >= 1500 or same >= 5000)}",
        limit=f"raw inserts at 16 connections {raw:.0f}/s",
        ratio=f"{one / raw:.0%} and {same / raw:.0%} of raw",
        how=f"median of {ROUNDS} rounds; the worker's processor: "
        f"{median_of(distinct, 'cpu_us'):.0f} and {median_of(repeated, 'cpu_us'):.0f} µs",
    )


def backlog_rows() -> Iterator[Row]:
    """Measure 300,000 deliveries that wait, while new ones come."""
    with servers() as running, running.web() as running.port:
        store(running, alert_body("backlog"), BACKLOG, about=3000, groups=300)
        running.sql("VACUUM ANALYZE tocsin_delivery")
        with running.workers():
            before, began = running.value(WAITING), time.monotonic()
            waits = list(_probe(running, began + WATCHED_SECONDS))
            done = before - running.value(WAITING) + len(waits)
            rate = done / (time.monotonic() - began)
    worst = max(waits)
    yield Row(
        what=f"backlog of {BACKLOG:,} deliveries, 99 % repeats",
        reach="≥ 1,000 deliveries/s; the newest served within 5 s",
        measured=f"{rate:.0f} deliveries/s; newest within {worst:.1f} s: "
        f"{verdict(rate >= 1000 and worst <= PROBE_SECONDS)}",
        limit="",
        ratio=f"{len(waits)} of {len(waits)} new ones served at once",
        how=f"watched for {WATCHED_SECONDS:.0f} s with all workers, one new alert after "
        "the other; median wait "
        f"{sorted(waits)[len(waits) // 2]:.1f} s",
    )


def _probe(running: Running, ends_at: float) -> Iterator[float]:
    """Post one new alert after the other; yield how long each waited."""
    number = 0
    while time.monotonic() < ends_at:
        body = alert_body("probe").replace("NUMBER", str(number))
        number += 1
        began = time.monotonic()
        uid = _post(running, body.replace("GROUP", str(number)))
        while not running.sql(PROBED, uid):
            if time.monotonic() > began + 60:
                raise Failed("a new delivery was not served within a minute")
            time.sleep(0.05)
        yield time.monotonic() - began


def _post(running: Running, body: str) -> str:
    import http.client  # noqa: PLC0415  nothing else of this file speaks HTTP

    link = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    try:
        link.request("POST", ALERTMANAGER, body, {"Content-Type": "application/json"})
        return str(json.loads(link.getresponse().read())["delivery"])
    finally:
        link.close()


def _drain(
    running: Running, body: str, count: int, *, about: int, groups: int = 1
) -> dict[str, Any]:
    store(running, body, count, about=about, groups=groups)
    return run_apart("tests.benchmarks.draining", {}, running.environment)


def store(running: Running, body: str, count: int, *, about: int, groups: int) -> None:
    """Have so many deliveries wait, about so many alerts in so many groups."""
    running.sql(STORE, count, body, about, groups)
