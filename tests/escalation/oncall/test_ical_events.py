from datetime import UTC, datetime, timedelta

import pytest

from escalation.oncall.ical_events import Event, UnreadableCalendar, read_events

START = datetime(2026, 10, 20, tzinfo=UTC)


def calendar(*lines):
    event = "\r\n".join(("BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT"))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{event}\r\nEND:VCALENDAR\r\n"


def read(*lines, days=10, zone="Europe/Berlin"):
    end = START + timedelta(days=days)
    return read_events(calendar(*lines), zone=zone, start=START, end=end)


def at(day, hour, minute=0):
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def test_attendees_are_people_but_for_those_who_declined():
    found = read(
        "DTSTART:20261021T080000Z",
        "DTEND:20261021T160000Z",
        "SUMMARY:Day shift eve@lab.example",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:bob@lab.example",
        "ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:Ann@lab.example",
    )
    assert found == (
        Event(at(21, 8), at(21, 16), "Day shift eve@lab.example", ("ann@lab.example",)),
    )


def test_without_attendees_addresses_of_the_summary_are_people():
    [event] = read(
        "DTSTART:20261021T080000Z",
        "DTEND:20261021T160000Z",
        "SUMMARY:On call: Ann <ann@lab.example>, bob@lab.example",
    )
    assert event.people == ("ann@lab.example", "bob@lab.example")


def test_repetitions_keep_their_local_time_over_a_change():
    found = read(
        "DTSTART;TZID=Europe/Berlin:20261024T090000",
        "DURATION:PT1H",
        "RRULE:FREQ=DAILY;COUNT=3",
        "SUMMARY:x",
    )
    assert [event.start for event in found] == [at(24, 7), at(25, 8), at(26, 8)]


def test_whole_days_and_floating_times_are_of_the_schedules_zone():
    [day] = read("DTSTART;VALUE=DATE:20261025", "SUMMARY:x")
    assert (day.start, day.end) == (at(24, 22), at(25, 23))
    [floating] = read("DTSTART:20261024T090000", "DTEND:20261024T100000", "SUMMARY:x")
    assert floating.start == at(24, 7)


def test_a_cancelled_event_is_none():
    lines = ("DTSTART:20261021T080000Z", "DTEND:20261021T160000Z")
    assert read(*lines, "STATUS:CANCELLED") == ()


@pytest.mark.parametrize("text", ["", "hello", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"])
def test_what_is_no_calendar_is_said(text):
    with pytest.raises(UnreadableCalendar):
        read_events(text, zone="UTC", start=START, end=START + timedelta(days=1))


@pytest.mark.parametrize("often", ["SECONDLY", "MINUTELY"])
def test_a_repetition_each_minute_is_refused_at_once(often):
    with pytest.raises(UnreadableCalendar) as caught:
        read("DTSTART:20261021T080000Z", "DURATION:PT1S", f"RRULE:FREQ={often}")
    assert str(caught.value) == "an event repeats each minute or second"


def test_a_rule_that_never_comes_true_is_given_up():
    with pytest.raises(UnreadableCalendar) as caught:
        read(
            "DTSTART:00020101T080000Z",
            "DURATION:PT1S",
            "RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=31",
        )
    assert "cannot be followed" in str(caught.value)


def test_more_events_than_a_schedule_has_are_refused():
    with pytest.raises(UnreadableCalendar) as caught:
        read("DTSTART:20261021T080000Z", "DURATION:PT1H", "RRULE:FREQ=HOURLY", days=400)
    assert str(caught.value) == "it has more than 5000 events in the coming year"
