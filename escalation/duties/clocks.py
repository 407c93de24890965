"""Bring statutory clocks to what is true now: loads many places, plans, writes in bulk.

Requires an open `recording` and the incidents to be locked, and takes a number of SQL
statements that grows neither with the incidents nor with their clocks.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from django.db import connection

from escalation.duties.basis import Basis, UnreadableText, log_uncounted
from escalation.duties.looking import WARN, Place
from escalation.duties.models import DueDate, StatutoryClock
from escalation.duties.naming import Names
from escalation.duties.paging import Word, tell
from escalation.duties.plan import Change, Key, Step, Terms, plan
from escalation.duties.requests import is_request, key_of_request, terms_of_request
from escalation.duties.terms import due_date_of, key_of, set_terms, span_of, terms_of
from escalation.duties.trail import record_breached, record_step, record_warned
from escalation.duties.wanted import wanted_clocks
from escalation.duties.warnings import DUE, Warned, warn
from incidents.events.actor import Actor
from incidents.timers.schedule import NewTimer, add_timers, cancel_timers

START: Final = "start"


@dataclass(slots=True)
class _Case:
    """One clock while it is looked at and written."""

    clock: StatutoryClock
    step: Step | None = None
    warned: Warned | None = None
    is_fired: bool = False
    is_breach: bool = False

    @property
    def is_news(self) -> bool:
        """Whether there is something to write."""
        return self.step is not None or bool(self.warned and self.warned.given)

    @property
    def begins(self) -> bool:
        """Whether it is due from now on, and was not before."""
        if self.step is None or not self.clock.is_open:
            return False
        before, after = self.step.before, self.step.after
        is_back = Change.RESUMED in self.step.changes
        return after.has_date and (is_back or not before or not before.has_date)


@dataclass(frozen=True, slots=True)
class Renewal:
    """Clocks that somebody has take the present text of their law."""

    clock_ids: frozenset[int]
    actor: Actor


def look_at(
    places: Collection[Place],
    *,
    now: datetime,
    fired: Collection[int] = (),
    renewal: Renewal | None = None,
) -> None:
    """Compute the clocks of organisations on incidents anew; `fired` lost their timer."""
    standing = _standing(places)
    renewed = renewal.clock_ids if renewal else ()
    basis = Basis.load(places, standing, renewed=renewed)
    cases = [
        case
        for place in sorted(places)
        for case in _cases(place, standing.get(place, ()), basis, now)
    ]
    for case in cases:
        case.is_fired = case.clock.pk in fired
        _warn(case, now)
    news = [case for case in cases if case.is_news]
    for case in news:
        case.clock.incident = basis.incidents[case.clock.incident_id]
        case.clock.organisation = basis.organisations[case.clock.organisation_id]
    _write(news, now)
    _arm(cases)
    names = Names.load(case.clock for case in news)
    _record(news, names, now, renewal)
    tell(_words(news, names), basis.profiles, now=now)


def _standing(places: Collection[Place]) -> dict[Place, list[StatutoryClock]]:
    """Return all clocks of these places, those of former rounds too."""
    wanted = set(places)
    rows = StatutoryClock.objects.filter(incident__in={pk for pk, _ in wanted})
    found: dict[Place, list[StatutoryClock]] = defaultdict(list)
    for clock in rows.order_by("pk"):
        if (clock.incident_id, clock.organisation_id) in wanted:
            found[clock.incident_id, clock.organisation_id].append(clock)
    return found


def _cases(
    place: Place, clocks: Sequence[StatutoryClock], basis: Basis, now: datetime
) -> list[_Case]:
    rows = {key_of(clock): clock for clock in clocks}
    wanted: dict[Key, Terms] = {}
    why_not: dict[str, str] = {}
    uncounted = set(basis.unread[place])
    kept: set[tuple[str, str]] = set()
    for duty in basis.duties[place]:
        # One law that cannot be counted does not stop the others.
        try:
            wanted |= wanted_clocks(duty)
        except Exception as error:
            log_uncounted(duty.regime_id, place, error)
            uncounted.add(duty.regime_id)
        if duty.unreadable:
            log_uncounted(duty.regime_id, place, UnreadableText())
            kept |= {(duty.regime_id, stage) for stage in duty.unreadable}
        why_not[duty.regime_id] = duty.why_not
    for request in basis.requests.get(place, ()):
        wanted[key_of_request(request)] = terms_of_request(request)
    standing = {
        key: terms_of(clock)
        for key, clock in rows.items()
        if is_request(key.stage)
        or (key.regime_id not in uncounted and (key.regime_id, key.stage) not in kept)
    }
    steps = {step.key: step for step in plan(standing, wanted, why_not=why_not)}
    cases = [
        _Case(rows.get(key) or _new(place, key, basis, now), steps.get(key))
        for key in sorted(rows.keys() | steps.keys())
    ]
    for case in cases:
        if case.step is not None:
            _follow(case.clock, case.step, now)
    _mark_current(cases)
    return cases


def _new(place: Place, key: Key, basis: Basis, now: datetime) -> StatutoryClock:
    return StatutoryClock(
        incident=basis.incidents[place[0]],
        organisation=basis.organisations[place[1]],
        regime_id=key.regime_id,
        stage=key.stage,
        round=key.round,
        started_at=now,
    )


def _follow(clock: StatutoryClock, step: Step, now: datetime) -> None:
    """Set what a step says. Another date has warnings of its own."""
    set_terms(clock, step.after, now)
    is_back = Change.RESUMED in step.changes
    if is_back or (Change.MOVED in step.changes and step.before):
        clock.moves += 1
    if is_back or step.is_earlier:
        clock.warned = []


def _mark_current(cases: Sequence[_Case]) -> None:
    """Have the last round of each stage be its current clock."""
    for _, rounds in groupby(cases, key=lambda c: (c.clock.regime_id, c.clock.stage)):
        found = list(rounds)
        for case in found:
            case.clock.is_current = case is found[-1]


def _warn(case: _Case, now: datetime) -> None:
    span = span_of(case.clock)
    if span is None:
        return
    said = case.clock.warned
    case.warned = warn(span, said, now)
    case.is_breach = DUE in case.warned.names and DUE not in said
    if case.is_news:
        case.clock.warned = list(case.warned.names)


_SAVE = """
UPDATE tocsin_statutory_clock AS c
SET regime_digest = v.regime_digest, state = v.state, is_provisional = v.is_provisional,
    due_operational = v.due_operational, due_statutory_latest = v.due_statutory_latest,
    anchor = v.anchor, counted_from = v.counted_from, waiting_for = v.waiting_for,
    rule = v.rule, citation = v.citation, flags = v.flags, met_at = v.met_at,
    met_by = v.met_by, ended_at = v.ended_at, state_reason = v.state_reason,
    warned = v.warned, moves = v.moves, is_current = v.is_current
FROM json_populate_recordset(NULL::tocsin_statutory_clock, %s) AS v
WHERE c.id = v.id
"""
_SAVED: Final = (
    *("id", "regime_digest", "state", "is_provisional", "due_operational"),
    *("due_statutory_latest", "anchor", "counted_from", "waiting_for", "rule"),
    *("citation", "flags", "met_at", "met_by", "ended_at", "state_reason", "warned"),
    *("moves", "is_current"),
)


def _write(cases: Sequence[_Case], now: datetime) -> None:
    """Write the rows: those that are no longer current before those that are."""
    _save([case.clock for case in cases if case.clock.pk])
    StatutoryClock.objects.bulk_create(c.clock for c in cases if not c.clock.pk)
    DueDate.objects.bulk_create(
        due_date_of(case.clock, case.step.moved_because, now)
        for case in cases
        if case.step and _has_new_date(case.step)
    )


def _has_new_date(step: Step) -> bool:
    is_first = step.before is None and step.after.has_date
    return is_first or Change.MOVED in step.changes


def _save(clocks: Sequence[StatutoryClock]) -> None:
    if not clocks:
        return
    rows = [{name: getattr(clock, name) for name in _SAVED} for clock in clocks]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [json.dumps(rows, default=str)])


def _arm(cases: Iterable[_Case]) -> None:
    """Set the timer of each clock's next warning, in place of the one that stood."""
    changed = [case for case in cases if case.is_news or case.is_fired]
    if not changed:
        return
    cancel_timers(WARN, [case.clock.pk for case in changed])
    add_timers(
        NewTimer(
            kind=WARN,
            subject_id=case.clock.pk,
            organisation_id=case.clock.organisation_id,
            incident_id=case.clock.incident_id,
            due_at=case.warned.next_at,
        )
        for case in changed
        if case.warned and case.warned.next_at
    )


def _record(
    cases: Sequence[_Case], names: Names, now: datetime, renewal: Renewal | None
) -> None:
    for case in cases:
        clock, name = case.clock, names.name_of(case.clock)
        if case.step is not None:
            is_renewed = renewal is not None and clock.pk in renewal.clock_ids
            actor = renewal.actor if renewal and is_renewed else None
            record_step(clock, name, case.step, actor=actor)
        if case.is_breach:
            record_breached(clock, name, at=now)
        elif case.warned and case.warned.given:
            record_warned(clock, name, case.warned.given, now=now)


def _words(cases: Iterable[_Case], names: Names) -> list[Word]:
    """Return what people must hear now: also at the start that somebody must decide."""
    found = []
    for case in cases:
        given = case.warned.given if case.warned else None
        if given or (case.begins and case.clock.is_provisional):
            name = given.name if given else START
            found.append(Word(case.clock, names.name_of(case.clock), name))
    return found
