"""What the pure decision about ten steps costs, without any database."""

import timeit
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median

from escalation.policies.steps import (
    NotifyStep,
    PolicyPlan,
    ShareStep,
    Target,
    WaitStep,
)
from escalation.runs.decide import decide
from escalation.runs.situation import Facts, Recipient, RunState
from tests.benchmarks.figures import Row

ROUNDS = 9
CALLS = 2_000
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PEOPLE = [Target("user", f"{name}@lab.example") for name in "abcdefgh"]


def rows() -> Iterator[Row]:
    """Measure a walk over ten steps: eight pages, a share and a wait."""
    run, facts = RunState(0, 1, NOW), _facts()
    taken = decide(run, facts, NOW)
    if len(taken.actions) != len(facts.plan.steps):
        raise SystemExit(f"{len(taken.actions)} steps were taken")
    decided = _microseconds(lambda: decide(run, facts, NOW))
    bare = _microseconds(lambda: [_nothing(step) for step in facts.plan.steps])
    yield Row(
        what="deciding a 10-step policy",
        reach="≤ 50 µs pure",
        measured=f"{decided:.1f} µs",
        limit=f"ten calls of an empty function {bare:.1f} µs",
        ratio=f"{decided / bare:.0f} times",
        how=f"median of {ROUNDS} times {CALLS:,} walks over 8 pages, a share and a wait",
    )


def _facts() -> Facts:
    pages = [NotifyStep((person,)) for person in PEOPLE]
    plan = PolicyPlan((*pages, ShareStep("naisa"), WaitStep(900)))
    reach = {
        (person, is_urgent): (Recipient(person.value, number, "email", "x", 1),)
        for number, person in enumerate(PEOPLE)
        for is_urgent in (False, True)
    }
    return Facts(plan=plan, reach=reach, agencies=frozenset({"naisa"}))


def _nothing(step: object) -> object:
    return step


def _microseconds(act: Callable[[], object]) -> float:
    times = timeit.repeat(act, number=CALLS, repeat=ROUNDS)
    return median(times) / CALLS * 1_000_000
