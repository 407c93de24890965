"""Schedules as Hypothesis makes them: whatever a person could have written."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from escalation.oncall.plan import (
    EVERY_DAY,
    Mode,
    OverridePlan,
    RotationPlan,
    SchedulePlan,
    Unit,
)

PEOPLE = st.integers(1, 6)
GROUPS = st.lists(
    st.lists(PEOPLE, max_size=3, unique=True).map(tuple), min_size=1, max_size=4
).map(tuple)
# The minutes around which clocks are changed, more often than others.
TIMES = st.one_of(
    st.sampled_from([time(0), time(1, 30), time(2), time(2, 15), time(2, 30), time(3)]),
    st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
HOURS = st.none() | st.tuples(TIMES, TIMES)
WEEKDAYS = st.one_of(
    st.just(EVERY_DAY),
    st.frozensets(st.integers(0, 6), min_size=1),
)
LENGTHS = {
    Unit.HOURS: st.sampled_from([1, 2, 6, 7, 12, 24, 168]) | st.integers(1, 400),
    Unit.DAYS: st.sampled_from([1, 7, 14]) | st.integers(1, 40),
}


@st.composite
def rotations(draw: Any, year: int) -> RotationPlan:
    unit = draw(st.sampled_from(list(Unit)))
    starts_on = draw(st.dates(date(year - 1, 11, 10), date(year, 4, 30)))
    days = draw(st.none() | st.integers(1, 400))
    return RotationPlan(
        name=draw(st.sampled_from(["first", "second"])),
        groups=draw(GROUPS),
        unit=unit,
        length=draw(LENGTHS[unit]),
        starts_on=starts_on,
        handoff=draw(TIMES),
        ends_on=None if days is None else starts_on + timedelta(days=days),
        weekdays=draw(WEEKDAYS),
        hours=draw(HOURS),
    )


@st.composite
def overrides(draw: Any, year: int) -> OverridePlan:
    start = datetime(year, 1, 1, tzinfo=UTC) + timedelta(
        minutes=draw(st.integers(0, 500_000))
    )
    mode = draw(st.sampled_from(list(Mode)))
    people = draw(st.lists(PEOPLE, min_size=1, max_size=2, unique=True).map(tuple))
    return OverridePlan(
        number=draw(st.integers(1, 9)),
        start=start,
        end=start + timedelta(minutes=draw(st.integers(1, 40_000))),
        people=people,
        mode=mode,
        replaces=draw(PEOPLE) if mode is Mode.REPLACE else None,
    )


def plans(zone: ZoneInfo, year: int) -> st.SearchStrategy[SchedulePlan]:
    return st.builds(
        SchedulePlan,
        zone=st.just(zone),
        layers=st.lists(rotations(year), min_size=1, max_size=3).map(tuple),
        overrides=st.lists(overrides(year), max_size=5).map(tuple),
        fallback=st.none() | PEOPLE,
    )
