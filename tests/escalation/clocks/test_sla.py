"""Terms against arithmetic that is slow and plain, and laws that must always hold."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.calendars.days_off import DaysOff
from escalation.calendars.reading import read_hours
from escalation.calendars.working_time import WorkingTime
from escalation.clocks.sla import (
    AFTER_DUE,
    NoticeAt,
    Pause,
    Terms,
    due_at,
    is_overdue,
    is_paused,
    notice_instants,
    percent_left,
    remaining,
    used,
)
from escalation.policies.clock_targets import Notice

START = datetime(2026, 3, 27, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
OFFICES = [
    None,
    *(
        WorkingTime(zone, read_hours(WEEK | {"sun": [["01:00", "05:00"]]}), DaysOff())
        for zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
    ),
]
instants = st.integers(-600, 9_000).map(lambda minutes: START + minutes * MINUTE)
pauses = st.builds(
    lambda at, length: Pause(at, at + length * MINUTE), instants, st.integers(0, 900)
)
notices = st.one_of(
    st.builds(Notice, percent=st.integers(1, 99)),
    st.builds(Notice, minutes_before=st.integers(1, 2_000)),
)
terms = st.builds(
    Terms,
    started_at=instants,
    duration=st.integers(1, 1_500).map(lambda minutes: minutes * MINUTE),
    working_time=st.sampled_from(OFFICES),
    pauses=st.lists(pauses, max_size=4).map(tuple),
    notices=st.lists(notices, max_size=4, unique=True).map(tuple),
)


@settings(max_examples=150, deadline=None)
@given(terms)
def test_at_the_due_instant_all_the_time_is_used(clock):
    due = due_at(clock)
    assert due is not None
    assert used(clock, due) == clock.duration
    assert remaining(clock, due) == timedelta(0)
    assert not is_overdue(due, due)
    assert is_overdue(due, due + AFTER_DUE)


@settings(max_examples=40, deadline=None)
@given(terms)
def test_used_time_is_that_of_a_walk_through_the_minutes(clock):
    end = clock.started_at + timedelta(days=3)
    at, count = clock.started_at, 0
    while at < end:
        is_open = clock.working_time is None or clock.working_time.is_open(at)
        count += is_open and not is_paused(clock, at)
        at += MINUTE
    assert used(clock, end) == count * MINUTE


@settings(max_examples=150, deadline=None)
@given(terms, pauses)
def test_a_pause_moves_the_due_instant_and_never_the_total(clock, pause):
    paused = Terms(
        clock.started_at,
        clock.duration,
        clock.working_time,
        (*clock.pauses, pause),
        clock.notices,
    )
    due = due_at(paused)
    assert due is not None
    assert due >= due_at(clock)
    assert used(paused, due) == clock.duration


@settings(max_examples=150, deadline=None)
@given(terms, instants)
def test_pausing_and_resuming_at_once_changes_nothing(clock, at):
    touched = Terms(
        clock.started_at,
        clock.duration,
        clock.working_time,
        (*clock.pauses, Pause(at, at)),
        clock.notices,
    )
    assert due_at(touched) == due_at(clock)
    assert notice_instants(touched) == notice_instants(clock)


@settings(max_examples=150, deadline=None)
@given(terms)
def test_warnings_come_in_order_after_the_start_and_not_after_the_due_instant(clock):
    due = due_at(clock)
    instants_of = [one.at for one in notice_instants(clock)]
    assert instants_of == sorted(instants_of)
    assert all(clock.started_at < at <= due for at in instants_of)


@settings(max_examples=100, deadline=None)
@given(terms, instants)
def test_what_is_left_never_grows(clock, at):
    later = at + timedelta(hours=1)
    assert remaining(clock, later) <= remaining(clock, at)
    assert 0 <= percent_left(clock, later) <= percent_left(clock, at) <= 100


def test_an_open_pause_has_no_due_instant():
    clock = Terms(START, timedelta(hours=1), pauses=(Pause(START + 10 * MINUTE),))
    assert due_at(clock) is None
    assert remaining(clock, START + timedelta(days=2)) == 50 * MINUTE
    assert is_paused(clock, START + timedelta(days=2))


def test_a_pause_after_the_due_instant_does_not_undo_it():
    clock = Terms(START, timedelta(hours=1), pauses=(Pause(START + 61 * MINUTE),))
    assert due_at(clock) == START + timedelta(hours=1)


def test_a_warning_at_a_share_counts_working_time_and_one_before_real_time():
    # Friday 16:00 in Berlin: one hour is left of the day, one comes on Monday.
    office = WorkingTime("Europe/Berlin", read_hours(WEEK), DaysOff())
    friday = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    clock = Terms(
        friday,
        timedelta(hours=2),
        office,
        notices=(Notice(percent=75), Notice(minutes_before=60)),
    )
    monday = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
    assert due_at(clock) == monday + timedelta(hours=1)
    assert notice_instants(clock) == [
        NoticeAt(Notice(minutes_before=60), monday),
        NoticeAt(Notice(percent=75), monday + 30 * MINUTE),
    ]


def test_a_warning_that_would_come_at_the_start_is_left_out():
    clock = Terms(START, timedelta(hours=1), notices=(Notice(minutes_before=60),))
    assert notice_instants(clock) == []


def test_an_hour_is_an_hour_on_the_night_on_which_the_clock_changes():
    night = WorkingTime(
        "Europe/Berlin", read_hours({"sat": [["22:00", "06:00"]]}), DaysOff()
    )
    begins_at = datetime(2026, 3, 28, 21, 0, tzinfo=UTC)
    assert due_at(Terms(begins_at, timedelta(hours=7), night)) == datetime(
        2026, 3, 29, 4, 0, tzinfo=UTC
    )


def test_a_calendar_that_is_closed_for_good_counts_every_hour():
    closed = WorkingTime("UTC", ((),) * 7, DaysOff())
    assert due_at(Terms(START, timedelta(hours=2), closed)) == START + timedelta(
        hours=2
    )
