"""Read a schedule from plain data, as the API, the file and the form send it.

>>> read_schedule({"name": "Duty", "zone": "Europe/Berlin", "rotations": [
...     {"name": "Primary", "unit": "week", "starts_on": "2026-01-05",
...      "handoff": "09:00", "people": ["ann@lab.example", "bob@lab.example"]},
... ]}).rotations[0].people
(('ann@lab.example',), ('bob@lab.example',))

Free of Django.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import available_timezones

from escalation.oncall.plan import EVERY_DAY, RotationPlan, Unit

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The longest turn is a year.
MAX_EVERY: Final = {"hour": 8760, "day": 366, "week": 52}
_UNITS: Final = {"hour": (Unit.HOURS, 1), "day": (Unit.DAYS, 1), "week": (Unit.DAYS, 7)}
MAX_ROTATIONS: Final = 20
MAX_TURNS: Final = 60
MAX_PEOPLE: Final = 10
MAX_NAME: Final = 100
MAX_SHOWN: Final = 80

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,185}")
_FIELDS: Final = frozenset({"name", "zone", "fallback", "rotations"})
_ROTATION_FIELDS: Final = frozenset(
    {
        "name",
        "every",
        "unit",
        "starts_on",
        "handoff",
        "ends_on",
        "weekdays",
        "hours",
        "people",
    }
)


class ScheduleError(ValueError):
    """A schedule cannot be used. The message names the place, the value, the remedy."""


@dataclass(frozen=True, slots=True)
class RotationDraft:
    """A rotation as it is written: people are e-mail addresses."""

    name: str
    unit: str
    every: int
    starts_on: date
    handoff: time
    people: tuple[tuple[str, ...], ...]
    ends_on: date | None = None
    weekdays: frozenset[int] = EVERY_DAY
    hours: tuple[time, time] | None = None


@dataclass(frozen=True, slots=True)
class ScheduleDraft:
    """A schedule as it is written; an empty `fallback` is nobody."""

    name: str
    zone: str
    fallback: str = ""
    rotations: tuple[RotationDraft, ...] = ()

    def people_by_place(self) -> dict[tuple[str | int, ...], str]:
        """Return {place in the body: e-mail address} of everybody whom it names."""
        found: dict[tuple[str | int, ...], str] = {}
        if self.fallback:
            found["fallback",] = self.fallback
        for number, rotation in enumerate(self.rotations):
            for turn, group in enumerate(rotation.people):
                for index, email in enumerate(group):
                    place = ("rotations", number, "people", turn)
                    found[place if len(group) == 1 else (*place, index)] = email
        return found


def read_schedule(body: Mapping[str, Any]) -> ScheduleDraft:
    """Return the checked schedule. Raises ScheduleError."""
    _check_fields(body, _FIELDS, "")
    rotations = _list(body.get("rotations", []), "rotations", limit=MAX_ROTATIONS)
    fallback = body.get("fallback") or ""
    draft = ScheduleDraft(
        name=_name(body.get("name"), "name", limit=200),
        zone=_zone(body.get("zone")),
        fallback=_email(fallback, "fallback") if fallback else "",
        rotations=tuple(
            read_rotation(item, f"rotations[{n}]") for n, item in enumerate(rotations)
        ),
    )
    _check_names(draft.rotations)
    return draft


def read_rotation(value: object, where: str) -> RotationDraft:
    """Return one checked rotation. Raises ScheduleError."""
    body: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    _check_fields(body, _ROTATION_FIELDS, where)
    unit = body.get("unit")
    if unit not in MAX_EVERY:
        raise _error(f"{where}.unit", unit, f"use one of {', '.join(MAX_EVERY)}")
    starts_on = _date(body.get("starts_on"), f"{where}.starts_on")
    ends_on = body.get("ends_on")
    if ends_on is not None:
        ends_on = _date(ends_on, f"{where}.ends_on")
        if ends_on <= starts_on:
            remedy = f"it must be after the start, {starts_on}"
            raise _error(f"{where}.ends_on", str(ends_on), remedy)
    return RotationDraft(
        name=_name(body.get("name"), f"{where}.name", limit=MAX_NAME),
        unit=unit,
        every=_every(body.get("every", 1), unit, f"{where}.every"),
        starts_on=starts_on,
        handoff=_time(body.get("handoff"), f"{where}.handoff"),
        people=_turns(body.get("people"), f"{where}.people"),
        ends_on=ends_on,
        weekdays=_weekdays(body.get("weekdays"), f"{where}.weekdays"),
        hours=_hours(body.get("hours"), f"{where}.hours"),
    )


def schedule_to_body(draft: ScheduleDraft) -> dict[str, Any]:
    """Return what `read_schedule` reads, in plain values."""
    return {
        "name": draft.name,
        "zone": draft.zone,
        "fallback": draft.fallback or None,
        "rotations": [rotation_to_body(one) for one in draft.rotations],
    }


def rotation_to_body(draft: RotationDraft) -> dict[str, Any]:
    """Return what `read_rotation` reads; what has its default is left out."""
    body: dict[str, Any] = {
        "name": draft.name,
        "every": draft.every,
        "unit": draft.unit,
        "starts_on": draft.starts_on.isoformat(),
        "handoff": f"{draft.handoff:%H:%M}",
    }
    if draft.ends_on is not None:
        body["ends_on"] = draft.ends_on.isoformat()
    if draft.weekdays != EVERY_DAY:
        body["weekdays"] = [DAYS[day] for day in sorted(draft.weekdays)]
    if draft.hours is not None:
        body["hours"] = [f"{at:%H:%M}" for at in draft.hours]
    people = [turn[0] if len(turn) == 1 else list(turn) for turn in draft.people]
    return {**body, "people": people}


def rotation_plan(
    draft: RotationDraft, groups: Sequence[Sequence[int]]
) -> RotationPlan:
    """Return the rotation as it is computed with, with the ids of who has each turn."""
    unit, factor = _UNITS[draft.unit]
    return RotationPlan(
        name=draft.name,
        groups=tuple(tuple(group) for group in groups),
        unit=unit,
        length=draft.every * factor,
        starts_on=draft.starts_on,
        handoff=draft.handoff,
        ends_on=draft.ends_on,
        weekdays=draft.weekdays,
        hours=draft.hours,
    )


def _check_fields(body: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for name in body:
        if name not in known:
            place = f"{where}.{name}" if where else str(name)
            remedy = f"leave it out; known are {', '.join(sorted(known))}"
            raise _error(place, body[name], remedy)


def _check_names(rotations: Sequence[RotationDraft]) -> None:
    seen: set[str] = set()
    for number, one in enumerate(rotations):
        if one.name in seen:
            remedy = "another rotation of the schedule has it; choose another"
            raise _error(f"rotations[{number}].name", one.name, remedy)
        seen.add(one.name)


def _name(value: object, where: str, *, limit: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= limit:
        raise _error(where, value, f"write 1 to {limit} characters")
    return value.strip()


def _zone(value: object) -> str:
    if not isinstance(value, str) or value not in available_timezones():
        remedy = "name a zone of the tz database, such as Europe/Berlin"
        raise _error("zone", value, remedy)
    return value


def _every(value: object, unit: str, where: str) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 1 <= value <= MAX_EVERY[unit]:  # type: ignore[operator]  # is_whole
        remedy = f"write a whole number of {unit}s from 1 to {MAX_EVERY[unit]}"
        raise _error(where, value, remedy)
    return int(value)  # type: ignore[call-overload, no-any-return]  # is_whole


def _date(value: object, where: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        found = value
    else:
        try:
            found = date.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise _error(where, value, "write a date like 2026-01-05") from None
    # Room on both sides for what is computed from it.
    if not 1970 <= found.year <= 2200:  # noqa: PLR2004
        raise _error(where, str(found), "choose a year from 1970 to 2200")
    return found


def _time(value: object, where: str) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value.replace(second=0, microsecond=0)
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise _error(where, value, "write a local time like 09:00")
    return time.fromisoformat(value)


def _hours(value: object, where: str) -> tuple[time, time] | None:
    if value is None:
        return None
    times = _list(value, where, limit=2)
    if len(times) != 2:  # noqa: PLR2004 (from, until)
        raise _error(where, value, 'write two times like ["22:00", "06:00"]')
    opens, closes = (_time(at, f"{where}[{n}]") for n, at in enumerate(times))
    return opens, closes


def _weekdays(value: object, where: str) -> frozenset[int]:
    if value is None:
        return EVERY_DAY
    days = _list(value, where, limit=len(DAYS))
    for number, day in enumerate(days):
        if day not in DAYS:
            raise _error(f"{where}[{number}]", day, f"use {', '.join(DAYS)}")
    if not days:
        raise _error(where, value, "name at least one day, or leave it out for all")
    return frozenset(DAYS.index(day) for day in days)


def _turns(value: object, where: str) -> tuple[tuple[str, ...], ...]:
    turns = _list(value, where, limit=MAX_TURNS)
    if not turns:
        raise _error(where, value, "name at least one person, by e-mail address")
    return tuple(_turn(turn, f"{where}[{n}]") for n, turn in enumerate(turns))


def _turn(value: object, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_email(value, where),)
    people = _list(value, where, limit=MAX_PEOPLE)
    if not people:
        raise _error(where, value, "name at least one person of this turn")
    found = [_email(one, f"{where}[{n}]") for n, one in enumerate(people)]
    return tuple(dict.fromkeys(found))


def _email(value: object, where: str) -> str:
    if not isinstance(value, str) or not _EMAIL.fullmatch(value.strip()):
        raise _error(where, value, "write an e-mail address like ann@lab.example")
    return value.strip().lower()


def _list(value: object, where: str, *, limit: int) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise _error(where, value, "write a list")
    if len(value) > limit:
        raise _error(where, f"{len(value)} items", f"write at most {limit}")
    return value


def _error(where: str, value: object, remedy: str) -> ScheduleError:
    shown = repr(value)
    shown = shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"
    return ScheduleError(f"{where}: {shown} cannot be used; {remedy}")
