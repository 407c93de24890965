from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from escalation.duties.overdue import overdue_since
from escalation.duties.warnings import (
    LAST_DAY,
    Span,
    is_grave,
    is_urgent,
    warn,
    warnings_of,
)

HOUR = timedelta(hours=1)
AWARE = datetime(2026, 12, 30, 22, 0, tzinfo=UTC)


def names(span):
    return [one.name for one in warnings_of(span)]


def at(span, name):
    [found] = [one.at for one in warnings_of(span) if one.name == name]
    return found


def test_three_days_are_warned_of_at_fractions_and_instants_in_their_order():
    span = Span(AWARE, AWARE + 72 * HOUR)

    assert names(span)[:6] == ["50%", "24h", "75%", "90%", "1h", "due"]
    assert at(span, "50%") == AWARE + 36 * HOUR
    assert at(span, "90%") == AWARE + timedelta(hours=64.8)
    assert at(span, "due") == overdue_since(AWARE + 72 * HOUR)


def test_a_day_is_not_warned_of_a_day_before():
    assert "24h" not in names(Span(AWARE, AWARE + 24 * HOUR))


def test_one_hour_is_warned_of_at_its_fractions_alone():
    assert names(Span(AWARE, AWARE + HOUR))[:4] == ["50%", "75%", "90%", "due"]


def test_overdue_is_said_daily_for_a_fortnight_and_then_no_more():
    span = Span(AWARE, AWARE + HOUR)
    last = at(span, f"late day {LAST_DAY}")

    assert last == overdue_since(AWARE + HOUR) + 14 * 24 * HOUR
    assert warn(span, names(span), last).next_at is None


def test_without_a_date_it_is_said_at_once_and_daily():
    assert names(Span(AWARE, None))[:3] == ["at once", "day 1", "day 2"]


def test_nothing_is_said_before_its_time():
    span = Span(AWARE, AWARE + 72 * HOUR)

    said = warn(span, [], AWARE + 36 * HOUR - timedelta(microseconds=1))

    assert said.given is None
    assert said.next_at == AWARE + 36 * HOUR


def test_of_those_that_passed_while_nothing_ran_the_last_is_given_once():
    span, late = Span(AWARE, AWARE + 24 * HOUR), AWARE + 50 * HOUR

    first = warn(span, [], late)
    again = warn(span, first.names, late)

    assert first.given.name == "late day 1"
    assert first.names == ("50%", "75%", "90%", "1h", "due", "late day 1")
    assert again.given is None
    assert again.next_at == at(span, "late day 2")


def test_exactly_at_the_due_instant_nobody_is_told_that_it_is_overdue():
    due = AWARE + 24 * HOUR
    span = Span(AWARE, due)
    said = warn(span, [], due - timedelta(minutes=1)).names

    assert warn(span, said, due).given is None
    assert warn(span, said, overdue_since(due)).given.name == "due"


def test_one_that_lies_ahead_again_because_the_date_moved_comes_again():
    short, long = Span(AWARE, AWARE + 24 * HOUR), Span(AWARE, AWARE + 72 * HOUR)
    now = AWARE + 23.5 * HOUR
    said = warn(short, [], now).names

    later = warn(long, said, now)

    assert later.given is None
    assert later.names == ()
    assert later.next_at == at(long, "50%")


def test_hours_are_elapsed_hours_also_when_the_clocks_change():
    zone = ZoneInfo("Europe/Brussels")
    aware = datetime(2026, 10, 24, 12, 0, tzinfo=zone)
    span = Span(aware.astimezone(UTC), aware.astimezone(UTC) + 24 * HOUR)

    local = at(span, "1h").astimezone(zone)

    assert local.isoformat() == "2026-10-25T10:00:00+01:00"


def test_only_the_last_ones_are_grave_and_wake_people():
    every = ("50%", "75%", "24h", "90%", "1h", "due", "late day 1")

    assert [name for name in every if is_grave(name)] == [
        "90%",
        "1h",
        "due",
        "late day 1",
    ]
    assert [name for name in every if is_urgent(name)] == ["1h", "due", "late day 1"]


@given(
    minutes=st.integers(1, 60 * 24 * 90),
    looks=st.lists(st.integers(0, 60 * 24 * 110), max_size=12),
)
def test_each_warning_is_given_at_most_once_however_often_one_looks(minutes, looks):
    span = Span(AWARE, AWARE + timedelta(minutes=minutes))
    said: tuple[str, ...] = ()
    given_names: list[str] = []
    for offset in sorted(looks):
        now = AWARE + timedelta(minutes=offset)
        found = warn(span, said, now)
        given_names += [found.given.name] if found.given else []
        assert set(said) <= set(found.names)
        assert found.next_at is None or found.next_at > now
        said = found.names

    assert len(given_names) == len(set(given_names)) <= len(looks)
