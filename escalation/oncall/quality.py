"""Measure how good a schedule is: gaps, and how evenly the hours are shared. Free of Django."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.oncall.plan import FALLBACK, SchedulePlan
from escalation.oncall.shifts import gaps, shifts

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Quality:
    """A stretch of a schedule in numbers.

    `minutes` are those of each person, without what they have as the fallback.
    `covered_percent` rounds down, so that 100 is all of it. `balance_percent` is 100
    less the share that would have to change hands for everybody to have the same.
    """

    gap_minutes: int
    covered_percent: int
    balance_percent: int
    minutes: Mapping[int, int]


def measure(plan: SchedulePlan, start: datetime, end: datetime) -> Quality:
    """Return the quality between two instants. Requires start < end."""
    gap = sum((stop - begin for begin, stop in gaps(plan, start, end)), timedelta())
    minutes: Counter[int] = Counter()
    for shift in shifts(plan, start, end):
        if shift.source != FALLBACK:
            length = (shift.end - shift.start) // _MINUTE
            minutes.update(dict.fromkeys(shift.people, length))
    whole = end - start
    return Quality(
        gap_minutes=-(-gap // _MINUTE),
        covered_percent=100 * (whole - gap) // whole,
        balance_percent=_balance(list(minutes.values())),
        minutes=dict(minutes.most_common()),
    )


def _balance(minutes: list[int]) -> int:
    total = sum(minutes)
    if total == 0:
        return 100
    # Twice what lies above the mean, in units of total / count: whole numbers only.
    moved = sum(abs(one * len(minutes) - total) for one in minutes) // 2
    return 100 - (100 * moved) // (total * len(minutes))
