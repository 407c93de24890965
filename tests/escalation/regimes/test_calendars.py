from datetime import date

import pytest

from escalation.regimes.calendars import (
    add_working_days,
    is_known,
    is_working_day,
    known_calendars,
    name_of_day_off,
    next_working_day,
    working_days_between,
)


@pytest.mark.parametrize(
    ("calendar", "day", "name"),
    [
        ("DE", date(2027, 12, 25), "Christmas Day"),
        ("US-CA", date(2026, 11, 27), "Day After Thanksgiving"),
        ("US-NY", date(2026, 11, 3), "Election Day"),
        ("US-NY", date(2027, 2, 12), "Lincoln's Birthday"),
        ("US-SEC", date(2026, 7, 3), "Independence Day (observed)"),
        ("EU-COM", date(2026, 12, 28), "End of the year"),
        ("EU-COM", date(2026, 4, 2), "Maundy Thursday"),
        ("EU-COM", date(2026, 5, 15), "Day after Ascension Day"),
        ("US-SEC", date(2026, 11, 27), ""),
        ("US-CA", date(2026, 10, 12), ""),
    ],
)
def test_holiday_has_its_name(calendar, day, name):
    assert name_of_day_off(day, calendar) == name


def test_holiday_made_up_for_in_the_year_before_is_known():
    # 1 January 2028 is a Saturday: the day off is the last one of 2027.
    assert not is_working_day(date(2027, 12, 31), "US-SEC")


def test_every_member_state_has_a_calendar_with_holidays():
    states = [name for name in known_calendars() if "-" not in name]
    assert len(states) == 28  # with China
    for name in states:
        assert is_known(name)
        assert not is_working_day(date(2026, 1, 1), name)


def test_next_working_day_is_the_day_itself_when_it_is_one():
    assert next_working_day(date(2026, 11, 30), "US-CA") == date(2026, 11, 30)
    assert next_working_day(date(2026, 11, 26), "US-CA") == date(2026, 11, 30)


def test_working_days_are_counted_with_both_ends():
    assert working_days_between(date(2026, 12, 5), date(2026, 12, 8), "BE") == 2
    assert add_working_days(date(2026, 11, 23), 4, "US-SEC") == date(2026, 11, 30)
    assert add_working_days(date(2026, 12, 5), 0, "BE") == date(2026, 12, 5)
