"""Say what a calendar means today, for its page and the API."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.calendars.working_time import WorkingTime

DAYS_AHEAD = 366
DAYS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class DayOff:
    """Days without work, and why; the first and the last on which there would be some."""

    first_on: date
    last_on: date
    name: str


def days_off_after(
    working_time: WorkingTime, now: datetime, *, limit: int = DAYS_SHOWN
) -> list[DayOff]:
    """Return the next days off on which there would be work, within a year.

    Days of one name without a working day between them are one.
    """
    found: list[DayOff] = []
    is_joined = False
    for day, name in _working_days(working_time, now):
        if name is None:
            is_joined = False
        elif is_joined and found[-1].name == name:
            found[-1] = replace(found[-1], last_on=day)
        elif len(found) == limit:
            break
        else:
            found.append(DayOff(day, day, name))
            is_joined = True
    return found


def _working_days(
    working_time: WorkingTime, now: datetime
) -> Iterator[tuple[date, str | None]]:
    """Yield the days on which there would be work, with why there is none."""
    today = now.astimezone(ZoneInfo(working_time.zone)).date()
    for ahead in range(DAYS_AHEAD):
        day = today + timedelta(days=ahead)
        if working_time.hours[day.weekday()]:
            yield day, working_time.days_off.name_on(day)
