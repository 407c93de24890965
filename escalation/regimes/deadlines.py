"""Count when a stage of a regime is due: the earliest defensible instant, and the latest.

`due_operational` has no extension of any kind: alarms and lateness go by it.
`due_statutory_latest` is by the regime's own rule, and None where it declares none.
Hours are elapsed hours; a day is a local day, of which the day of the event is none, and
a period in days ends with its last second. Nothing here reads a clock.
"""

import calendar as months
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
OUT_OF_RANGE: Final = "the instant is out of range"
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
class _Known:
    """What a count goes by; `due` are stages that were counted on the way, by id."""

    regime: Regime
    anchors: Mapping[str, Sequence[datetime]]
    place: Place
    due: dict[str, datetime | None] = field(default_factory=dict)

    def is_in_effect(self, at: datetime) -> bool:
        """Tell whether the law binds at an instant, by its local day."""
        since = self.regime.effective_from
        if since is None:
            return self.regime.status != Status.PENDING
        return at.astimezone(self.place.zone).date() >= since

    def due_of(self, stage_id: str) -> datetime | None:
        """Return when another stage is due: each is counted once, however many ask."""
        if stage_id not in self.due:
            self.due[stage_id] = None  # A stage that waits for itself is never due.
            stage = self.regime.stage(stage_id)
            answer = _answer(self, stage) if stage else None
            self.due[stage_id] = answer.due_operational if answer else None
        return self.due[stage_id]


@dataclass(frozen=True, slots=True)
class _Counted:
    term: Term
    anchor: str
    period: Period


def deadline(regime: Regime, stage: Stage, anchors: Anchors, place: Place) -> Deadline:
    """Return when a stage is due, from the instants that are known of each anchor."""
    try:
        answer = _answer(_Known(regime, _standing(anchors), place), stage)
    except OverflowError:
        answer = Deadline(DueStatus.WAITING, flags=(OUT_OF_RANGE,))
    flags = [*answer.flags, *(f"uncertain: {text}" for text in stage.uncertain)]
    return replace(answer, citation=stage.citation, flags=tuple(flags))


def _answer(known: "_Known", stage: Stage) -> Deadline:
    return _without_a_date(known, stage) or _dated(known, stage)


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


def _without_a_date(found: _Known, stage: Stage) -> Deadline | None:
    regime, known = found.regime, found.anchors
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
    if since is not None and not found.is_in_effect(since):
        return _before_the_law(regime)
    return Deadline(
        DueStatus.DUE,
        rule=stage.no_date,
        flags=("the law gives no date",),
        anchor=anchor,
        counted_from=since,
    )


def _dated(known: _Known, stage: Stage) -> Deadline:
    regime, place = known.regime, known.place
    found = [
        one
        for term in stage.terms
        if _counts(term, known.anchors)
        for one in _counted(known, stage, term)
    ]
    missing = _missing(stage, known.anchors)
    if not found:
        return Deadline(DueStatus.WAITING, waiting_for=missing)
    found = [one for one in found if known.is_in_effect(one.period.start)]
    if not found:
        return _before_the_law(regime)
    first = min(found, key=lambda one: one.period.end)
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


def _counted(known: _Known, stage: Stage, term: Term) -> list[_Counted]:
    """Return the term's period, none if its anchor is not known or it has lapsed."""
    started = _start(known, term)
    if started is None:
        return []
    anchor, start = started
    place = known.place
    end = start if term.starts_when_due else _end(stage, term, start, place)
    lapses_at = known.anchors.get(term.lapses_before, ())
    if lapses_at and lapses_at[0] > end:
        return []
    is_in_hours = term.unit == Unit.HOURS
    period = Period(start, end, is_in_hours, place.zone, place.calendar)
    return [_Counted(term, anchor, period)]


def _start(known: _Known, term: Term) -> tuple[str, datetime] | None:
    if term.starts_when_due:
        due = known.due_of(term.starts_when_due)
        return (f"due:{term.starts_when_due}", due) if due else None
    named = [(name, at) for name in term.start for at in known.anchors.get(name, ())]
    # What came before the law starts nothing; what came since does, all the same.
    since = [one for one in named if known.is_in_effect(one[1])] or named
    pick = max if term.pick == Pick.LATEST else min
    return pick(since, key=lambda one: one[1], default=None)


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
    """Return the same day of a later month, or that month's last. Raises OverflowError.

    >>> add_months(date(2027, 1, 31), 1)
    datetime.date(2027, 2, 28)
    """
    years, month = divmod(day.month - 1 + count, _MONTHS_A_YEAR)
    year, month = day.year + years, month + 1
    if year > date.max.year:
        raise OverflowError(year)
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


def _before_the_law(regime: Regime) -> Deadline:
    effective = f"law: in effect from {regime.effective_from}"
    return Deadline(DueStatus.PENDING, flags=(effective,))


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
