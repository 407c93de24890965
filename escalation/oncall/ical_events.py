"""Read the events of an iCalendar file, as a program of its own. Free of Django.

A file from outside can ask for very much: a repetition each second, a rule that never
comes true. So it is read in a process with limits of time and memory, of which nothing
is left when they are passed: `read_events` starts it, `main` is what runs in it.
"""

import json
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from escalation.calendars.wall_clock import instant_of

MAX_BYTES: Final = 1024 * 1024
MAX_EVENTS: Final = 5_000
CPU_SECONDS: Final = 3
WAIT_SECONDS: Final = 12
MEMORY_BYTES: Final = 1024 * 1024 * 1024
MAX_SUMMARY: Final = 200

_ROOT: Final = Path(__file__).parents[2]
_EMAIL: Final = re.compile(r"[^@\s<>()\[\]\"',;:]{1,64}@[^@\s<>()\[\]\"',;:]{1,185}")


class UnreadableCalendar(ValueError):
    """The text is no calendar, or asks for more than is followed."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event, repetitions unfolded; `people` are e-mail addresses in lower case."""

    start: datetime
    end: datetime
    summary: str
    people: tuple[str, ...]


def read_events(
    text: str, *, zone: str, start: datetime, end: datetime
) -> tuple[Event, ...]:
    """Return the events that touch the time between two instants.

    Whole days and times without a zone are taken in `zone`. Raises UnreadableCalendar.
    """
    asked = {
        "text": text,
        "zone": zone,
        "start": start.isoformat(),
        "end": end.isoformat(),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "escalation.oncall.ical_events"],
            input=json.dumps(asked).encode(),
            capture_output=True,
            cwd=_ROOT,
            env={"PYTHONPATH": str(_ROOT), "TZ": "UTC"},
            timeout=WAIT_SECONDS,
            check=False,
        )
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        message = "it repeats so often, or is so large, that it cannot be followed"
        raise UnreadableCalendar(message) from None
    if "error" in answer:
        raise UnreadableCalendar(answer["error"])
    return tuple(
        Event(
            start=datetime.fromisoformat(one["start"]),
            end=datetime.fromisoformat(one["end"]),
            summary=one["summary"],
            people=tuple(one["people"]),
        )
        for one in answer["events"]
    )


def main() -> None:
    """Read a question from the standard input and print the answer."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    asked = json.load(sys.stdin)
    try:
        events = list(
            _events(
                asked["text"],
                zone=ZoneInfo(asked["zone"]),
                start=datetime.fromisoformat(asked["start"]),
                end=datetime.fromisoformat(asked["end"]),
            )
        )
        answer: dict[str, Any] = {"events": [asdict(event) for event in events]}
    except UnreadableCalendar as error:
        answer = {"error": str(error)}
    except Exception as error:
        answer = {"error": f"it cannot be read: {type(error).__name__} {error}"[:200]}
    json.dump(answer, sys.stdout, default=_instant)


def _events(
    text: str, *, zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[Event]:
    # Loaded here: only this process needs them, and they take a while.
    from icalendar import Calendar  # noqa: PLC0415  slow import
    from recurring_ical_events import of  # noqa: PLC0415  slow import

    calendars = Calendar.from_ical(text, multiple=True)
    if not calendars:
        raise UnreadableCalendar("it holds no VCALENDAR")
    count = 0
    for calendar in calendars:
        _check_rules(calendar)
        for event in of(calendar).between(start, end):
            if str(event.get("STATUS", "")).upper() == "CANCELLED":
                continue
            count += 1
            if count > MAX_EVENTS:
                message = f"it has more than {MAX_EVENTS} events in the coming year"
                raise UnreadableCalendar(message)
            yield from _event(event, zone)


def _check_rules(calendar: Any) -> None:
    """Refuse at once what nobody is on call by."""
    for event in calendar.walk("VEVENT"):
        rules = event.get("RRULE", [])
        for rule in rules if isinstance(rules, list) else [rules]:
            if {"SECONDLY", "MINUTELY"} & {str(f).upper() for f in rule["FREQ"]}:
                raise UnreadableCalendar("an event repeats each minute or second")


def _event(event: Any, zone: ZoneInfo) -> Iterator[Event]:
    begin, stop = _utc(event["DTSTART"].dt, zone), _utc(event["DTEND"].dt, zone)
    if begin < stop:
        summary = str(event.get("SUMMARY", ""))
        people = _attendees(event) or _EMAIL.findall(summary)
        found = tuple(dict.fromkeys(address.lower() for address in people))
        yield Event(begin, stop, summary[:MAX_SUMMARY], found)


def _attendees(event: Any) -> list[str]:
    """Return whom the event invites, but for those who have declined."""
    attendees = event.get("ATTENDEE", [])
    if not isinstance(attendees, list):
        attendees = [attendees]
    return [
        str(one)[len("mailto:") :]
        for one in attendees
        if str(one).lower().startswith("mailto:")
        and str(one.params.get("PARTSTAT", "")).upper() != "DECLINED"
    ]


def _utc(at: date | datetime, zone: ZoneInfo) -> datetime:
    """Return an instant: a day begins at its midnight in the zone."""
    if not isinstance(at, datetime):
        return instant_of(at, time(), zone)
    if at.tzinfo is None:
        return instant_of(at.date(), at.time(), zone)
    return at.astimezone(ZoneInfo("UTC"))


def _instant(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not written")


if __name__ == "__main__":
    main()
