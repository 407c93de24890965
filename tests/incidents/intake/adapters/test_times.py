from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.intake.adapters.base import Unreadable
from incidents.intake.adapters.times import event_time, parse_instant, read_instant

MOMENT = datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-23T15:04:05Z",
        "2026-11-23T15:04:05.000000000Z",
        "2026-11-23T15:04:05.0000000Z",
        "2026-11-23T16:04:05+01:00",
        "2026-11-23T15:04:05.000+0000",
        "2026-11-23 15:04:05.000",
        "2026-11-23 15:04:05.000000000",
        " 2026-11-23T15:04:05 ",
        "Mon, 23 Nov 2026 15:04:05 GMT",
        1795446245,
        1795446245.0,
        1795446245_000,
        1795446245_000_000,
        1795446245_000_000_000,
        "1795446245",
        "1795446245000",
        "1795446245.0",
    ],
)
def test_every_spelling_of_a_moment_is_read(value):
    assert parse_instant(value, field="at") == MOMENT


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        0,
        0.0,
        "0",
        False,
        True,
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:30",
        "1970-01-01T00:00:00Z",
    ],
)
def test_no_time_is_none(value):
    assert parse_instant(value, field="at") is None


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "2026-11-23T15:04:05Z+2",
        "2026-13-01T00:00:00Z",
        "9999-12-31T23:59:59-23:00",
        -1,
        12345,
        10**20,
        10**400,
        float("nan"),
        float("inf"),
        "99999999999999999999999",
        [],
        {"a": 1},
    ],
)
def test_what_is_no_time_is_refused_and_read_as_none(value):
    with pytest.raises(Unreadable) as caught:
        parse_instant(value, field="startsAt")
    assert caught.value.field == "startsAt"
    assert read_instant(value) is None


def test_date_written_as_digits_is_not_an_epoch_number():
    assert parse_instant("20261123", field="at") == datetime(2026, 11, 23, tzinfo=UTC)


def test_event_time_believes_the_past():
    past = MOMENT - timedelta(days=40)
    assert event_time(past, received_at=MOMENT) == past


@pytest.mark.parametrize("at", [None, MOMENT + timedelta(seconds=1)])
def test_event_time_falls_back_to_the_receipt(at):
    assert event_time(at, received_at=MOMENT) == MOMENT


@settings(deadline=None)
@given(st.text(max_size=40) | st.integers() | st.floats() | st.datetimes().map(str))
def test_read_instant_gives_a_moment_in_utc_or_nothing(value):
    moment = read_instant(value)
    assert moment is None or (
        moment.utcoffset() == timedelta(0) and moment.year >= 1971
    )
