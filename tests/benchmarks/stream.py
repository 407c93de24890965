"""How late timers go while more come due every second, and when very many do at once."""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.benchmarks.figures import Row, median_of, quantile
from tests.benchmarks.lateness import (
    PATIENCE_SECONDS,
    PENDING,
    Slot,
    described,
    fill_pending,
    make_due,
    raw_claims_a_second,
    watch,
)
from tests.benchmarks.running import (
    ALERTMANAGER,
    Failed,
    Running,
    run_apart,
    servers,
)
from tests.benchmarks.storm import alert_body

SECONDS = 60
# The paths of these runs wait ten seconds at each step.
PERIOD_SECONDS = 10
WAITS_A_SECOND = 1_000
PAGES_A_SECOND = 150
AT_ONCE = 10_000
ROUNDS = 3
TICKS = 300
START_IN_SECONDS = 4
# Longer than starting workers takes; timers do not go before they are made due.
PARKED_SECONDS = 3_600
TRIES = 10
# What is posted meanwhile: ten alerts for each incident.
STORM_ALERTS, STORM_INCIDENTS = 2_000, 200
READ = "SELECT count(*) FROM tocsin_delivery WHERE state = 'processed'"
DUE_PAGES = """
SELECT n.uid::text, extract(epoch FROM s.due_at)::float8
  FROM tocsin_notification n
  JOIN tocsin_step_taken s
    ON s.run_id = n.run_id AND s.step_index = n.step_index AND s.round = n.round
  JOIN tocsin_run r ON r.id = n.run_id
  JOIN tocsin_policy_version v ON v.id = r.version_id
  JOIN tocsin_policy p ON p.id = v.policy_id
 WHERE p.slug = 'pages' AND extract(epoch FROM s.due_at) BETWEEN %s AND %s
"""


def nothing_due_rows() -> Iterator[Row]:
    """Measure ticks that find nothing among a million timers."""
    with servers() as running:
        fill_pending(running)
        orders = {"ticks": TICKS}
        ticks = run_apart("tests.benchmarks.tick", orders, running.environment)
        raw = raw_claims_a_second(running)
    times = ticks["ticks_ms"]
    yield Row(
        what=f"{PENDING:,} pending timers, nothing due: a tick",
        reach="≤ 3 ms of database time",
        measured=f"p50 {quantile(times, 0.5):.2f} ms, p99 {quantile(times, 0.99):.2f} ms",
        limit=_limit(raw),
        ratio="",
        how=f"all statements of {TICKS} ticks as their client sees them",
    )


def stream_rows() -> Iterator[Row]:
    """Measure a thousand wait steps a second among a million timers."""
    with _prepared("beats", WAITS_A_SECOND * PERIOD_SECONDS) as running:
        raw = raw_claims_a_second(running)
        with running.workers():
            cpu = running.cpu()
            late = watch(running, _start(running, "beats", WAITS_A_SECOND))
            used = _used(running, cpu, len(late))
    yield Row(
        what=f"{PENDING:,} pending, {WAITS_A_SECOND:,} wait steps due every second",
        reach="p99 ≤ 1.5 s, max ≤ 4 s late",
        measured=described(late),
        limit=_limit(raw),
        ratio=f"{WAITS_A_SECOND / raw:.1%} of the raw rate",
        how=f"{len(late):,} steps in {SECONDS} s, each second's at one instant, late "
        f"until their commit is seen; {used}",
    )


def pages_rows() -> Iterator[Row]:
    """Measure pages to a webhook, alone and while intake takes what it can."""
    with _prepared("pages", PAGES_A_SECOND * PERIOD_SECONDS) as running:
        raw = raw_claims_a_second(running)
        with running.web() as port, running.workers():
            running.port = port
            yield _pages_row(raw, _pages(running), beside="")
            pages, how = _pages_beside_intake(running)
            yield _pages_row(raw, pages, beside=", intake at its fastest", how=how)


def _pages_row(raw: float, pages: "_Pages", *, beside: str, how: str = "") -> Row:
    return Row(
        what=f"{PAGES_A_SECOND} pages to a webhook due every second{beside}",
        reach="p99 ≤ 1.5 s late" if beside else "p99 ≤ 1.5 s, max ≤ 4 s late",
        measured=described(pages.late),
        limit=_limit(raw),
        ratio=f"{PAGES_A_SECOND / raw:.1%} of the raw rate",
        how=f"{len(pages.late):,} pages in {SECONDS} s, from the due instant to the "
        f"receiver; their timers: {described(pages.timers_late)}; {how}{pages.used}",
    )


def at_once_rows() -> Iterator[Row]:
    """Measure ten thousand wait steps that are due at one instant."""
    rounds = []
    with _prepared("waits", AT_ONCE) as running:
        raw = raw_claims_a_second(running)
        with running.workers():
            for _ in range(ROUNDS):
                slots = make_due(running, "waits", in_seconds=START_IN_SECONDS)
                late = watch(running, slots)
                shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "last": 1.0}
                rounds.append({n: quantile(late, s) for n, s in shares.items()})
    spread = ", ".join(f"{name} {median_of(rounds, name):.1f} s" for name in rounds[0])
    last = median_of(rounds, "last")
    yield Row(
        what=f"{AT_ONCE:,} wait steps due in one instant",
        reach="all handled ≤ 20 s late",
        measured=spread,
        limit=_limit(raw),
        ratio=f"{AT_ONCE / last / raw:.1%} of the raw rate",
        how=f"median of {ROUNDS} rounds, {PENDING:,} more are pending; "
        f"{AT_ONCE / last:.0f} steps a second",
    )


@contextlib.contextmanager
def _prepared(name: str, count: int) -> Iterator[Running]:
    """Run servers with runs of a policy whose next steps are parked; no workers yet."""
    with servers() as running:
        fill_pending(running)
        running.fill(name, count)
        make_due(running, name, in_seconds=PARKED_SECONDS)
        running.sql("ANALYZE")
        yield running


def _start(running: Running, policy: str, a_second: int) -> list[Slot]:
    """Let a policy's runs be due in turn; returns the slots of the measured time."""
    wanted = [a_second] * PERIOD_SECONDS
    for _ in range(TRIES):
        first = make_due(
            running, policy, in_seconds=START_IN_SECONDS, slots=PERIOD_SECONDS
        )
        if [slot.left for slot in first] == wanted:
            began_at = first[0].due_at
            return [Slot(began_at + second, a_second) for second in range(SECONDS)]
        # Some were just being fired; they are back when that has committed.
        time.sleep(0.3)
    raise Failed(f"not {a_second} runs of {policy} are due every second")


@dataclass(frozen=True, slots=True)
class _Pages:
    """How late a minute's pages were at the receiver, and their timers before them."""

    late: list[float]
    timers_late: list[float]
    used: str


def _pages(running: Running) -> _Pages:
    before, cpu = running.received(), running.cpu()
    slots = _start(running, "pages", PAGES_A_SECOND)
    timers_late = watch(running, slots)
    late = _arrivals(running, slots[0].due_at, slots[-1].due_at, after=before)
    return _Pages(late, timers_late, _used(running, cpu, len(late)))


def _arrivals(
    running: Running, began_at: float, ended_at: float, *, after: int
) -> list[float]:
    """Wait for the pages of the measured time; returns how late each arrived."""
    late: list[float] = []
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        due = dict(running.sql(DUE_PAGES, began_at, ended_at))
        late = [at - due[uid] for uid, at in running.arrivals()[after:] if uid in due]
        if len(late) == PAGES_A_SECOND * SECONDS:
            return late
        time.sleep(0.5)
    raise Failed(f"{len(late)} pages arrived")


@dataclass(slots=True)
class _Intake:
    """Posts alerts as fast as they are taken, until told to stop."""

    running: Running
    webhooks: int = 0
    seconds: float = 0.0
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        began = time.monotonic()
        number = 0
        while not self.is_over.is_set():
            body = alert_body(f"stream{number}")
            self.running.send(ALERTMANAGER, body, STORM_ALERTS, groups=STORM_INCIDENTS)
            self.webhooks += STORM_ALERTS
            number += 1
        self.seconds = time.monotonic() - began


def _pages_beside_intake(running: Running) -> tuple[_Pages, str]:
    intake = _Intake(running)
    thread = threading.Thread(target=intake.run)
    thread.start()
    try:
        pages = _pages(running)
    finally:
        intake.is_over.set()
        thread.join()
    rate = intake.webhooks / intake.seconds
    read = running.value(READ) / intake.seconds
    return pages, f"{rate:.0f} webhooks taken and {read:.0f} read a second; "


def _used(running: Running, before: Mapping[str, float], count: int) -> str:
    """Return what each part used for one step, as text."""
    parts = {
        part: (seconds - before.get(part, 0.0)) * 1000 / count
        for part, seconds in running.cpu().items()
    }
    shown = ", ".join(f"{part} {ms:.2f}" for part, ms in parts.items() if ms >= 0.005)
    return f"CPU ms for one: {sum(parts.values()):.2f} ({shown})"


def _limit(raw: float) -> str:
    return f"raw claims of one connection {raw:.0f}/s"
