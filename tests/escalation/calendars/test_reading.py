import pytest

from escalation.calendars.reading import (
    CalendarError,
    closures_to_body,
    describe_hours,
    hours_to_body,
    read_closures,
    read_hours,
    read_region,
    read_zone,
)


def test_hours_are_read_and_written_back():
    body = {
        "mon": [["09:00", "12:00"], ["13:00", "17:30"]],
        "fri": [["22:00", "06:00"]],
    }
    week = read_hours(body)
    assert week[0] == ((540, 720), (780, 1050))
    assert week[4] == ((1320, 1800),)
    assert hours_to_body(week) == body


def test_midnight_closes_the_day():
    body = {"sun": [["00:00", "24:00"]]}
    assert read_hours(body)[6] == ((0, 1440),)
    assert hours_to_body(read_hours(body)) == body


def test_hours_are_described_with_equal_days_together():
    body = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu")}
    body["sat"] = [["10:00", "12:00"]]
    sentences = describe_hours(read_hours(body))
    assert sentences == ["Mon to Thu: 09:00 to 17:00", "Sat: 10:00 to 12:00"]


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ([], "hours: [] cannot be used"),
        ({}, "hours: it never opens"),
        ({"monday": []}, "hours: 'monday' is no day; use mon, tue"),
        ({"mon": "9-5"}, "hours.mon: '9-5' cannot be used"),
        ({"mon": [["9:00", "17:00"]]}, "hours.mon[0]: ['9:00', '17:00'] cannot"),
        ({"mon": [["09:00", "09:00"]]}, "hours.mon[0]: ['09:00', '09:00'] is no"),
        (
            {"mon": [["09:00", "12:00"], ["11:00", "17:00"]]},
            "hours.mon: two openings overlap",
        ),
    ],
)
def test_hours_that_cannot_be_used_are_refused_with_place_and_remedy(hours, message):
    with pytest.raises(CalendarError) as error:
        read_hours(hours)
    assert str(error.value).startswith(message)


def test_closures_are_read_sorted_and_written_back():
    late = {"from": "2027-01-02", "to": "2027-01-02", "name": "Stocktaking"}
    early = {"from": "2026-12-24", "to": "2026-12-31", "name": "Year's end"}
    assert closures_to_body(read_closures([late, early])) == [early, late]


@pytest.mark.parametrize(
    ("closure", "message"),
    [
        ("never", "closures[0]: 'never' cannot be used"),
        ({"from": "2026-12-24", "to": "2026-12-20", "name": "x"}, "closures[0].to"),
        ({"from": "24.12.", "to": "2026-12-20", "name": "x"}, "closures[0].from"),
        ({"from": "2026-12-24", "to": "2026-12-24", "name": " "}, "closures[0].name"),
        ({"from": "2026-01-01", "to": "2028-01-01", "name": "x"}, "closures[0].to"),
    ],
)
def test_closures_that_cannot_be_used_are_refused_with_the_place(closure, message):
    with pytest.raises(CalendarError) as error:
        read_closures([closure])
    assert str(error.value).startswith(message)


def test_a_zone_must_be_of_the_tz_database():
    assert read_zone("Europe/Berlin") == "Europe/Berlin"
    with pytest.raises(CalendarError, match="zone: 'Berlin' is none"):
        read_zone("Berlin")


def test_a_region_must_have_known_holidays():
    assert read_region("US-CA") == "US-CA"
    with pytest.raises(CalendarError, match="holidays_of: 'Bavaria' is not known"):
        read_region("Bavaria")
