from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.calendars.wall_clock import instant_of, local_of, next_change

BERLIN, HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
APIA, TROLL = ZoneInfo("Pacific/Apia"), ZoneInfo("Antarctica/Troll")


def utc(*values):
    return datetime(*values, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "at", "zone", "expected"),
    [
        (date(2026, 1, 1), time(9), BERLIN, utc(2026, 1, 1, 8)),
        (date(2026, 7, 1), time(9), BERLIN, utc(2026, 7, 1, 7)),
        (date(2026, 3, 29), time(1, 59), BERLIN, utc(2026, 3, 29, 0, 59)),
        (date(2026, 3, 29), time(2, 0), BERLIN, utc(2026, 3, 29, 1)),
        (date(2026, 3, 29), time(2, 30), BERLIN, utc(2026, 3, 29, 1)),
        (date(2026, 3, 29), time(2, 59), BERLIN, utc(2026, 3, 29, 1)),
        (date(2026, 3, 29), time(3, 1), BERLIN, utc(2026, 3, 29, 1, 1)),
        (date(2026, 10, 25), time(2, 0), BERLIN, utc(2026, 10, 25, 0)),
        (date(2026, 10, 25), time(2, 59), BERLIN, utc(2026, 10, 25, 0, 59)),
        (date(2026, 10, 25), time(3, 0), BERLIN, utc(2026, 10, 25, 2)),
        # Half an hour: 02:00 became 02:30, and 02:00 became 01:30.
        (date(2026, 10, 4), time(2, 15), HOWE, utc(2026, 10, 3, 15, 30)),
        (date(2026, 4, 5), time(1, 45), HOWE, utc(2026, 4, 4, 14, 45)),
        (date(2026, 4, 5), time(2, 0), HOWE, utc(2026, 4, 4, 15, 30)),
        # The thirtieth of December 2011 never was.
        (date(2011, 12, 30), time(9), APIA, utc(2011, 12, 30, 10)),
        (date(2011, 12, 31), time(0), APIA, utc(2011, 12, 30, 10)),
        (date(2026, 3, 29), time(2, 30), TROLL, utc(2026, 3, 29, 1)),
        (date(2028, 2, 29), time(9), BERLIN, utc(2028, 2, 29, 8)),
    ],
)
def test_instant_is_the_first_that_shows_the_time_or_a_later_one(
    day, at, zone, expected
):
    assert instant_of(day, at, zone) == expected


def test_order_of_local_times_is_kept_over_every_minute_of_a_change():
    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        minutes = [time(m // 60, m % 60) for m in range(1440)]
        instants = [instant_of(day, minute, BERLIN) for minute in minutes]
        assert instants == sorted(instants)


def test_local_time_is_what_the_clock_shows():
    assert local_of(utc(2026, 10, 25, 1, 30), BERLIN) == datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001  a wall clock has no zone


def test_next_change_is_the_instant_at_which_the_offset_changes():
    assert next_change(utc(2026, 9, 1), BERLIN, days=300) == utc(2026, 10, 25, 1)
    assert next_change(utc(2026, 10, 25, 1), BERLIN, days=300) == utc(2027, 3, 28, 1)


def test_next_change_is_none_where_the_clocks_stay():
    assert next_change(utc(2026, 9, 1), ZoneInfo("Asia/Kolkata"), days=400) is None


def test_next_change_is_none_beyond_the_days_asked_for():
    start = utc(2026, 9, 1)
    assert next_change(start, BERLIN, days=30) is None
    assert next_change(start, BERLIN, days=60) == start + timedelta(days=54, hours=1)
