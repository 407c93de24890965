"""Say who of one rotation has the turn when. Free of Django."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from escalation.calendars.wall_clock import instant_of, local_of
from escalation.oncall.plan import EVERY_DAY, ROTATION, RotationPlan, Shift, Unit

_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = time()
# A wall clock that was set back a whole day is the farthest that local dates repeat.
_MARGIN: Final = 2

Interval = tuple[datetime, datetime]


def turns(
    rotation: RotationPlan, start: datetime, end: datetime, zone: ZoneInfo
) -> list[Shift]:
    """Return the turns between two instants, cut to them and to the active hours."""
    windows = list(_windows(rotation, start, end, zone))
    source = f"{ROTATION}:{rotation.name}"
    found: list[Shift] = []
    at = 0
    for number, (turn_start, turn_end) in _turns(rotation, start, end, zone):
        people = rotation.groups[number % len(rotation.groups)]
        while at < len(windows) and windows[at][1] <= turn_start:
            at += 1
        ahead = at
        while people and ahead < len(windows) and windows[ahead][0] < turn_end:
            begin = max(turn_start, windows[ahead][0])
            found.append(Shift(begin, min(turn_end, windows[ahead][1]), people, source))
            ahead += 1
    return found


def _turns(
    rotation: RotationPlan, start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[int, Interval]]:
    """Yield (number, interval) of the turns that touch the time between two instants."""
    if not rotation.groups:
        return
    if rotation.ends_on is not None:
        end = min(end, instant_of(rotation.ends_on, rotation.handoff, zone))
    number = _first_number(rotation, start, zone)
    starts = _turn_starts(rotation, number, zone)
    begin = next(starts)
    while begin < end:
        stop = next(starts)
        if stop > start and begin < stop:
            yield number, (max(begin, start), min(stop, end))
        number, begin = number + 1, stop


def _turn_starts(
    rotation: RotationPlan, number: int, zone: ZoneInfo
) -> Iterator[datetime]:
    """Yield when this turn begins and each after it: days are local, hours elapse."""
    if rotation.unit is Unit.DAYS:
        while True:
            day = rotation.starts_on + number * rotation.length * _DAY
            yield instant_of(day, rotation.handoff, zone)
            number += 1
    length = timedelta(hours=rotation.length)
    begin = instant_of(rotation.starts_on, rotation.handoff, zone) + number * length
    while True:
        yield begin
        begin += length


def _first_number(rotation: RotationPlan, at: datetime, zone: ZoneInfo) -> int:
    """Return the number of a turn that is not after the one at this instant, but near."""
    if rotation.unit is Unit.DAYS:
        days = (local_of(at, zone).date() - rotation.starts_on).days - _MARGIN
        return max(0, days // rotation.length)
    elapsed = at - instant_of(rotation.starts_on, rotation.handoff, zone)
    return max(0, elapsed // timedelta(hours=rotation.length))


def _windows(
    rotation: RotationPlan, start: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[Interval]:
    """Yield the active times between two instants, in order."""
    if rotation.hours is None and rotation.weekdays == EVERY_DAY:
        yield start, end
        return
    opens, closes = rotation.hours or (_MIDNIGHT, _MIDNIGHT)
    day = local_of(start, zone).date() - _MARGIN * _DAY
    last = local_of(end, zone).date() + _DAY
    while day <= last:
        if day.weekday() in rotation.weekdays:
            stop_on: date = day if opens < closes else day + _DAY
            begin = max(start, instant_of(day, opens, zone))
            stop = min(end, instant_of(stop_on, closes, zone))
            if begin < stop:
                yield begin, stop
        day += _DAY
