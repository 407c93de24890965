"""How long one alert takes through an idle system, from the POST to the receiver."""

import contextlib
import http.client
import random
import time
from collections.abc import Iterator

import psycopg

from tests.benchmarks.figures import Row, quantile
from tests.benchmarks.running import ALERTMANAGER, Failed, Running, whole
from tests.benchmarks.storm import alert_body

COUNT = 60
WARM_UP = 3
ARRIVES_WITHIN_SECONDS = 15.0
JSON = {"Content-Type": "application/json"}


def rows() -> Iterator[Row]:
    """Measure 60 alerts with pauses between them."""
    with whole() as running:
        for number in range(WARM_UP):
            _pass_through(running, f"warm{number}")
        bare = [_bare_seconds(running) for _ in range(COUNT)]
        passes = [_pass_through(running, f"idle{number}") for number in range(COUNT)]
    limit = quantile(bare, 0.5)
    p50, p99 = quantile(passes, 0.5), quantile(passes, 0.99)
    yield Row(
        what="idle system: POST → notification at the receiver",
        reach="p50 ≤ 300 ms, p99 ≤ 1.2 s",
        measured=f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms",
        limit=f"one commit and one POST to the receiver {limit * 1000:.1f} ms",
        ratio=f"{p50 / limit:.0f} times",
        how=f"{COUNT} alerts, 0.3 to 0.8 s after each other; p99 is the slowest",
    )


def _pass_through(running: Running, name: str) -> float:
    """Post one alert; returns the seconds until its notification arrived."""
    # Not in step with the beat, and not measured for choosing: no secret.
    time.sleep(random.uniform(0.3, 0.8))
    before = running.received()
    body = alert_body(name).replace("GROUP", "0").replace("NUMBER", "0")
    began_at = time.time()
    _post(running.port, ALERTMANAGER, body)
    running.eventually(
        "notified", lambda: running.received() > before, seconds=ARRIVES_WITHIN_SECONDS
    )
    return running.arrivals()[before][1] - began_at


def _bare_seconds(running: Running) -> float:
    with psycopg.connect(running.environment["DATABASE_OWNER_URL"]) as connection:
        began = time.perf_counter()
        connection.execute(
            "UPDATE tocsin_tick SET ran_at = ran_at WHERE consumer = 'intake'"
        )
        connection.commit()
        # The receiver counts only what it is posted; a GET costs it the same.
        running.received()
        return time.perf_counter() - began


def _post(port: int, path: str, body: str) -> None:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(link):
        link.request("POST", path, body, JSON)
        answer = link.getresponse()
        answer.read()
    if answer.status != http.HTTPStatus.ACCEPTED:
        raise Failed(f"The webhook was answered with {answer.status}.")
