"""What stays as it was while the hot path is stormed, besieged or overrun."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg

from tests.benchmarks import usage
from tests.benchmarks.figures import Row, median_of, quantile, verdict
from tests.benchmarks.hailing import beside, crash, hail, hail_beside, told
from tests.benchmarks.lateness import described, make_due, watch
from tests.benchmarks.running import ALERTMANAGER, Failed, Running, servers
from tests.benchmarks.storm import WAITING, alert_body

MIB = 1024 * 1024
SLOW_SENDERS = 500
CROWD = 3000
STALL_SECONDS = 4.0
TIMERS = 1000
SLOTS = 10
STEPS = "SELECT count(*) FROM tocsin_timer WHERE kind = 'run.step'"
COUNTED = """
SELECT count(*), count(DISTINCT incident_id), sum(1 + repeat_count + late_count)
  FROM tocsin_alert
"""


def at_once_rows() -> Iterator[Row]:
    """Measure intake and processing together, and timers beside them."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(servers())
        running.port = stack.enter_context(running.web())
        body = alert_body("at-once")
        hail(running, body, seconds=1.0)
        own = [hail(running, body) for _ in range(3)]
        running.sql(
            "UPDATE tocsin_delivery SET state = 'processed', processed_at = now()"
        )
        stack.enter_context(running.workers())
        running.fill("waits", TIMERS)
        running.eventually("a step for each", lambda: running.value(STEPS) >= TIMERS)
        calm = _timers(running)
        with hail_beside(running, body, seconds=SLOTS + 8.0) as stormed:
            time.sleep(2)
            late = _timers(running)
        end = crash(running, body, stack)
    share = stormed["rate"] / median_of(own, "rate")
    before, after = (quantile(found, 0.5) for found in (calm, late))
    is_met = share >= 0.5 and after <= 1.2 * before
    yield Row(
        what="both at once: intake with all workers on",
        reach="intake ≥ 50 % of its own; lateness of timers unchanged within 20 %",
        measured=f"{stormed['rate']:.0f}/s, p99 {stormed['p99_ms']:.0f} ms; timers "
        f"{described(late)}: {verdict(is_met)}",
        limit=f"alone {median_of(own, 'rate'):.0f}/s; timers {described(calm)}",
        ratio=f"{share:.0%} of its own; timers {after / before:.2f} times as late",
        how=f"{TIMERS} timers over {SLOTS} s; p50 of their lateness counts; {end}",
    )


def _timers(running: Running) -> list[float]:
    return watch(running, make_due(running, "waits", in_seconds=3, slots=SLOTS))


def duplicate_rows() -> Iterator[Row]:
    """Measure the same alert, again and again."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(servers())
        running.port = stack.enter_context(running.web())
        stack.enter_context(running.workers())
        body = alert_body("same").replace("NUMBER", "1").replace("GROUP", "1")
        measured = hail(running, body)
        end = crash(running, body, stack)
        running.eventually("all processed", lambda: running.value(WAITING) == 0)
        running.eventually("the page is out", lambda: running.received() >= 1)
        time.sleep(3)  # for a second page, if one were to come
        alerts, incidents, counted = running.sql(COUNTED)[0]
        stored = running.value("SELECT count(*) FROM tocsin_delivery")
        pages = running.received()
    is_met = (alerts, incidents, pages, counted) == (1, 1, 1, stored)
    if not is_met:
        raise Failed(f"{alerts} alerts, {incidents} incidents, {pages} pages, "
                     f"{counted} counted of {stored}")  # fmt: skip
    yield Row(
        what="duplicate storm: one alert, all workers on",
        reach="one incident, one page, counter exact",
        measured=f"1 incident, 1 page, counter {counted} of {stored}: {verdict(is_met)}",
        limit="",
        ratio="1 to 1",
        how=f"{measured['rate']:.0f} requests/s; {end}",
    )


def slow_rows() -> Iterator[Row]:
    """Measure what five hundred slow senders do to the others."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(servers())
        running.port = stack.enter_context(running.web())
        body = alert_body("slow")
        hail(running, body, seconds=1.0)
        orders = {"port": running.port, "path": ALERTMANAGER, "seconds": 26.0}
        calm = [hail(running, body) for _ in range(3)]
        cut: dict[str, Any] = {}
        with beside(
            "tests.benchmarks.slow_senders", orders | {"connections": SLOW_SENDERS}, cut
        ):
            time.sleep(4)
            beset = [hail(running, body) for _ in range(3)]
        end = crash(running, body, stack)
    before, after = (median_of(found, "p99_ms") for found in (calm, beset))
    yield Row(
        what=f"slow-loris: {SLOW_SENDERS} slow connections",
        reach="the rest is served, p99 ≤ twice as long",
        measured=f"{median_of(beset, 'rate'):.0f}/s, p99 {after:.1f} ms: "
        f"{verdict(after <= 2 * before)}",
        limit=f"without them {median_of(calm, 'rate'):.0f}/s, p99 {before:.1f} ms",
        ratio=f"p99 {after / before:.2f} times",
        how=f"median of 3 rounds; {cut['cut_off']} of them cut off in 26 s; {end}",
    )


def overload_rows() -> Iterator[Row]:
    """Measure three thousand senders at once, and a database that stalls among them."""
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(servers())
        running.port = stack.enter_context(running.web())
        body = alert_body("overload")
        hail(running, body, seconds=1.0)
        calm = _memory(running)
        with (
            _peak_memory(running) as peak,
            hail_beside(running, body, connections=CROWD, seconds=16.0) as measured,
        ):
            time.sleep(5)
            _stall(running)
        answered = told(running)
        end = crash(running, body, stack, connections=CROWD)
    statuses, refused = measured["statuses"], measured["statuses"].get("503", 0)
    more = (max(peak) - calm) / MIB
    is_met = refused == measured["retry_after"] > 0 and set(statuses) == {"202", "503"}
    yield Row(
        what=f"overload: {CROWD} connections, the database stalled for 4 s",
        reach="503 + Retry-After, memory bounded (≤ 256 MiB more), no 2xx lost",
        measured=f"{statuses.get('202', 0)} with 202, {refused} with 503, all with Retry-After; "
        f"{more:.0f} MiB more: {verdict(is_met and more <= 256)}",
        limit=f"web server at rest {calm / MIB:.0f} MiB",
        ratio=f"p99 of the 202 {measured['p99_ms']:.0f} ms",
        how=f"{answered}; then {end}",
    )


def _stall(running: Running) -> None:
    url = running.environment["DATABASE_OWNER_URL"]
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE tocsin_delivery IN SHARE MODE")
        time.sleep(STALL_SECONDS)


def _memory(running: Running) -> int:
    family = usage.family([running.programs["web"].pid])
    return sum(usage.pss_bytes(pid) for pid in family)


@contextlib.contextmanager
def _peak_memory(running: Running) -> Iterator[list[int]]:
    """Look at the web server's memory all the while."""
    seen: list[int] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.25):
            seen.append(_memory(running))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()
