"""Count when a stage of a regime is due: the earliest defensible instant, and the latest.

`due_operational` has no extension of any kind: alarms and lateness go by it.
`due_statutory_latest` is by the regime's own rule, and None where it declares none.
Hours are elapsed hours; a day is a local day, of which the day of the event is none, and
a period in days ends with its last second. Nothing here reads a clock.
"""

import calendar as months
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from escalation.calendars.wall_clock import instant_of
from escalation.regimes.calendars import RECALLED, add_working_days
from escalation.regimes.regime import (
    SUBMITTED,
    Pick,
    Regime,
    Stage,
    Status,
    Term,
    Unit,
)
from escalation.regimes.rules import END_OF_DAY, RULES, Period

Anchors = Mapping[str, Sequence[datetime]]

REOPENED: Final = "reopened"
# What a reopening makes undone.
_UNDONE: Final = ("resolved", "handled")
_WEEK_DAYS: Final = 7
_MONTHS_A_YEAR: Final = 12


class DueStatus(StrEnum):
    """What can be said of a due date."""

    DUE = "due"
    WAITING = "waiting"
    NOT_APPLICABLE = "not_applicable"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a stage is due. `waiting_for` are anchors that would give a date or another.

    It runs from `counted_from`, the instant of `anchor`.
    """

    status: DueStatus
    due_operational: datetime | None = None
    due_statutory_latest: datetime | None = None
    waiting_for: tuple[str, ...] = ()
    rule: str = ""
    citation: str = ""
    flags: tuple[str, ...] = ()
    anchor: str = ""
    counted_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a clock is read, and by whose holidays; `entity` is who has the duty."""

    zone: ZoneInfo
    calendar: str
    entity: str = ""


@dataclass(frozen=True, slots=True)
class _Counted:
    term: Term
    anchor: str
    period: Period


def deadline(regime: Regime, stage: Stage, anchors: Anchors, place: Place) -> Deadline:
    """Return when a stage is due, from the instants that are known of each anchor."""
    known = _standing(anchors)
    answer = _without_a_date(regime, stage, known) or _dated(
        regime, stage, known, place
    )
    flags = [*answer.flags, *(f"uncertain: {text}" for text in stage.uncertain)]
    return replace(answer, citation=stage.citation, flags=tuple(flags))


def _standing(anchors: Anchors) -> dict[str, list[datetime]]:
    """Return the anchors in order, without what a later reopening made undone.

    In UTC: two local times of one zone compare by what the wall clock shows.
    """
    known = {
        name: sorted(at.astimezone(UTC) for at in instants)
        for name, instants in anchors.items()
        if instants
    }
    if REOPENED in known:
        since = known[REOPENED][-1]
        for name in _UNDONE:
            left = [at for at in known.pop(name, ()) if at >= since]
            if left:
                known[name] = left
    return known


def _without_a_date(
    regime: Regime, stage: Stage, known: Mapping[str, Sequence[datetime]]
) -> Deadline | None:
    if regime.status in (Status.NOT_IN_EFFECT, Status.DRAFT):
        return Deadline(DueStatus.PENDING, flags=(f"law: {regime.status}",))
    if ended := next((name for name in stage.ends if name in known), None):
        return Deadline(DueStatus.NOT_APPLICABLE, flags=(f"ended: {ended}",))
    if stage.no_date is None:
        return None
    missing = tuple(name for name in stage.anchors if name not in known)
    if missing:
        return Deadline(DueStatus.WAITING, waiting_for=missing, rule=stage.no_date)
    anchor, since = max(
        ((name, known[name][-1]) for name in stage.anchors),
        key=lambda one: one[1],
        default=("", None),
    )
    return Deadline(
        DueStatus.DUE,
        rule=stage.no_date,
        flags=("the law gives no date",),
        anchor=anchor,
        counted_from=since,
    )


def _dated(
    regime: Regime,
    stage: Stage,
    known: Mapping[str, Sequence[datetime]],
    place: Place,
) -> Deadline:
    found = [
        one
        for term in stage.terms
        if _counts(term, known)
        for one in _counted(regime, stage, term, known, place)
    ]
    missing = _missing(stage, known)
    if not found:
        return Deadline(DueStatus.WAITING, waiting_for=missing)
    first = min(found, key=lambda one: one.period.end)
    if _is_before_the_law(regime, first, place):
        effective = f"law: in effect from {regime.effective_from}"
        return Deadline(DueStatus.PENDING, flags=(effective,))
    return Deadline(
        DueStatus.DUE,
        due_operational=first.period.end.astimezone(place.zone),
        due_statutory_latest=_latest(stage, first, place),
        waiting_for=missing,
        rule=_rule(stage, first),
        flags=_flags(stage, found, first, missing, place),
        anchor=first.anchor,
        counted_from=first.period.start.astimezone(UTC),
    )


def _counts(term: Term, known: Mapping[str, Sequence[datetime]]) -> bool:
    return all(name in known for name in term.when) and not any(
        name in known for name in term.unless
    )


def _counted(
    regime: Regime,
    stage: Stage,
    term: Term,
    known: Mapping[str, Sequence[datetime]],
    place: Place,
) -> list[_Counted]:
    """Return the term's period, none if its anchor is not known or it has lapsed."""
    started = _start(regime, term, known, place)
    if started is None:
        return []
    anchor, start = started
    end = start if term.starts_when_due else _end(stage, term, start, place)
    lapses_at = known.get(term.lapses_before, ())
    if lapses_at and lapses_at[0] > end:
        return []
    is_in_hours = term.unit == Unit.HOURS
    period = Period(start, end, is_in_hours, place.zone, place.calendar)
    return [_Counted(term, anchor, period)]


def _start(
    regime: Regime,
    term: Term,
    known: Mapping[str, Sequence[datetime]],
    place: Place,
) -> tuple[str, datetime] | None:
    if term.starts_when_due:
        other = regime.stage(term.starts_when_due)
        due = other and deadline(regime, other, known, place).due_operational
        return (f"due:{term.starts_when_due}", due) if due else None
    if term.pick == Pick.LATEST:
        return max(
            ((name, known[name][-1]) for name in term.start if name in known),
            key=lambda one: one[1],
            default=None,
        )
    return min(
        ((name, known[name][0]) for name in term.start if name in known),
        key=lambda one: one[1],
        default=None,
    )


def _end(stage: Stage, term: Term, start: datetime, place: Place) -> datetime:
    if term.unit == Unit.HOURS:
        return start.astimezone(UTC) + timedelta(hours=term.length)
    day = start.astimezone(place.zone).date()
    last = _last_day(term, day, place.calendar)
    return instant_of(last, stage.cut_off or END_OF_DAY, place.zone)


def _last_day(term: Term, day: date, calendar: str) -> date:
    match term.unit:
        case Unit.BUSINESS_DAYS:
            return add_working_days(day, term.length, calendar)
        case Unit.MONTHS:
            return add_months(day, term.length)
        case Unit.WEEKS:
            return day + timedelta(days=_WEEK_DAYS * term.length)
        case _:
            return day + timedelta(days=term.length)


def add_months(day: date, count: int) -> date:
    """Return the same day of a later month, or that month's last.

    >>> add_months(date(2027, 1, 31), 1)
    datetime.date(2027, 2, 28)
    """
    years, month = divmod(day.month - 1 + count, _MONTHS_A_YEAR)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, months.monthrange(year, month)[1]))


def _latest(stage: Stage, first: _Counted, place: Place) -> datetime | None:
    """Return the latest instant that the law allows, None where no rule is declared."""
    if not stage.statutory:
        return None
    is_relieved = not stage.relief or stage.relief == place.entity
    rule = RULES[stage.statutory if is_relieved else "as_counted"]
    return rule(first.period).astimezone(place.zone)


def _missing(stage: Stage, known: Mapping[str, Sequence[datetime]]) -> tuple[str, ...]:
    """Return the anchors that would give a date, or an earlier one."""
    names = [
        name
        for term in stage.terms
        if _counts(term, known)
        and not (term.pick == Pick.LATEST and any(n in known for n in term.start))
        for name in term.start
        if name not in known
    ]
    return tuple(dict.fromkeys(names))


def _is_before_the_law(regime: Regime, first: _Counted, place: Place) -> bool:
    if regime.effective_from is None:
        return regime.status == Status.PENDING
    local = first.period.start.astimezone(place.zone)
    return local.date() < regime.effective_from


def _rule(stage: Stage, first: _Counted) -> str:
    term = first.term
    if term.starts_when_due:
        return f"when {term.starts_when_due} is due"
    parts = [f"{term.length} {term.unit} from {first.anchor}"]
    if stage.cut_off:
        parts.append(f"until {stage.cut_off:%H:%M}")
    if stage.statutory:
        parts.append(f"statutory: {stage.statutory}")
    return ", ".join(parts)


def _flags(
    stage: Stage,
    found: Sequence[_Counted],
    first: _Counted,
    missing: Sequence[str],
    place: Place,
) -> tuple[str, ...]:
    flags = []
    if len(found) > 1 or len(first.term.start) > 1:
        flags.append(f"counted from: {first.anchor}")
    if missing and len(stage.terms) > 1:
        flags.append(f"may change with: {', '.join(missing)}")
    if stage.relief and stage.relief != place.entity:
        flags.append(f"no relief: not {stage.relief}")
    if place.calendar in RECALLED:
        flags.append(f"calendar {place.calendar} is as recalled")
    if stage.is_recurring:
        flags.append("recurring")
    if first.anchor.startswith(SUBMITTED):
        flags.append("counted from the submission itself")
    return tuple(flags)
