"""Pages to a healthy receiver, alone and while 200 wait for one that answers after 5 s.

    python -m tests.benchmarks.slow_receiver PORT

runs the slow one. Both sides are measured in turns on the same Tocsin.
"""

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.figures import Row, median_of, quantile
from tests.benchmarks.running import Failed, Running, free_port, run_apart, wait_for
from tests.benchmarks.running import servers as run_servers

ANSWER_SECONDS = 5.0
PENDING = 200
PAGES = 600
PAGES_PER_SECOND = 30.0
ROUNDS = 3
STOP_SLOW = """
UPDATE tocsin_notification SET status = 'cancelled'
 WHERE destination LIKE %s AND status IN ('queued', 'unknown')
"""
COUNT = (
    "SELECT count(*) FROM tocsin_notification WHERE destination LIKE %s AND status = %s"
)


def rows() -> Iterator[Row]:
    """Measure from the commit of a page to its arrival."""
    with run_servers() as running, running.workers():
        port = str(free_port())
        with running.program("slow", "tests.benchmarks.slow_receiver", port):
            wait_for(int(port))
            _round(running, "")
            alone, beside = [], []
            for _ in range(ROUNDS):
                alone.append(_round(running, ""))
                beside.append(_round(running, port))
                _calm(running, port)
    p50, p99 = (median_of(alone, name) for name in ("p50", "p99"))
    p50_beside, p99_beside = (median_of(beside, name) for name in ("p50", "p99"))
    yield Row(
        what=f"{PENDING} pages to a receiver that answers after 5 s, others healthy",
        reach="p99 of the healthy ones not changed by more than 20 %",
        measured=f"p99 {p99_beside * 1000:.0f} ms, p50 {p50_beside * 1000:.0f} ms",
        limit=f"without the slow one p99 {p99 * 1000:.0f} ms, p50 {p50 * 1000:.0f} ms",
        ratio=f"{p99_beside / p99:.0%}",
        how=f"median of {ROUNDS} rounds of {PAGES} pages at {PAGES_PER_SECOND:.0f}/s, "
        "in turns; from the commit of the page to its arrival",
    )


def _round(running: Running, slow_port: str) -> dict[str, float]:
    """Page the healthy receiver steadily, with a slow one's pages before if named."""
    before = running.received()
    orders: dict[str, Any] = {
        "healthy": f"http://127.0.0.1:{running.receiver_port}/pager",
        "slow": f"http://127.0.0.1:{slow_port}/pager" if slow_port else "",
        "pending": PENDING,
        "pages": PAGES,
        "per_second": PAGES_PER_SECOND,
    }
    queued = run_apart("tests.benchmarks.pages", orders, running.environment)["queued"]
    running.eventually("all arrived", lambda: running.received() >= before + PAGES)
    arrived = dict(running.arrivals()[before:])
    late = [arrived[uid] - at for uid, at in queued.items()]
    if slow_port and running.value(COUNT, f"%:{slow_port}", "queued") < PENDING / 2:
        raise Failed("the slow receiver was done before the healthy pages were")
    return {"p50": quantile(late, 0.5), "p99": quantile(late, 0.99)}


def _calm(running: Running, slow_port: str) -> None:
    """Take back what still waits for the slow receiver, and let the rest end."""
    running.sql(STOP_SLOW, f"%:{slow_port}")
    running.eventually(
        "the slow sends have ended",
        lambda: running.value(COUNT, f"%:{slow_port}", "sending") == 0,
    )


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(ANSWER_SECONDS)
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
    writer.close()


async def _serve(port: int) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
