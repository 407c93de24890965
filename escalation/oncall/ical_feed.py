"""Write shifts as an iCalendar file for calendar programs. Free of Django."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from icalendar import Calendar
from icalendar import Event as CalendarEvent

from escalation.oncall.plan import FALLBACK, Shift


@dataclass(frozen=True, slots=True)
class FeedShift:
    """A shift with the names that a person reads."""

    schedule_id: int
    schedule: str
    shift: Shift


def write_calendar(
    shifts: Iterable[FeedShift], names: Mapping[int, str], *, title: str, now: datetime
) -> bytes:
    """Return the file; the same shift keeps its UID, so that programs follow changes."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tocsin//On call//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", timedelta(hours=1), {"VALUE": "DURATION"})
    for one in shifts:
        calendar.add_component(_event(one, names, now))
    return bytes(calendar.to_ical())


def _event(one: FeedShift, names: Mapping[int, str], now: datetime) -> CalendarEvent:
    who = ", ".join(names.get(pk, "somebody") for pk in one.shift.people)
    mark = " (fallback)" if one.shift.source == FALLBACK else ""
    event = CalendarEvent()
    event.add("uid", _uid(one))
    event.add("dtstamp", now)
    event.add("dtstart", one.shift.start)
    event.add("dtend", one.shift.end)
    event.add("summary", f"{one.schedule}: {who}{mark}")
    event.add("transp", "TRANSPARENT")
    return event


def _uid(one: FeedShift) -> str:
    people = ",".join(str(pk) for pk in one.shift.people)
    what = f"{one.schedule_id}|{one.shift.start.isoformat()}|{people}"
    return f"{hashlib.sha256(what.encode()).hexdigest()[:32]}@tocsin"
