from datetime import UTC, datetime, timedelta

import pytest

from incidents.intake.recurrence import Span, next_after, span_at

BERLIN = "Europe/Berlin"
# The night in which 02:00 to 03:00 comes twice, and the one in which it does not come.
BACK = datetime(2026, 10, 25, tzinfo=UTC)
AHEAD = datetime(2026, 3, 29, tzinfo=UTC)


def utc(day, text):
    hours, minutes = text.split(":")
    return day + timedelta(hours=int(hours), minutes=int(minutes))


def starts(cron, zone, day):
    """Return what comes in two days, one after the other."""
    found, at = [], day - timedelta(hours=12)
    while (at := next_after(cron, zone, at)) <= day + timedelta(hours=36):
        found.append(at)
    return found


@pytest.mark.parametrize("minutes", range(0, 60, 5))
def test_what_comes_next_is_never_past_in_an_hour_that_comes_twice(minutes):
    at = utc(BACK, f"1:{minutes}")
    following = utc(BACK, "25:30")
    assert next_after("30 2 * * *", BERLIN, at) == following


def test_a_time_in_an_hour_that_comes_twice_comes_once():
    assert starts("30 2 * * *", BERLIN, BACK) == [utc(BACK, "0:30"), utc(BACK, "25:30")]


def test_a_time_in_an_hour_that_does_not_come_is_moved():
    assert starts("30 2 * * *", BERLIN, AHEAD) == [
        utc(AHEAD, "1:00"),
        utc(AHEAD, "24:30"),
    ]


def test_a_span_goes_on_through_an_hour_that_comes_twice():
    span = Span(utc(BACK, "0:30"), utc(BACK, "2:00"))
    for minutes in range(30, 120, 5):
        at = utc(BACK, f"0:{minutes}")
        assert span_at("30 2 * * *", BERLIN, 90, at) == span
    assert span_at("30 2 * * *", BERLIN, 90, span.end_at) is None


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    "cron", ["30 2 * * *", "45 1 * * *", "0 * * * *", "*/15 * * * *"]
)
@pytest.mark.parametrize("minutes", [5, 20, 90, 1500])
@pytest.mark.parametrize("day", [BACK, AHEAD, datetime(2026, 11, 1, tzinfo=UTC)])
def test_a_span_is_on_from_its_start_for_its_minutes(zone, cron, minutes, day):
    length = timedelta(minutes=minutes)
    begins = starts(cron, zone, day - timedelta(hours=26)) + starts(cron, zone, day)
    for step in range(0, 24 * 60, 35):
        at = day + timedelta(minutes=step)
        on = [start for start in begins if start <= at < start + length]
        expected = Span(max(on), max(on) + length) if on else None
        assert span_at(cron, zone, minutes, at) == expected


def test_weekdays_of_a_whole_week_are_found():
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)
    week = 7 * 24 * 60
    span = span_at("0 12 * * 0", "UTC", week, sunday + timedelta(minutes=week - 1))
    assert span == Span(sunday, sunday + timedelta(minutes=week))
