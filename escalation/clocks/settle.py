"""Bring clocks to what is true now: loads a batch, judges each, writes in bulk.

Every function here requires an open `recording` and the incidents to be locked, and
takes a number of SQL statements that does not grow with the batch.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from escalation.clocks.acts import RESOLVED, Act, Awaited, acts_on, done_at
from escalation.clocks.alarms import Alarm, tell
from escalation.clocks.breaches import act_on_breaches
from escalation.clocks.models import Clock, ClockPause, ClockState
from escalation.clocks.sla import Terms
from escalation.clocks.terms import pauses_of, terms_of
from escalation.clocks.timers import arm
from escalation.clocks.trail import WAITING, record_change
from escalation.clocks.verdict import (
    Change,
    Facts,
    Standing,
    State,
    Verdict,
    judge,
)
from incidents.models import Outcome, Question, Share, Status, TriageRow

# An outcome by which an agency lays an incident aside.
_ASIDE = {Outcome.NOT_OURS: "not ours", Outcome.DUPLICATE: "a duplicate"}


@dataclass(slots=True)
class _Case:
    """One clock while it is judged and written."""

    clock: Clock
    terms: Terms
    facts: Facts
    verdict: Verdict
    # Whether the timers that stand are no longer right.
    is_moved: bool


def open_clocks(incident_ids: Iterable[int]) -> list[Clock]:
    """Return the clocks of incidents that can still change, with what settling needs."""
    rows = Clock.objects.filter(incident__in=set(incident_ids), ended_at=None)
    return loaded(rows.values_list("pk", flat=True))


def loaded(ids: Iterable[int]) -> list[Clock]:
    """Return clocks with what settling needs, oldest first."""
    related = ("incident__organisation", "organisation", "version__policy")
    rows = Clock.objects.filter(pk__in=set(ids), ended_at=None)
    return list(rows.select_related(*related).order_by("pk"))


def settle(clocks: Sequence[Clock], *, now: datetime) -> None:
    """Bring clocks that are not over to what is true at `now`."""
    if clocks:
        _settle(clocks, pauses_of(clocks), now, are_new=False)


def settle_new(
    clocks: Sequence[Clock], pauses: dict[int, list[ClockPause]], *, now: datetime
) -> None:
    """Bring clocks that were made just now, with the pauses they have, to what is true."""
    if clocks:
        _settle(clocks, pauses, now, are_new=True)


def _settle(
    clocks: Sequence[Clock],
    pauses: dict[int, list[ClockPause]],
    now: datetime,
    *,
    are_new: bool,
) -> None:
    _follow_questions(clocks, pauses, now)
    known = _Known.load(clocks)
    cases = []
    for clock in clocks:
        terms = terms_of(clock, pauses.get(clock.pk, ()))
        facts = known.facts_of(clock)
        standing = Standing(State(clock.state), frozenset(clock.warned))
        verdict = judge(standing, terms, facts, now)
        is_moved = are_new or _is_moved(clock, verdict)
        cases.append(_Case(clock, terms, facts, verdict, is_moved))
    _write(cases, now, are_new=are_new)


def _follow_questions(
    clocks: Sequence[Clock], pauses: dict[int, list[ClockPause]], now: datetime
) -> None:
    """Pause clocks while their organisation's question is open, to the exact instants.

    A pause that began ends with the answer, also when the clock's target is another now.
    """
    watching = [
        clock
        for clock in clocks
        if clock.is_paused_while_asked or _is_waiting(pauses.get(clock.pk, ()))
    ]
    if not watching:
        return
    questions = Question.objects.filter(incident__in={c.incident_id for c in watching})
    made, ended = [], []
    for question in questions:
        for clock in watching:
            if not _waits_for(clock, question):
                continue
            own = pauses.setdefault(clock.pk, [])
            row = next((p for p in own if p.question_id == question.pk), None)
            if row is None and clock.is_paused_while_asked:
                made.append(_pause_for(clock, question))
                own.append(made[-1])
            elif row and row.to_at is None and question.answered_at is not None:
                row.to_at = question.answered_at
                ended.append(row)
    ClockPause.objects.bulk_create(made)
    if ended:
        ClockPause.objects.bulk_update(ended, ["to_at"])


def _is_waiting(pauses: Iterable[ClockPause]) -> bool:
    return any(row.question_id is not None and row.to_at is None for row in pauses)


def _waits_for(clock: Clock, question: Question) -> bool:
    is_own = (clock.incident_id, clock.organisation_id) == (
        question.incident_id,
        question.organisation_id,
    )
    is_before = question.answered_at and question.answered_at <= clock.started_at
    return is_own and not is_before


def _pause_for(clock: Clock, question: Question) -> ClockPause:
    return ClockPause(
        clock=clock,
        organisation_id=clock.organisation_id,
        question=question,
        reason=WAITING,
        from_at=max(question.asked_at, clock.started_at),
        to_at=question.answered_at,
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What the facts of a batch are made of."""

    acts: dict[int, list[Act]]
    unshared: dict[tuple[int, int], datetime]
    aside: dict[tuple[int, int], tuple[datetime, str]]

    @classmethod
    def load(cls, clocks: Sequence[Clock]) -> "_Known":
        """Read the acts on the incidents and what ended the agencies' part."""
        incident_ids = {clock.incident_id for clock in clocks}
        agencies = {c.organisation_id for c in clocks if not _is_owner(c)}
        if not agencies:
            return cls(acts_on(incident_ids), {}, {})
        shares = Share.objects.filter(
            incident__in=incident_ids, agency__in=agencies
        ).order_by("pk")
        latest = {(s.incident_id, s.agency_id): s.unshared_at for s in shares}
        rows = TriageRow.objects.filter(
            incident__in=incident_ids, organisation__in=agencies, outcome__in=_ASIDE
        )
        aside = {
            (r.incident_id, r.organisation_id): (
                r.decided_at,
                f"triaged as {_ASIDE[Outcome(r.outcome)]}",
            )
            for r in rows
            if r.decided_at is not None
        }
        ended = {pair: at for pair, at in latest.items() if at is not None}
        return cls(acts_on(incident_ids), ended, aside)

    def facts_of(self, clock: Clock) -> Facts:
        """Return what was done for a clock, and what else ended it."""
        awaited = Awaited(
            clock.what,
            clock.side,
            clock.organisation_id,
            clock.incident.organisation_id,
        )
        acts = self.acts.get(clock.incident_id, [])
        done = done_at(awaited, acts, since=clock.started_at)
        ended_at, because = self._ending(clock, acts)
        is_shared = (clock.incident_id, clock.organisation_id) not in self.unshared
        return Facts(done, ended_at, because, is_shared)

    def _ending(self, clock: Clock, acts: Sequence[Act]) -> tuple[datetime | None, str]:
        pair = clock.incident_id, clock.organisation_id
        if pair in self.unshared:
            return self.unshared[pair], "no longer shared"
        if clock.incident.status == Status.MERGED:
            return clock.incident.resolved_at, "merged into another incident"
        if pair in self.aside and self.aside[pair][0] >= clock.started_at:
            return self.aside[pair]
        # Also of one that was reopened since: its clocks start anew.
        for act in acts:
            if act.kind == RESOLVED and act.at >= clock.started_at:
                return act.at, "resolved"
        return None, ""


def _is_owner(clock: Clock) -> bool:
    return clock.organisation_id == clock.incident.organisation_id


def _write(cases: Sequence[_Case], now: datetime, *, are_new: bool) -> None:
    for case in cases:
        _set(case, now)
    # An overdue clock comes to its end without a change of its state.
    save_clocks(
        [c.clock for c in cases if c.is_moved or c.verdict.changes or c.verdict.is_over]
    )
    for case in cases:
        for change in case.verdict.changes:
            record_change(case.clock, change, case.verdict, terms=case.terms, now=now)
    arm([(c.clock, c.terms) for c in cases if c.is_moved], are_new=are_new)
    tell(_alarms(cases), now=now)
    act_on_breaches(
        [
            c.clock
            for c in cases
            if Change.BREACHED in c.verdict.changes and _is_open(c)
        ],
        now=now,
    )


_SAVE = """
UPDATE tocsin_clock AS c
SET state = v.state, state_reason = v.state_reason, due_at = v.due_at,
    met_at = v.met_at, breached_at = v.breached_at, ended_at = v.ended_at,
    warned = v.warned, is_current = v.is_current
FROM json_populate_recordset(NULL::tocsin_clock, %s) AS v
WHERE c.id = v.id
"""
_SAVED = (
    *("id", "state", "state_reason", "due_at", "met_at", "breached_at", "ended_at"),
    *("warned", "is_current"),
)


def save_clocks(clocks: Sequence[Clock]) -> None:
    """Write where clocks stand, in one statement."""
    if not clocks:
        return
    rows = [{name: getattr(clock, name) for name in _SAVED} for clock in clocks]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [json.dumps(rows, default=str)])


def _is_moved(clock: Clock, verdict: Verdict) -> bool:
    return clock.due_at != verdict.due_at or clock.state != verdict.state


def _is_open(case: _Case) -> bool:
    return not case.verdict.is_over


def _set(case: _Case, now: datetime) -> None:
    clock, verdict, facts = case.clock, case.verdict, case.facts
    clock.state = ClockState(verdict.state)
    clock.due_at = verdict.due_at
    clock.warned = sorted(verdict.warned)
    if Change.BREACHED in verdict.changes:
        clock.breached_at = now
    if verdict.is_over:
        clock.met_at = facts.done_at
        clock.ended_at = facts.done_at or facts.ended_at
        clock.state_reason = "" if facts.done_at else facts.ended_because
        # Unshared and shared again, it starts anew; one of the past stays there.
        clock.is_current &= facts.is_shared or facts.done_at is not None


def _alarms(cases: Sequence[_Case]) -> list[Alarm]:
    """Return what people must hear now: of several warnings at once the last."""
    alarms = []
    for case in cases:
        if Change.BREACHED in case.verdict.changes and _is_open(case):
            alarms.append(Alarm(case.clock, None))
        elif case.verdict.notices:
            alarms.append(Alarm(case.clock, case.verdict.notices[-1]))
    return alarms
