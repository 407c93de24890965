"""Read the hours and closures of a calendar from plain data.

>>> read_hours({"mon": [["09:00", "17:00"]], "fri": [["22:00", "06:00"]]})[0]
((540, 1020),)

A closing time that is not after the opening time is on the next day. "24:00" closes at
midnight.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

from escalation.calendars.days_off import Closure, DaysOff, is_known_region
from escalation.calendars.working_time import MINUTES_OF_DAY, Opening, Week

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MAX_OPENINGS = 8
MAX_CLOSURES = 200
MAX_NAME = 100
MAX_CLOSURE_DAYS = 366
MAX_SHOWN = 80

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")


class CalendarError(ValueError):
    """A calendar cannot be used. The message names the place, the value, the remedy."""


def read_zone(value: object) -> str:
    """Return a time zone's name. Raises CalendarError."""
    if isinstance(value, str) and value in available_timezones():
        return value
    remedy = "name a zone of the tz database, such as Europe/Berlin"
    raise CalendarError(f"zone: {_shown(value)} is none; {remedy}")


def read_region(value: object) -> str:
    """Return whose public holidays count. Raises CalendarError."""
    if isinstance(value, str) and (not value or is_known_region(value)):
        return value
    remedy = 'write a country or a part of one, such as "DE" or "US-CA", or ""'
    raise CalendarError(f"holidays_of: {_shown(value)} is not known; {remedy}")


def read_hours(value: object) -> Week:
    """Return the openings of a week. Raises CalendarError."""
    if not isinstance(value, Mapping):
        remedy = 'send {"mon": [["09:00", "17:00"]], …}'
        raise CalendarError(f"hours: {_shown(value)} cannot be used; {remedy}")
    for name in value:
        if name not in DAYS:
            known = ", ".join(DAYS)
            raise CalendarError(f"hours: {_shown(name)} is no day; use {known}")
    week = tuple(_read_day(day, value.get(day, [])) for day in DAYS)
    if not any(week):
        raise CalendarError("hours: it never opens; give at least one day an opening")
    return week


def read_closures(value: object) -> tuple[Closure, ...]:
    """Return the closures, the earliest first. Raises CalendarError."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        remedy = 'send a list of {"from", "to", "name"}'
        raise CalendarError(f"closures: {_shown(value)} cannot be used; {remedy}")
    if len(value) > MAX_CLOSURES:
        remedy = f"send at most {MAX_CLOSURES}"
        raise CalendarError(f"closures: there are {len(value)}; {remedy}")
    found = [_read_closure(item, f"closures[{n}]") for n, item in enumerate(value)]
    return tuple(sorted(found, key=lambda one: (one.first_on, one.last_on, one.name)))


def read_days_off(holidays_of: object, closures: object) -> DaysOff:
    """Return both kinds of days off. Raises CalendarError."""
    return DaysOff(read_region(holidays_of), read_closures(closures))


def hours_to_body(week: Week) -> dict[str, list[list[str]]]:
    """Return what `read_hours` reads; days without opening are left out."""
    return {
        day: [[_time(opens), _time(closes)] for opens, closes in openings]
        for day, openings in zip(DAYS, week, strict=True)
        if openings
    }


def closures_to_body(closures: Sequence[Closure]) -> list[dict[str, str]]:
    """Return what `read_closures` reads."""
    return [
        {
            "from": one.first_on.isoformat(),
            "to": one.last_on.isoformat(),
            "name": one.name,
        }
        for one in closures
    ]


def describe_hours(week: Week) -> list[str]:
    """Return sentences such as "Mon to Fri: 09:00 to 17:00"; equal days stand together."""
    runs: list[list[int]] = []
    for day in range(len(DAYS)):
        if runs and week[runs[-1][-1]] == week[day]:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [_describe_run(run, week[run[0]]) for run in runs if week[run[0]]]


def _describe_run(run: Sequence[int], openings: Sequence[Opening]) -> str:
    names = [DAYS[day].capitalize() for day in run]
    days = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"
    times = ", ".join(
        f"{_time(opens)} to {_time(closes)}" for opens, closes in openings
    )
    return f"{days}: {times}"


def _read_day(day: str, value: object) -> tuple[Opening, ...]:
    where = f"hours.{day}"
    if not isinstance(value, Sequence) or isinstance(value, str):
        remedy = 'send a list like [["09:00", "17:00"]]'
        raise CalendarError(f"{where}: {_shown(value)} cannot be used; {remedy}")
    if len(value) > MAX_OPENINGS:
        raise CalendarError(f"{where}: send at most {MAX_OPENINGS} openings")
    found = [_read_opening(item, f"{where}[{n}]") for n, item in enumerate(value)]
    openings = tuple(sorted(found))
    for (_, closes), (opens, _) in pairwise(openings):
        if opens < closes:
            raise CalendarError(f"{where}: two openings overlap; make them one")
    return openings


def _read_opening(value: object, where: str) -> Opening:
    times: Sequence[Any] = value if isinstance(value, list | tuple) else ()
    if len(times) != 2 or not all(_is_time(one) for one in times):  # noqa: PLR2004 (from, to)
        remedy = 'write two times like ["09:00", "17:00"]'
        raise CalendarError(f"{where}: {_shown(value)} cannot be used; {remedy}")
    opens, closes = (_minute(one) for one in times)
    if opens in (closes, MINUTES_OF_DAY):
        remedy = 'write ["00:00", "24:00"] for the whole day'
        raise CalendarError(f"{where}: {_shown(value)} is no opening; {remedy}")
    return opens, closes if closes > opens else closes + MINUTES_OF_DAY


def _read_closure(value: object, where: str) -> Closure:
    members: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    if set(members) != {"from", "to", "name"}:
        remedy = 'send {"from": "2027-12-24", "to": "2027-12-31", "name": "…"}'
        raise CalendarError(f"{where}: {_shown(value)} cannot be used; {remedy}")
    first_on = _read_date(members["from"], f"{where}.from")
    last_on = _read_date(members["to"], f"{where}.to")
    if not timedelta(0) <= last_on - first_on < timedelta(days=MAX_CLOSURE_DAYS):
        remedy = f"it must be the same day or later, within {MAX_CLOSURE_DAYS} days"
        raise CalendarError(f"{where}.to: {last_on} cannot be used; {remedy}")
    name = members["name"]
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= MAX_NAME:
        remedy = f"write 1 to {MAX_NAME} characters"
        raise CalendarError(f"{where}.name: {_shown(name)} cannot be used; {remedy}")
    return Closure(first_on, last_on, name.strip())


def _read_date(value: object, where: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        remedy = "write a date like 2027-12-24"
        raise CalendarError(
            f"{where}: {_shown(value)} cannot be used; {remedy}"
        ) from None


def _is_time(value: object) -> bool:
    return isinstance(value, str) and _TIME.fullmatch(value) is not None


def _minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def _time(minute: int) -> str:
    if minute > MINUTES_OF_DAY:
        minute -= MINUTES_OF_DAY
    return f"{minute // 60:02}:{minute % 60:02}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
