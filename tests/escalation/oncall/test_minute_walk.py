"""Whole years of schedules against the slow reference, in zones that are hard."""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from escalation.oncall.plan import SchedulePlan
from escalation.oncall.shifts import shifts, who
from tests.escalation.oncall.minute_walk import LEAD_DAYS, People, WallClock, walk
from tests.escalation.oncall.schedules import plans

# `make shifts-long` walks many more.
EXAMPLES = int(os.environ.get("SHIFTS_EXAMPLES", "12"))
YEARS = [
    pytest.param("Australia/Lord_Howe", 2027, id="half-an-hour"),
    pytest.param("Europe/Berlin", 2028, id="leap-year"),
    pytest.param("America/New_York", 2026, id="new-york"),
    pytest.param("Pacific/Apia", 2011, id="a-day-that-never-was"),
    pytest.param("Asia/Kolkata", 2024, id="no-change"),
    pytest.param("Antarctica/Troll", 2026, id="two-hours"),
]
MINUTE = timedelta(minutes=1)
# Each try to shrink a failure walks a year again: minutes that CI has not.
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


@cache
def wall_clock(zone: str, year: int) -> WallClock:
    return WallClock.of_year(ZoneInfo(zone), year)


def minutes_of(plan: SchedulePlan, clock: WallClock) -> list[People]:
    """Return the shifts as who is on call in each minute."""
    lane: list[People] = [()] * len(clock.shown)
    end = clock.start + len(lane) * MINUTE
    for shift in shifts(plan, clock.start, end):
        first, last = clock.index_of(shift.start), clock.index_of(shift.end)
        lane[first:last] = [shift.people] * (last - first)
    return lane


def first_difference(found, expected):
    pairs = enumerate(zip(found, expected, strict=True))
    return next((n, a, b) for n, (a, b) in pairs if a != b)


@pytest.mark.parametrize(("zone", "year"), YEARS)
def test_shifts_are_those_of_the_walk(zone, year):
    clock = wall_clock(zone, year)

    @settings(max_examples=EXAMPLES, deadline=None, phases=PHASES)
    @given(plan=plans(clock.zone, year))
    def compare(plan):
        found, expected = minutes_of(plan, clock), walk(plan, clock)
        if found != expected:
            number, ours, theirs = first_difference(found, expected)
            at = clock.start + number * MINUTE
            pytest.fail(f"{at} ({at.astimezone(clock.zone)}): {ours}, walk {theirs}")

    compare()


@pytest.mark.parametrize(("zone", "year"), YEARS)
def test_a_part_of_the_shifts_is_the_same_as_the_whole_cut(zone, year):
    begin = datetime(year, 1, 1, tzinfo=UTC)

    @settings(max_examples=60, deadline=None, phases=PHASES)
    @given(
        plan=plans(ZoneInfo(zone), year),
        start=st.integers(0, 340 * 1440),
        length=st.integers(1, 20_000),
    )
    def compare(plan, start, length):
        first = begin + start * MINUTE
        last = first + length * MINUTE
        whole = shifts(
            plan, begin - timedelta(days=LEAD_DAYS), begin.replace(year=year + 1)
        )
        cut = [
            (max(s.start, first), min(s.end, last), s.people, s.source)
            for s in whole
            if s.start < last and s.end > first
        ]
        part = shifts(plan, first, last)
        assert [(s.start, s.end, s.people, s.source) for s in part] == cut
        assert who(plan, first) == (
            part[0].people if part and part[0].start == first else ()
        )

    compare()
