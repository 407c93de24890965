from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.notifications.rules import (
    Contact,
    PlanReason,
    QuietHours,
    Rules,
    end_of_quiet_hours,
    plan_contacts,
)

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
MAIL_THEN_SMS = (Contact("mail", 0), Contact("sms", 5))
NIGHT = QuietHours(time(22), time(7))
BERLIN = "Europe/Berlin"
ZONES = (BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


def planned(rules, methods=("mail", "sms"), *, is_urgent=False, at=NOON):
    plan = plan_contacts(rules, list(methods), is_urgent=is_urgent, at=at)
    return [
        (one.method, (one.due_at(at) - at) // timedelta(minutes=1))
        for one in plan.contacts
    ]


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def test_person_without_rules_is_paged_by_every_method_at_once():
    assert planned(None) == [("mail", 0), ("sms", 0)]


def test_delays_are_those_of_the_list_for_the_urgency():
    rules = Rules(normal=MAIL_THEN_SMS, urgent=(Contact("sms", 0),))
    assert planned(rules) == [("mail", 0), ("sms", 5)]
    assert planned(rules, is_urgent=True) == [("sms", 0)]


def test_list_left_empty_means_every_method_at_once():
    rules = Rules(normal=MAIL_THEN_SMS)
    assert planned(rules, is_urgent=True) == [("mail", 0), ("sms", 0)]


def test_method_that_is_not_in_use_is_passed_over():
    assert planned(Rules(normal=MAIL_THEN_SMS), ["sms"]) == [("sms", 5)]


def test_rules_that_lead_nowhere_use_every_method_and_say_so():
    plan = plan_contacts(
        Rules(normal=MAIL_THEN_SMS), ["pager"], is_urgent=False, at=NOON
    )
    assert [one.method for one in plan.contacts] == ["pager"]
    assert plan.note == str(PlanReason.NONE_LEFT)


def test_person_without_any_method_is_not_reached():
    assert planned(Rules(normal=MAIL_THEN_SMS), []) == []


def test_quiet_hours_hold_a_normal_page_until_they_end():
    rules = Rules(normal=MAIL_THEN_SMS, zone=BERLIN, quiet=NIGHT)
    plan = plan_contacts(
        rules, ["mail", "sms"], is_urgent=False, at=utc(2026, 3, 10, 23)
    )
    held = [one.held_until for one in plan.contacts]
    assert held == [utc(2026, 3, 11, 6), utc(2026, 3, 11, 6, 5)]
    assert [f"{until:%H:%M %Z}" for until in held] == ["07:00 CET", "07:05 CET"]


def test_urgent_page_ignores_quiet_hours():
    rules = Rules(urgent=MAIL_THEN_SMS, zone=BERLIN, quiet=NIGHT)
    found = planned(rules, is_urgent=True, at=utc(2026, 3, 10, 23))
    assert found == [("mail", 0), ("sms", 5)]


def test_delay_that_ends_in_quiet_hours_is_held():
    rules = Rules(normal=MAIL_THEN_SMS, zone=BERLIN, quiet=NIGHT)
    at = utc(2026, 3, 10, 20, 58)
    assert planned(rules, at=at) == [("mail", 0), ("sms", 9 * 60 + 2)]


def test_quiet_hours_hold_without_a_list_too():
    rules = Rules(zone=BERLIN, quiet=NIGHT)
    assert planned(rules, ["mail"], at=utc(2026, 3, 10, 23)) == [("mail", 7 * 60)]


def test_quiet_hours_belong_to_the_day_on_which_they_begin():
    rules = Rules(quiet=QuietHours(time(22), time(7), frozenset({4})))
    friday_night, saturday_night = utc(2026, 3, 14, 1), utc(2026, 3, 15, 1)
    assert end_of_quiet_hours(rules, friday_night) == utc(2026, 3, 14, 7)
    assert end_of_quiet_hours(rules, saturday_night) is None


@pytest.mark.parametrize(
    ("at", "ends_at"),
    [
        # 02:30 does not exist on 29 March: the clock goes on at 03:00 CEST.
        (utc(2026, 3, 29, 0, 30), utc(2026, 3, 29, 1)),
        (utc(2026, 3, 29, 1, 0), None),
        # 02:30 comes twice on 25 October: the first counts.
        (utc(2026, 10, 25, 0, 15), utc(2026, 10, 25, 0, 30)),
        (utc(2026, 10, 25, 1, 15), None),
    ],
)
def test_quiet_hours_end_once_when_the_clock_changes(at, ends_at):
    rules = Rules(zone=BERLIN, quiet=QuietHours(time(22), time(2, 30)))
    found = end_of_quiet_hours(rules, at)
    # Python holds a time that comes twice to differ from itself in another zone.
    assert (found and found.astimezone(UTC)) == ends_at


def ends_by_walking(rules, at):
    """Go minute by minute until the wall clock has left the quiet hours.

    It is quiet while the last of start and end that the wall clock has passed is a
    start, so it looks back for it, by the clock on the wall alone.
    """
    zone, quiet = ZoneInfo(rules.zone), rules.quiet

    def is_quiet(moment):
        wall = moment.astimezone(zone)
        minutes = wall.hour * 60 + wall.minute
        start = quiet.start.hour * 60 + quiet.start.minute
        end = quiet.end.hour * 60 + quiet.end.minute
        today, yesterday = wall.weekday(), (wall.weekday() - 1) % 7
        if start < end:
            return start <= minutes < end and today in quiet.days
        return (minutes >= start and today in quiet.days) or (
            minutes < end and yesterday in quiet.days
        )

    if not is_quiet(at):
        return None
    while is_quiet(at):
        at += timedelta(minutes=1)
    return at


MINUTES = st.integers(0, 24 * 60 - 1)


# Far from a change of the clock, where the wall alone tells: June.
@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=MINUTES,
    end=MINUTES,
    days=st.frozensets(st.integers(0, 6), min_size=1),
    minute=st.integers(0, 7 * 24 * 60),
)
def test_quiet_hours_agree_with_a_walk_along_the_clock(zone, start, end, days, minute):
    if start == end:
        return
    rules = Rules(
        zone=zone,
        quiet=QuietHours(
            time(start // 60, start % 60), time(end // 60, end % 60), days
        ),
    )
    at = utc(2026, 6, 1) + timedelta(minutes=minute)
    assert end_of_quiet_hours(rules, at) == ends_by_walking(rules, at)


@settings(max_examples=200, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    start=MINUTES,
    end=MINUTES,
    minute=st.integers(0, 366 * 24 * 60),
    delay=st.integers(0, 120),
)
def test_held_page_leaves_after_the_quiet_hours_and_never_before_it_was_made(
    zone, start, end, minute, delay
):
    if start == end:
        return
    quiet = QuietHours(time(start // 60, start % 60), time(end // 60, end % 60))
    rules = Rules(normal=(Contact("mail", delay),), zone=zone, quiet=quiet)
    at = utc(2026, 1, 1) + timedelta(minutes=minute)
    plan = plan_contacts(rules, ["mail"], is_urgent=False, at=at)
    due_at = plan.contacts[0].due_at(at)
    assert due_at >= at + timedelta(minutes=delay)
    assert end_of_quiet_hours(rules, due_at) is None
