"""Say who is on call: `shifts` for a stretch of time, `who` for an instant. Free of Django.

    layer 1   AAAAAAAABBBBBBBBAAAAAAAA      rotations and imported calendars
    layer 2        CCC                      later layers win where they have somebody
    overrides                DD             later ones win over earlier ones
    final     AAAAACCCBBBBBBBDDAAAAAAA      what pages people; gaps go to the fallback

Exact to the second: see `wall_clock.py` for what happens when the clocks change.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise, takewhile
from typing import Final

from escalation.oncall.plan import (
    FALLBACK,
    OVERRIDE,
    FixedPlan,
    Mode,
    OverridePlan,
    RotationPlan,
    SchedulePlan,
    Shift,
)
from escalation.oncall.turns import turns

_TICK: Final = timedelta(microseconds=1)
# How far `next_on_call` looks, a little at first: the next shift is mostly near.
_LOOK_AHEAD: Final = tuple(timedelta(days=n) for n in (2, 14, 60, 400))


@dataclass(frozen=True, slots=True)
class Lanes:
    """A schedule as people look at it: each layer alone, the overrides, what results."""

    layers: tuple[tuple[Shift, ...], ...]
    overrides: tuple[Shift, ...]
    final: tuple[Shift, ...]


def shifts(plan: SchedulePlan, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """Return who is on call between two instants, in order, cut to them.

    Where nobody is and no fallback is named there is no shift.
    """
    return tuple(_with_fallback(plan, covered(plan, start, end), start, end))


def who(plan: SchedulePlan, at: datetime) -> tuple[int, ...]:
    """Return the ids of those who are on call at an instant, none in a gap."""
    found = shifts(plan, at, at + _TICK)
    return found[0].people if found else ()


def next_on_call(plan: SchedulePlan, at: datetime) -> tuple[int, ...]:
    """Return the people of the next shift that has other people, none within 400 days."""
    shift = next_shift(plan, at)
    return shift.people if shift else ()


def next_shift(plan: SchedulePlan, at: datetime) -> Shift | None:
    """Return the next shift that has other people than now; a fallback has no shifts."""
    present = set(who(plan, at))
    start = at
    for ahead in _LOOK_AHEAD:
        for shift in covered(plan, start, at + ahead):
            if shift.start > at and set(shift.people) != present:
                return shift
        start = at + ahead
    return None


def gaps(
    plan: SchedulePlan, start: datetime, end: datetime
) -> tuple[tuple[datetime, datetime], ...]:
    """Return the times at which nobody is on call, whether or not there is a fallback."""
    return tuple(_uncovered(covered(plan, start, end), start, end))


def lanes(plan: SchedulePlan, start: datetime, end: datetime) -> Lanes:
    """Return every lane of the schedule between two instants."""
    overrides = [_shift(one, start, end) for one in _touching(plan, start, end)]
    return Lanes(
        layers=tuple(tuple(_layer(x, plan, start, end)) for x in plan.layers),
        overrides=tuple(sorted(overrides, key=lambda shift: shift.start)),
        final=shifts(plan, start, end),
    )


def covered(plan: SchedulePlan, start: datetime, end: datetime) -> list[Shift]:
    """Return who is on call by rotation, calendar or override: without the fallback."""
    lane: list[Shift] = []
    for layer in plan.layers:
        lane = _overlay(_layer(layer, plan, start, end), lane)
    for override in _touching(plan, start, end):
        lane = _apply(override, _shift(override, start, end), lane)
    return _joined(lane)


def worked_out(plan: SchedulePlan, start: datetime, end: datetime) -> SchedulePlan:
    """Return a plan that says the same between two instants, and answers faster."""
    found = tuple(covered(plan, start, end))
    return replace(plan, layers=(FixedPlan("", found),), overrides=())


def flattened(shifts_: Iterable[Shift]) -> tuple[Shift, ...]:
    """Return shifts that may overlap as ones that do not, with everybody together."""
    found = sorted(shifts_, key=lambda shift: (shift.start, shift.end))
    edges = sorted({edge for shift in found for edge in (shift.start, shift.end)})
    flat: list[Shift] = []
    begun: list[Shift] = []
    at = 0
    for start, end in pairwise(edges):
        while at < len(found) and found[at].start <= start:
            begun.append(found[at])
            at += 1
        begun = [shift for shift in begun if shift.end > start]
        if begun:
            people = dict.fromkeys(person for one in begun for person in one.people)
            flat.append(Shift(start, end, tuple(people), begun[0].source))
    return tuple(_joined(flat))


def _layer(
    layer: RotationPlan | FixedPlan, plan: SchedulePlan, start: datetime, end: datetime
) -> list[Shift]:
    if isinstance(layer, RotationPlan):
        return _joined(turns(layer, start, end, plan.zone))
    # Sorted, and none overlaps another: the first that matters is looked up.
    first = bisect_right(layer.shifts, start, key=lambda shift: shift.end)
    return [
        replace(shift, start=max(shift.start, start), end=min(shift.end, end))
        for shift in takewhile(lambda one: one.start < end, layer.shifts[first:])
        if shift.people
    ]


def _touching(
    plan: SchedulePlan, start: datetime, end: datetime
) -> Iterator[OverridePlan]:
    return (one for one in plan.overrides if one.start < end and one.end > start)


def _shift(override: OverridePlan, start: datetime, end: datetime) -> Shift:
    begin, stop = max(override.start, start), min(override.end, end)
    return Shift(begin, stop, override.people, f"{OVERRIDE}:{override.number}")


def _apply(override: OverridePlan, shift: Shift, lane: list[Shift]) -> list[Shift]:
    if not shift.people:
        return lane
    if override.mode is Mode.WHOLE:
        return _overlay([shift], lane)
    if override.mode is Mode.FILL:
        return _overlay(lane, [shift])
    inside = [
        replace(
            other,
            start=max(other.start, shift.start),
            end=min(other.end, shift.end),
            people=_exchanged(other.people, override.replaces, shift.people),
            source=shift.source,
        )
        for other in lane
        if other.start < shift.end
        and other.end > shift.start
        and override.replaces in other.people
    ]
    return _overlay(inside, lane)


def _exchanged(
    people: tuple[int, ...], out: int | None, into: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the people with `into` in the place of one of them, nobody twice."""
    pairs = (into if person == out else (person,) for person in people)
    return tuple(dict.fromkeys(person for pair in pairs for person in pair))


def _overlay(top: Sequence[Shift], base: Sequence[Shift]) -> list[Shift]:
    """Return `top`, and of `base` what `top` leaves free. Both are sorted."""
    if not top or not base:
        return list(top or base)
    lane: list[Shift] = []
    at = 0
    for shift in base:
        start = shift.start
        while at < len(top) and top[at].end <= start:
            lane.append(top[at])
            at += 1
        ahead = at
        while ahead < len(top) and top[ahead].start < shift.end:
            if start < top[ahead].start:
                lane.append(_part(shift, start, top[ahead].start))
            start = max(start, top[ahead].end)
            if start >= shift.end:
                break
            lane.append(top[ahead])
            ahead += 1
        at = ahead
        if start < shift.end:
            lane.append(_part(shift, start, shift.end))
    lane.extend(top[at:])
    return lane


def _part(shift: Shift, start: datetime, end: datetime) -> Shift:
    return Shift(start, end, shift.people, shift.source)


def _joined(lane: Iterable[Shift]) -> list[Shift]:
    """Return the lane with neighbours of the same people and source made one."""
    joined: list[Shift] = []
    for shift in lane:
        last = joined[-1] if joined else None
        if (
            last is not None
            and last.end == shift.start
            and last.people == shift.people
            and last.source == shift.source
        ):
            joined[-1] = _part(last, last.start, shift.end)
        else:
            joined.append(shift)
    return joined


def _uncovered(
    lane: Iterable[Shift], start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    at = start
    for shift in lane:
        if at < shift.start:
            yield at, shift.start
        at = shift.end
    if at < end:
        yield at, end


def _with_fallback(
    plan: SchedulePlan, lane: list[Shift], start: datetime, end: datetime
) -> list[Shift]:
    if plan.fallback is None:
        return lane
    people = (plan.fallback,)
    free = _uncovered(lane, start, end)
    filled = [Shift(begin, stop, people, FALLBACK) for begin, stop in free]
    return _overlay(lane, filled)
