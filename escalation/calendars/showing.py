"""Say what a calendar means today, for its page and the API."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.calendars.working_time import WorkingTime

DAYS_AHEAD = 366
DAYS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day without work, and why."""

    day: date
    name: str


def days_off_after(
    working_time: WorkingTime, now: datetime, *, limit: int = DAYS_SHOWN
) -> list[DayOff]:
    """Return the next days off on which there would be work, within a year."""
    found = []
    for day_off in _days_off(working_time, now):
        found.append(day_off)
        if len(found) == limit:
            break
    return found


def _days_off(working_time: WorkingTime, now: datetime) -> Iterator[DayOff]:
    today = now.astimezone(ZoneInfo(working_time.zone)).date()
    for ahead in range(DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        name = working_time.days_off.name_on(day)
        if name is not None and working_time.hours[day.weekday()]:
            yield DayOff(day, name)
