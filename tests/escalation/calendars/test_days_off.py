from datetime import date

import pytest

from escalation.calendars.days_off import Closure, DaysOff, is_known_region


@pytest.mark.parametrize(
    ("region", "day", "name"),
    [
        ("DE", date(2026, 12, 25), "Christmas Day"),
        ("DE", date(2027, 3, 8), None),
        ("DE-BE", date(2027, 3, 8), "Women's Day"),
        ("US-CA", date(2026, 7, 3), "Independence Day (observed)"),
        # 1 January 2028 is a Saturday, so that the day before it is free.
        ("US", date(2027, 12, 31), "New Year's Day (observed)"),
        ("", date(2026, 12, 25), None),
    ],
)
def test_public_holidays_are_those_of_the_region(region, day, name):
    assert DaysOff(region).name_on(day) == name


def test_a_closure_holds_from_its_first_to_its_last_day():
    retreat = Closure(date(2026, 6, 1), date(2026, 6, 3), "Retreat")
    days = DaysOff("", (retreat,))
    names = [days.name_on(date(2026, 5, 31 - 1)), days.name_on(date(2026, 6, 4))]
    assert names == [None, None]
    inside = [days.name_on(date(2026, 6, number)) for number in (1, 2, 3)]
    assert inside == ["Retreat"] * 3


@pytest.mark.parametrize(
    ("code", "is_known"),
    [("DE", True), ("US-CA", True), ("XX", False), ("DE-", False), ("DE-XX", False)],
)
def test_a_region_is_known_or_not(code, is_known):
    assert is_known_region(code) is is_known
