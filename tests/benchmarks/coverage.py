"""How long it takes to work out who is told when, for fifty policies and thirty days."""

from collections.abc import Iterator

from tests.benchmarks.figures import Row, median_of
from tests.benchmarks.running import run_apart, servers

POLICIES = 50
DAYS = 30
ROUNDS = 3


def rows() -> Iterator[Row]:
    """Measure coverage, and beside it what asking the database alone costs."""
    orders = {"policies": POLICIES, "days": DAYS, "rounds": ROUNDS}
    with servers() as running:
        found = run_apart(
            "tests.benchmarks.coverage_apart", orders, running.environment
        )
    seconds = median_of(found["rounds"], "seconds")
    reading = median_of(found["rounds"], "reading")
    yield Row(
        what=f"{DAYS} days of coverage of {POLICIES} policies",
        reach="≤ 10 s",
        measured=f"{seconds:.2f} s",
        limit=f"reading what they mention {reading * 1000:.0f} ms",
        ratio=f"{seconds / reading:.0f} times",
        how=f"median of {ROUNDS} rounds in one process; every severity; "
        f"{found['stretches']} stretches, 3-layer schedules, quiet hours, opening hours",
    )
    decide = found["decide_us"]
    yield Row(
        what="deciding a policy of 10 steps",
        reach="≤ 50 µs",
        measured=f"{decide:.1f} µs",
        limit=f"a walk through an empty loop of 10 {found['loop_us']:.2f} µs",
        ratio=f"{decide / found['loop_us']:.0f} times",
        how="timeit, best of 5 times 2,000; five notify steps among others, one wait",
    )
