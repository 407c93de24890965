"""How much the hot path takes in: consumers stopped, every 202 a committed row."""

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.figures import Row, median_of, verdict
from tests.benchmarks.hailing import ALERTS, CONNECTIONS, crash, hail, many_alerts
from tests.benchmarks.running import GENERIC, Running, run_apart, servers
from tests.benchmarks.storm import alert_body
from tests.benchmarks.webhook import BODY

ROUNDS = 5
RAW_COUNT = 8000
SECRET = "benchmark-secret-of-a-source"


def single_rows() -> Iterator[Row]:
    """Measure one alert for each request."""
    rounds, raws, end = _measure(alert_body("single"))
    rate, p99 = median_of(rounds, "rate"), median_of(rounds, "p99_ms")
    raw = median_of(raws, "rate")
    is_met = rate >= 0.3 * raw and (rate >= 2500 and p99 <= 60)
    yield Row(
        what=f"intake: 1 alert a request, {CONNECTIONS} connections",
        reach="≥ 2,500 requests/s, p99 ≤ 60 ms; ≥ 30 % of raw inserts",
        measured=f"{rate:.0f}/s, p50 {median_of(rounds, 'p50_ms'):.1f} ms, "
        f"p99 {p99:.1f} ms: {verdict(is_met)}",
        limit=f"raw inserts at 16 connections {raw:.0f}/s",
        ratio=f"{rate / raw:.0%} of raw",
        how=f"median of {ROUNDS} rounds; {end}",
    )


def fifty_rows() -> Iterator[Row]:
    """Measure fifty alerts for each request."""
    rounds, raws, end = _measure(many_alerts("fifty"))
    rate, raw = median_of(rounds, "rate") * ALERTS, median_of(raws, "rate")
    p99 = median_of(rounds, "p99_ms")
    yield Row(
        what=f"intake: {ALERTS} alerts a request, {CONNECTIONS} connections",
        reach="≥ 12,000 alerts/s",
        measured=f"{rate:.0f} alerts/s, p99 {p99:.1f} ms: {verdict(rate >= 12_000)}",
        limit=f"raw inserts {raw:.0f}/s",
        ratio=f"{rate / raw:.1f} alerts for each raw insert",
        how=f"median of {ROUNDS} rounds; {end}",
    )


def _measure(body: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], str]:
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(servers())
        running.port = stack.enter_context(running.web())
        hail(running, body, seconds=1.0)
        rounds, raws = [], []
        for _ in range(ROUNDS):
            raws.append(running.raw_inserts(RAW_COUNT))
            rounds.append(hail(running, body))
        return rounds, raws, crash(running, body, stack)


def trust_rows() -> Iterator[Row]:
    """Measure what a signature costs beside a secret in the address."""
    with servers() as running, running.web() as running.port:
        hail(running, BODY, path=GENERIC, seconds=1.0)
        plain = [_with_cpu(running, {}) for _ in range(3)]
        run_apart(
            "tests.benchmarks.signed_source", {"secret": SECRET}, running.environment
        )
        _with_cpu(running, {"secret": SECRET})
        signed = [_with_cpu(running, {"secret": SECRET}) for _ in range(3)]
    alone, proved = median_of(plain, "cpu_us"), median_of(signed, "cpu_us")
    rate = median_of(signed, "rate")
    yield Row(
        what="trust: HMAC over the body beside a secret in the address",
        reach="measured, no target",
        measured=f"{proved - alone:.0f} µs more of the web server's processor a request",
        limit=f"secret in the address {alone:.0f} µs, {median_of(plain, 'rate'):.0f}/s",
        ratio=f"{proved / alone:.2f} times",
        how=f"median of 3 rounds; {rate:.0f}/s signed, signing costs the sender too",
    )


def _with_cpu(running: Running, more: dict[str, Any]) -> dict[str, Any]:
    before = running.cpu()["web"]
    measured = hail(running, BODY, path=GENERIC, **more)
    used = running.cpu()["web"] - before
    return {**measured, "cpu_us": used * 1_000_000 / measured["accepted"]}
