"""Keep layers that come from calendars outside: add, read anew, show what is wrong.

What was read last stays until something else could be read: a server that is down
changes nobody's shifts. The file is fetched and read outside any transaction.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from escalation.oncall.editing import members_named, record_change
from escalation.oncall.ical_events import (
    MAX_BYTES,
    Event,
    UnreadableCalendar,
    read_events,
)
from escalation.oncall.models import ImportedCalendar, ImportedShift, Schedule
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.doorbell import ring_after_commit
from incidents.events.record import recording
from incidents.ledger.keyring import open_secret, seal_secret
from incidents.models import User

EVERY: Final = timedelta(minutes=15)
# A file that was sent changes only because time goes on.
UNFOLD_EVERY: Final = timedelta(days=1)
PAST: Final = timedelta(days=7)
AHEAD: Final = timedelta(days=400)
# A pass that finds slow servers leaves the rest to the next one.
PASS_SECONDS: Final = 20.0
MAX_CALENDARS: Final = 10
MAX_UNMATCHED: Final = 20
CONTEXT: Final = "imported-calendar"


class NotFetched(Exception):
    """The calendar could not be fetched; the message says why, without the address."""


Fetch = Callable[[str, int], bytes]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading brought: the text and its events, or what went wrong."""

    text: str = ""
    events: tuple[Event, ...] = ()
    error: str = ""


def add_calendar(
    schedule: Schedule,
    *,
    name: str,
    url: str = "",
    text: str = "",
    actor: Actor,
    now: datetime,
) -> ImportedCalendar:
    """Add a calendar by its address, which is fetched at once, or by its text.

    One of the same name is replaced. Raises BadInput.
    """
    if bool(url) == bool(text):
        raise BadInput("url", url, "Give either an address or a file.")
    host = host_of(url) if url else ""
    reading = _read(text, schedule, now) if text else Reading()
    if reading.error:
        raise BadInput("text", text[:40], f"As a calendar {reading.error}.")
    with recording(now):
        _check_count(schedule, name)
        calendar, _ = ImportedCalendar.objects.update_or_create(
            schedule=schedule,
            name=name,
            defaults={
                "organisation_id": schedule.organisation_id,
                "url_sealed": seal_secret(url.encode(), context=CONTEXT)
                if url
                else None,
                "host": host,
                "error": "",
                "due_at": now,
            },
        )
        _record(calendar, "added", [host or "from a file"], actor)
        if text:
            _store(calendar, reading, now)
        ring_after_commit("calendars")
    return calendar


def remove_calendar(calendar: ImportedCalendar, *, actor: Actor, now: datetime) -> None:
    """Remove a calendar and the shifts that came from it."""
    with recording(now):
        _record(calendar, "removed", [calendar.host or "from a file"], actor)
        calendar.delete()


def refresh_soon(calendar: ImportedCalendar, *, now: datetime) -> None:
    """Have it read anew at once."""
    with recording(now):
        ImportedCalendar.objects.filter(pk=calendar.pk).update(due_at=now)
        ring_after_commit("calendars")


def host_of(url: str) -> str:
    """Return the host of an address. Where it leads is checked when it is fetched."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # a malformed one raises
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        remedy = "Give an address that begins with https:// or http://."
        raise BadInput("url", url, remedy)
    return parts.hostname[:255]


def is_read_from(calendar: ImportedCalendar, url: str) -> bool:
    """Tell whether this is the calendar's address."""
    if calendar.url_sealed is None:
        return False
    return open_secret(calendar.url_sealed, context=CONTEXT).decode() == url


def refresh_due(clock: Callable[[], datetime], *, fetch: Fetch) -> int:
    """Read what is due until nothing is, or the pass has lasted; returns how many."""
    count, ends_at = 0, time.monotonic() + PASS_SECONDS
    while time.monotonic() < ends_at and refresh_next(clock(), fetch=fetch):
        count += 1
    return count


def refresh_next(now: datetime, *, fetch: Fetch) -> bool:
    """Read the calendar that is due longest; returns whether there was one.

    Any number of processes may do this: who takes the row puts it off first. A calendar
    that was replaced, removed or read anew meanwhile keeps what it has.
    """
    claimed = _claim(now)
    if claimed is None:
        return False
    reading = _fetch(claimed, fetch, now)
    with recording(now):
        rows = ImportedCalendar.objects.select_for_update(no_key=True)
        rows = rows.select_related("schedule__organisation")
        calendar = rows.filter(pk=claimed.pk).first()
        if calendar is not None and _source(calendar) == _source(claimed):
            _settle(calendar, reading, now)
    return True


def _claim(now: datetime) -> ImportedCalendar | None:
    with recording(now):
        rows = ImportedCalendar.objects.filter(
            due_at__lte=now, schedule__archived_at=None
        )
        rows = rows.select_for_update(no_key=True, skip_locked=True, of=("self",))
        calendar = rows.select_related("schedule").order_by("due_at", "id").first()
        if calendar is not None:
            pause = EVERY if calendar.url_sealed else UNFOLD_EVERY
            calendar.due_at = now + pause
            calendar.save(update_fields=["due_at"])
    return calendar


def _source(calendar: ImportedCalendar) -> tuple[bytes | None, str]:
    """Return what a reading is made from; an address is sealed anew at each change."""
    sealed = calendar.url_sealed
    return None if sealed is None else bytes(sealed), calendar.text


def _fetch(calendar: ImportedCalendar, fetch: Fetch, now: datetime) -> Reading:
    text = calendar.text
    if calendar.url_sealed is not None:
        url = open_secret(calendar.url_sealed, context=CONTEXT).decode()
        try:
            text = fetch(url, MAX_BYTES).decode("utf-8-sig")
        except NotFetched as error:
            return Reading(error=str(error))
        except UnicodeDecodeError:
            return Reading(error="it is not text in UTF-8")
    return _read(text, calendar.schedule, now)


def _read(text: str, schedule: Schedule, now: datetime) -> Reading:
    text = text.replace("\x00", "")
    if len(text.encode()) > MAX_BYTES:
        return Reading(error=f"it is larger than {MAX_BYTES} bytes")
    try:
        events = read_events(
            text, zone=schedule.zone, start=now - PAST, end=now + AHEAD
        )
    except UnreadableCalendar as error:
        return Reading(error=str(error))
    return Reading(text=text, events=events)


def _settle(calendar: ImportedCalendar, reading: Reading, now: datetime) -> None:
    """Write the outcome; what is new about it goes to the record."""
    actor = Actor.system(calendar.schedule.organisation)
    if reading.error:
        if reading.error != calendar.error:
            _record(calendar, "cannot be read", [reading.error], actor)
        calendar.error, calendar.tried_at = reading.error[:300], now
        calendar.save(update_fields=["error", "tried_at"])
        return
    if reading.text != calendar.text or calendar.error:
        count = f"{len(reading.events)} events"
        _record(calendar, "read anew", [count], actor)
    _store(calendar, reading, now)


def _store(calendar: ImportedCalendar, reading: Reading, now: datetime) -> None:
    people = members_named(
        calendar.schedule.organisation,
        {email for event in reading.events for email in event.people},
    )
    calendar.text, calendar.error = reading.text, ""
    calendar.fetched_at = calendar.tried_at = now
    calendar.unmatched = _unmatched(reading.events, people)
    calendar.save(
        update_fields=["text", "error", "fetched_at", "tried_at", "unmatched"]
    )
    calendar.shifts.all().delete()
    ImportedShift.objects.bulk_create(
        ImportedShift(
            organisation_id=calendar.organisation_id,
            calendar=calendar,
            user=people[email],
            start_at=event.start,
            end_at=event.end,
        )
        for event in reading.events
        for email in event.people
        if email in people
    )


def _unmatched(events: Sequence[Event], people: dict[str, User]) -> list[str]:
    """Return what names nobody: addresses of strangers, summaries without address."""
    found: dict[str, None] = {}
    for event in events:
        for name in event.people or (event.summary or "an event without a name",):
            if name not in people:
                found[name] = None
    return list(found)[:MAX_UNMATCHED]


def _check_count(schedule: Schedule, name: str) -> None:
    others = ImportedCalendar.objects.filter(schedule=schedule).exclude(name=name)
    if others.count() >= MAX_CALENDARS:
        remedy = f"A schedule has at most {MAX_CALENDARS}; remove one first."
        raise BadInput("name", name, remedy)


def _record(
    calendar: ImportedCalendar, verb: str, changes: Sequence[str], actor: Actor
) -> None:
    schedule = calendar.schedule
    what = f"calendar {calendar.name} of schedule {schedule.slug} {verb}"
    record_change(schedule, what, changes, actor)
