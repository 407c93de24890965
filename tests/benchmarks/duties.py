"""How fast statutory dates are counted, and clocks looked at when a law changes."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from escalation.regimes.deadlines import Place, deadline
from escalation.regimes.library import shipped_regimes
from tests.benchmarks.figures import Row
from tests.benchmarks.running import run_apart, servers

INCIDENTS = 10_000
STAGES = 6
ROUNDS = 5
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
# Instants that each round counts from: over five years, so that every calendar is met.
INSTANTS = [
    datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n * 22) for n in range(2_000)
]


def _around(first: datetime, last: datetime, count: int = 97) -> list[datetime]:
    """Return instants from one to the other, unevenly over hours and minutes."""
    return [first + (last - first) * n / (count - 1) for n in range(count)]


# Fifteen to twenty-six days on lies the turn of the year, or the day on which the clocks
# of Brussels change, each way.
EDGES = {
    ", over the turn of the year": (
        datetime(2026, 12, 20, tzinfo=UTC),
        _around(
            datetime(2026, 12, 4, 22, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)
        ),
    ),
    ", over the start of summer time": (
        datetime(2027, 3, 15, tzinfo=UTC),
        _around(datetime(2027, 3, 2, tzinfo=UTC), datetime(2027, 3, 15, tzinfo=UTC)),
    ),
    ", over the end of summer time": (
        datetime(2026, 10, 12, tzinfo=UTC),
        _around(datetime(2026, 9, 29, tzinfo=UTC), datetime(2026, 10, 12, tzinfo=UTC)),
    ),
}


def rows() -> Iterator[Row]:
    """Measure the pure counting, then a change of a law under 60,000 clocks."""
    yield _counting("eu-nis2-23", "early_warning", "hour rules", 20_000)
    yield _counting("eu-ai-act-73", "report_fast", "holiday rules", 3_000)
    yield _changed_law("", INCIDENTS, now=NOW, aware=[NOW], reach="≤ 60 s")
    for what, (now, aware) in EDGES.items():
        yield _changed_law(what, INCIDENTS // 5, now=now, aware=aware, reach="≤ 12 s")


def _counting(regime_id: str, stage_id: str, what: str, reach: int) -> Row:
    regime = shipped_regimes()[regime_id]
    stage = regime.stage(stage_id)
    if stage is None:
        raise SystemExit(f"{regime_id} has no stage {stage_id}")
    place = Place(regime.zone, regime.calendar)
    counted = _a_second(lambda at: deadline(regime, stage, {"aware": [at]}, place))
    bare = _a_second(lambda at: at + timedelta(hours=24))
    return Row(
        what=f"counting due dates by {what}",
        reach=f"≥ {reach:,} a second",
        measured=f"{counted:,.0f} a second",
        limit=f"adding 24 hours alone {bare:,.0f} a second",
        ratio=f"{bare / counted:.0f} times",
        how=f"best of {ROUNDS} times {len(INSTANTS):,}, {regime_id} {stage_id}, "
        "both dates, one process",
    )


def _a_second(act: Callable[[datetime], object]) -> float:
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for at in INSTANTS:
            act(at)
        best = max(best, len(INSTANTS) / (time.perf_counter() - began))
    return best


def _changed_law(
    what: str, incidents: int, *, now: datetime, aware: Sequence[datetime], reach: str
) -> Row:
    orders = {
        "incidents": incidents,
        "stages": STAGES,
        "now": now.isoformat(),
        "aware": [at.isoformat() for at in aware],
    }
    with servers() as running:
        found = run_apart("tests.benchmarks.duties_apart", orders, running.environment)
    if found["wrong"]:
        raise SystemExit(f"{what}: {found['wrong']} clocks have a wrong date")
    return Row(
        what=f"{incidents:,} incidents with {STAGES} clocks each after a law has changed"
        f"{what}",
        reach=reach,
        measured=f"{found['seconds']:.1f} s, {found['moved']:,} clocks moved, 0 wrong",
        limit=f"updating as many rows alone {found['raw'] * 1000:.0f} ms",
        ratio=f"{found['seconds'] / found['raw']:.0f} times",
        how="one process; each date moves, with its history, entry and warning, and is "
        "compared with the pure counting; "
        f"the first look at all took {found['first']:.1f} s, one that changes nothing "
        f"{found['again']:.1f} s",
    )
