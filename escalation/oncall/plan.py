"""What a schedule says, as values: rotations in layers, imported shifts, overrides.

`loading.py` makes them from rows, `shifts.py` reads them. Free of Django.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

EVERY_DAY: Final = frozenset(range(7))
# Sources of shifts, as `Shift.source` has them: `rotation:Primary`, `override:12`.
ROTATION: Final = "rotation"
CALENDAR: Final = "calendar"
OVERRIDE: Final = "override"
FALLBACK: Final = "fallback"


class Unit(StrEnum):
    """In what a turn is measured: elapsed hours, or days by the wall clock."""

    HOURS = "hours"
    DAYS = "days"


class Mode(StrEnum):
    """What an override does with who would be on call without it."""

    WHOLE = "whole"
    REPLACE = "replace"
    FILL = "fill"


@dataclass(frozen=True, slots=True)
class Shift:
    """People who are on call together from an instant until another, which is excluded."""

    start: datetime
    end: datetime
    people: tuple[int, ...]
    source: str


@dataclass(frozen=True, slots=True)
class RotationPlan:
    """Groups of people who take turns of `length` units, from a local instant on.

    The first turn begins on `starts_on` at `handoff`; nothing of it is left from
    `ends_on` at `handoff` on. Only what lies in the active hours of the active weekdays
    (0 is Monday) counts; hours that end before they begin go over midnight and belong to
    the day on which they begin. A group without anybody leaves its turn to lower layers.
    """

    name: str
    groups: tuple[tuple[int, ...], ...]
    unit: Unit
    length: int
    starts_on: date
    handoff: time
    ends_on: date | None = None
    weekdays: frozenset[int] = EVERY_DAY
    hours: tuple[time, time] | None = None


@dataclass(frozen=True, slots=True)
class FixedPlan:
    """Shifts from elsewhere, an imported calendar: sorted, none overlaps another."""

    name: str
    shifts: tuple[Shift, ...]


@dataclass(frozen=True, slots=True)
class OverridePlan:
    """Other people for a while.

    `WHOLE` puts them in the place of everybody, `REPLACE` in that of the person
    `replaces` where that person is on call, `FILL` only where nobody is.
    """

    number: int
    start: datetime
    end: datetime
    people: tuple[int, ...]
    mode: Mode = Mode.WHOLE
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class SchedulePlan:
    """A schedule: later layers win over earlier ones, later overrides over both.

    `fallback` is on call where nobody else is.
    """

    zone: ZoneInfo
    layers: tuple[RotationPlan | FixedPlan, ...]
    overrides: tuple[OverridePlan, ...] = ()
    fallback: int | None = None
