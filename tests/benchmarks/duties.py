"""How fast statutory dates are counted, and clocks looked at when a law changes."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from escalation.regimes.deadlines import Place, deadline
from escalation.regimes.library import shipped_regimes
from tests.benchmarks.figures import Row
from tests.benchmarks.running import run_apart, servers

INCIDENTS = 10_000
STAGES = 6
ROUNDS = 5
# Instants that each round counts from: over five years, so that every calendar is met.
INSTANTS = [
    datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n * 22) for n in range(2_000)
]


def rows() -> Iterator[Row]:
    """Measure the pure counting, then a change of a law under 60,000 clocks."""
    yield _counting("eu-nis2-23", "early_warning", "hour rules", 20_000)
    yield _counting("eu-ai-act-73", "report_fast", "holiday rules", 3_000)
    yield _changed_law()


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


def _changed_law() -> Row:
    orders = {"incidents": INCIDENTS, "stages": STAGES}
    with servers() as running:
        found = run_apart("tests.benchmarks.duties_apart", orders, running.environment)
    return Row(
        what=f"{INCIDENTS:,} incidents with {STAGES} clocks each after a law has changed",
        reach="≤ 60 s",
        measured=f"{found['seconds']:.1f} s, {found['moved']:,} clocks moved",
        limit=f"updating as many rows alone {found['raw'] * 1000:.0f} ms",
        ratio=f"{found['seconds'] / found['raw']:.0f} times",
        how="one process; each date moves, with its history, entry and warning; "
        f"the first look at all took {found['first']:.1f} s, one that changes nothing "
        f"{found['again']:.1f} s",
    )
