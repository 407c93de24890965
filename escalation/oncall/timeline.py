"""Lay a schedule out as one row for each week, for an image made of rectangles. Pure.

A row goes from a local midnight to the one seven days later. Places are whole numbers
in the units of the image, `WIDTH` of them from side to side; a day of 23 or 25 hours
is as much narrower or wider as it lasts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from escalation.calendars.wall_clock import instant_of, local_of
from escalation.oncall.plan import FALLBACK, SchedulePlan, Shift
from escalation.oncall.shifts import Lanes, gaps, lanes

GUTTER: Final = 110
WIDTH: Final = 1000
LANE: Final = 24
HEAD: Final = 22
SHADES: Final = 8
_WEEK: Final = timedelta(days=7)
_CHARACTER: Final = 7
_PADDING: Final = 10
_SHORTEST: Final = 3


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle; `kind` is shift, fallback or gap, `shade` tells people apart."""

    x: int
    width: int
    kind: str
    shade: int
    label: str
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of bars."""

    name: str
    y: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """The beginning of a day."""

    x: int
    label: str


@dataclass(frozen=True, slots=True)
class Week:
    """One row; `now_x` is None unless the present lies in it."""

    title: str
    height: int
    days: tuple[Tick, ...]
    lanes: tuple[Lane, ...]
    now_x: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    """The time that a row shows, and what it can show."""

    start: datetime
    end: datetime
    zone: ZoneInfo
    names: Mapping[int, str]
    shades: Mapping[int, int]

    def x(self, at: datetime) -> int:
        part = (min(max(at, self.start), self.end) - self.start) / (
            self.end - self.start
        )
        return GUTTER + round(part * (WIDTH - GUTTER))


def weeks(
    plan: SchedulePlan, names: Mapping[int, str], *, now: datetime, days: int
) -> tuple[Week, ...]:
    """Return the rows from today's local midnight on, until `days` are shown."""
    first = local_of(now, plan.zone).date()
    count = -(-days // _WEEK.days)
    return tuple(
        _week(plan, names, first + number * _WEEK, now) for number in range(count)
    )


def _week(
    plan: SchedulePlan, names: Mapping[int, str], first: date, now: datetime
) -> Week:
    start = instant_of(first, time(), plan.zone)
    end = instant_of(first + _WEEK, time(), plan.zone)
    shades = {pk: number % SHADES for number, pk in enumerate(sorted(names))}
    row = _Row(start, end, plan.zone, names, shades)
    shown = _lanes(row, plan, lanes(plan, start, end))
    last = first + _WEEK - timedelta(days=1)
    return Week(
        title=f"{first:%a} {first.day} {first:%b} to {last:%a} {last.day} {last:%b}",
        height=HEAD + LANE * len(shown),
        days=_days(row, first),
        lanes=tuple(shown),
        now_x=row.x(now) if start <= now < end else None,
    )


def _days(row: _Row, first: date) -> tuple[Tick, ...]:
    days = [first + timedelta(days=number) for number in range(_WEEK.days)]
    return tuple(
        Tick(row.x(instant_of(day, time(), row.zone)), f"{day:%a} {day.day}")
        for day in days
    )


def _lanes(row: _Row, plan: SchedulePlan, found: Lanes) -> list[Lane]:
    named = [
        (layer.name, _bars(row, lane))
        for layer, lane in zip(plan.layers, found.layers, strict=True)
    ]
    named.append(("Overrides", _bars(row, found.overrides)))
    named.append(("Final", [*_bars(row, found.final), *_gaps(row, plan)]))
    return [
        Lane(_cut(name, GUTTER), HEAD + LANE * number, tuple(bars))
        for number, (name, bars) in enumerate(named)
    ]


def _bars(row: _Row, lane: Sequence[Shift]) -> list[Bar]:
    return [_bar(row, shift) for shift in lane]


def _bar(row: _Row, shift: Shift) -> Bar:
    x = row.x(shift.start)
    width = max(row.x(shift.end) - x, 1)
    who = ", ".join(row.names.get(pk, "somebody") for pk in shift.people)
    is_fallback = shift.source == FALLBACK
    return Bar(
        x=x,
        width=width,
        kind="fallback" if is_fallback else "shift",
        shade=row.shades.get(shift.people[0], 0),
        label=_first_fitting(width, "gap") if is_fallback else _cut(who, width),
        title=f"{who}{' (fallback)' if is_fallback else ''}: {_times(row, shift)}",
    )


def _gaps(row: _Row, plan: SchedulePlan) -> list[Bar]:
    """Return the gaps of the final lane, where no fallback fills them."""
    if plan.fallback is not None:
        return []
    found = []
    for begin, end in gaps(plan, row.start, row.end):
        x = row.x(begin)
        width = max(row.x(end) - x, 1)
        title = f"nobody: {_local(row, begin)} to {_local(row, end)}"
        found.append(
            Bar(x, width, "gap", 0, _first_fitting(width, "nobody", "gap"), title)
        )
    return found


def _times(row: _Row, shift: Shift) -> str:
    return f"{_local(row, shift.start)} to {_local(row, shift.end)}"


def _local(row: _Row, at: datetime) -> str:
    local = local_of(at, row.zone)
    return f"{local:%a} {local.day} {local:%b %H:%M}"


def _first_fitting(width: int, *labels: str) -> str:
    return next((label for label in labels if _cut(label, width) == label), "")


def _cut(text: str, width: int) -> str:
    """Return as much of a text as fits, nothing where it would be a letter or two."""
    room = (width - _PADDING) // _CHARACTER
    if len(text) <= room:
        return text
    return f"{text[: room - 1]}…" if room > _SHORTEST else ""
