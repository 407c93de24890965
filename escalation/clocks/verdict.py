"""Judge what has become of a clock: pure, from its terms, what was done, and now.

Judging twice changes nothing: what was said already is not said again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from escalation.clocks.sla import (
    Terms,
    due_at,
    is_overdue,
    is_paused,
    notice_instants,
)
from escalation.policies.clock_targets import Notice


class State(StrEnum):
    """The codes of `models.ClockState`."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"


class Change(StrEnum):
    """What is recorded of a clock; the name of its kind is `clock.<value>`."""

    WARNED = "warned"
    BREACHED = "breached"
    MET = "met"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a clock stood when it was last judged."""

    state: State
    warned: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Facts:
    """What was done, and whether the clock has come to another end.

    `is_shared`: whether its organisation still sees the incident.
    """

    done_at: datetime | None = None
    ended_at: datetime | None = None
    ended_because: str = ""
    is_shared: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a clock. `changes` are in the order in which they are recorded."""

    state: State
    due_at: datetime | None
    changes: tuple[Change, ...] = ()
    notices: tuple[Notice, ...] = ()
    warned: frozenset[str] = frozenset()
    is_over: bool = False


def judge(standing: Standing, terms: Terms, facts: Facts, now: datetime) -> Verdict:
    """Return what becomes of a clock that is not over yet.

    What was done, or ended, before the due instant is on time, however late it is seen.
    """
    due = due_at(terms)
    if facts.done_at is not None:
        return _done(standing, due, facts.done_at)
    if facts.ended_at is not None:
        return _ended(standing, due, facts.ended_at)
    passed = frozenset(n.notice.name for n in notice_instants(terms) if n.at <= now)
    if standing.state == State.BREACHED or is_overdue(due, now):
        is_news = standing.state != State.BREACHED
        changes = (Change.BREACHED,) if is_news else ()
        warned = standing.warned | passed
        return Verdict(State.BREACHED, due, changes, warned=warned)
    return _running(standing, terms, due, now)


def _done(standing: Standing, due: datetime | None, at: datetime) -> Verdict:
    is_late = is_overdue(due, at)
    is_news = is_late and standing.state != State.BREACHED
    changes = (Change.BREACHED, Change.MET) if is_news else (Change.MET,)
    state = State.BREACHED if is_late else State.MET
    return Verdict(state, due, changes, warned=standing.warned, is_over=True)


def _ended(standing: Standing, due: datetime | None, at: datetime) -> Verdict:
    warned = standing.warned
    if standing.state == State.BREACHED:
        return Verdict(State.BREACHED, due, warned=warned, is_over=True)
    if is_overdue(due, at):
        changes = (Change.BREACHED,)
        return Verdict(State.BREACHED, due, changes, warned=warned, is_over=True)
    return Verdict(
        State.CANCELLED, due, (Change.CANCELLED,), warned=warned, is_over=True
    )


def _running(
    standing: Standing, terms: Terms, due: datetime | None, now: datetime
) -> Verdict:
    state = State.PAUSED if is_paused(terms, now) else State.RUNNING
    changes: list[Change] = []
    if state != standing.state:
        changes.append(Change.PAUSED if state == State.PAUSED else Change.RESUMED)
    notices = tuple(
        one.notice
        for one in notice_instants(terms)
        if one.at <= now and one.notice.name not in standing.warned
    )
    if notices:
        changes.append(Change.WARNED)
    warned = standing.warned | {notice.name for notice in notices}
    return Verdict(state, due, tuple(changes), notices, warned)
