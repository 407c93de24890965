"""Working time against a reference that walks minute by minute."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.calendars.days_off import Closure, DaysOff
from escalation.calendars.reading import read_hours
from escalation.calendars.working_time import (
    ROUND_THE_CLOCK,
    NeverOpen,
    WorkingTime,
)

ZONES = (
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/New_York",
    "Asia/Kolkata",
    "America/Santiago",  # the clock changes at midnight
)
MINUTE = timedelta(minutes=1)
OFFICE = read_hours(
    {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
)
NIGHTS = read_hours({day: [["22:00", "06:00"]] for day in ("fri", "sat", "sun")})
# Around every change of the clock in these zones in 2026 and 2027.
CHANGES = [
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 4, 5, tzinfo=UTC),
    datetime(2026, 9, 6, tzinfo=UTC),
    datetime(2026, 10, 4, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2027, 3, 28, tzinfo=UTC),
]


def walk(calendar: WorkingTime, start: datetime, minutes: int) -> list[bool]:
    """Whether each minute is open, by a wall clock that never goes back."""
    zone = ZoneInfo(calendar.zone)
    highest = datetime.min  # noqa: DTZ901 (a wall clock)
    is_open = []
    at = start - timedelta(hours=3)
    while at < start + minutes * MINUTE:
        highest = max(highest, at.astimezone(zone).replace(tzinfo=None))
        if at >= start:
            is_open.append(_is_within(calendar, highest))
        at += MINUTE
    return is_open


def _is_within(calendar: WorkingTime, wall: datetime) -> bool:
    for days_ago in (0, 1):
        day = wall.date() - timedelta(days=days_ago)
        minute = wall.hour * 60 + wall.minute + days_ago * 1440
        if calendar.days_off.name_on(day) is None and any(
            opens <= minute < closes for opens, closes in calendar.hours[day.weekday()]
        ):
            return True
    return False


def _openings():
    quarter = st.integers(0, 95).map(lambda n: n * 15)
    day = st.tuples(quarter, st.integers(1, 96)).map(
        lambda pair: (pair[0], pair[0] + pair[1] * 15)
    )
    return st.lists(day, max_size=2).map(_without_overlap)


def _without_overlap(openings):
    ordered = sorted(openings)
    return tuple(
        one
        for index, one in enumerate(ordered)
        if index == 0 or ordered[index - 1][1] <= one[0]
    )


closures = st.lists(
    st.integers(-3, 3).flatmap(
        lambda shift: st.sampled_from(CHANGES).map(
            lambda at: Closure(
                at.date() + timedelta(days=shift),
                at.date() + timedelta(days=shift + 1),
                "closed",
            )
        )
    ),
    max_size=2,
).map(tuple)
calendars = st.builds(
    WorkingTime,
    zone=st.sampled_from(ZONES),
    hours=st.tuples(*[_openings()] * 7),
    days_off=st.builds(DaysOff, st.just(""), closures),
)
starts = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from(CHANGES),
    st.integers(-3000, 3000),
)
SPAN = 3 * 1440


@settings(max_examples=120, deadline=None)
@given(calendars, starts)
def test_openings_are_those_of_a_walk_through_the_minutes(calendar, start):
    expected = walk(calendar, start, SPAN)

    found = [False] * SPAN
    for opens_at, closes_at in calendar.intervals(start, until=start + SPAN * MINUTE):
        first = max(0, int((opens_at - start) / MINUTE))
        for minute in range(first, min(SPAN, int((closes_at - start) / MINUTE))):
            found[minute] = True
    assert found == expected


@settings(max_examples=60, deadline=None)
@given(calendars, starts, st.integers(1, 900))
def test_time_added_is_the_time_between(calendar, start, minutes):
    expected = walk(calendar, start, SPAN)
    duration = minutes * MINUTE
    worked = [at for at, is_open in enumerate(expected) if is_open]

    assert calendar.between(start, start + SPAN * MINUTE) == len(worked) * MINUTE
    if len(worked) >= minutes:
        end = start + (worked[minutes - 1] + 1) * MINUTE
        assert calendar.add(start, duration) == end
        assert calendar.between(start, end) == duration


@settings(max_examples=60, deadline=None)
@given(calendars, starts)
def test_the_next_opening_is_the_first_open_minute(calendar, start):
    expected = walk(calendar, start, SPAN)
    opening = calendar.next_opening(start)

    if True in expected:
        assert opening == start + expected.index(True) * MINUTE
    elif opening is not None:
        assert opening >= start + SPAN * MINUTE
    assert calendar.is_open(start) == expected[0]


@settings(max_examples=80, deadline=None)
@given(calendars, starts, st.integers(1, 600), st.integers(1, 600))
def test_adding_in_two_steps_is_adding_at_once(calendar, start, first, second):
    if not any(calendar.hours):
        return
    in_two = calendar.add(calendar.add(start, first * MINUTE), second * MINUTE)
    assert in_two == calendar.add(start, (first + second) * MINUTE)


@pytest.mark.parametrize(
    ("night", "hours"),
    [(date(2026, 3, 28), 7), (date(2026, 10, 24), 9), (date(2026, 11, 7), 8)],
)
def test_a_night_shift_lasts_as_long_as_for_the_people(night, hours):
    calendar = WorkingTime("Europe/Berlin", NIGHTS, DaysOff())
    evening = datetime(night.year, night.month, night.day, 12, tzinfo=UTC)
    worked = calendar.between(evening, evening + timedelta(hours=24))
    assert worked == timedelta(hours=hours)


def test_a_holiday_takes_away_what_begins_on_it_only():
    # 25 December 2026 is a Friday: the shift of Thursday goes on to its end.
    nights = read_hours({"thu": [["22:00", "06:00"]], "fri": [["22:00", "06:00"]]})
    calendar = WorkingTime("Europe/Berlin", nights, DaysOff("DE"))
    assert calendar.is_open(datetime(2026, 12, 25, 3, tzinfo=UTC))
    assert not calendar.is_open(datetime(2026, 12, 25, 23, tzinfo=UTC))


def test_closing_time_is_no_longer_open_and_work_ends_at_it():
    calendar = WorkingTime("Asia/Kolkata", OFFICE, DaysOff())
    closes_at = datetime(2026, 11, 27, 11, 30, tzinfo=UTC)
    assert not calendar.is_open(closes_at)
    assert calendar.next_closing(closes_at - MINUTE) == closes_at
    assert calendar.add(closes_at - timedelta(hours=8), timedelta(hours=8)) == closes_at
    assert calendar.next_opening(closes_at) == datetime(2026, 11, 30, 3, 30, tzinfo=UTC)


def test_the_time_between_is_nothing_backwards():
    calendar = WorkingTime("UTC", ROUND_THE_CLOCK, DaysOff())
    at = datetime(2026, 11, 27, tzinfo=UTC)
    assert calendar.between(at, at - timedelta(hours=1)) == timedelta(0)


def test_a_calendar_without_hours_never_opens():
    calendar = WorkingTime("UTC", ((),) * 7, DaysOff())
    at = datetime(2026, 11, 27, tzinfo=UTC)
    assert calendar.next_opening(at) is None
    with pytest.raises(NeverOpen, match="do not fit"):
        calendar.add(at, MINUTE)


def test_ten_thousand_additions_over_a_week_take_less_than_a_second():
    calendar = WorkingTime("Europe/Berlin", OFFICE, DaysOff("DE-BE"))
    start = datetime(2026, 11, 27, 10, tzinfo=UTC)
    calendar.add(start, timedelta(hours=40))
    begun = time.process_time()
    for minute in range(10_000):
        calendar.add(start + (minute % 600) * MINUTE, timedelta(hours=40))
    assert time.process_time() - begun < 1
