"""Work out how long it takes until a human is told, for every start in a stretch of time.

Nothing is sampled: what a policy does changes only where the world changes (a shift, the
edge of opening or quiet hours), so each look at the world says for how long the same
holds for later starts, and the next start that is asked about is the first for which it
may differ. Pure; a test walks minute by minute and finds the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from escalation.runs.actions import (
    Assign,
    Decision,
    Jump,
    Notify,
    RaiseSeverity,
    Wait,
)
from escalation.runs.decide import decide
from escalation.runs.situation import Facts, Recipient, RunState, fallback_of

# A path that has told nobody by then counts as reaching nobody.
HORIZON: Final = timedelta(days=14)
_MAX_DECISIONS: Final = 200
_FOR_EVER: Final = timedelta(days=3650)


class Timeline(Protocol):
    """What is true of an organisation's policies at each instant."""

    def facts(self, policy: str, severity: int, at: datetime) -> Facts:
        """Return the facts for an incident of that severity."""
        ...

    def next_change(self, policy: str, severity: int, at: datetime) -> datetime | None:
        """Return the first later instant at which the facts may differ."""
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """Starts between two instants, and how long each waits for a human.

    `wait` is that of the first start, None when nobody is told. With `is_fixed` later
    starts wait for the same instant, so that less is left for them.
    """

    start: datetime
    end: datetime
    wait: timedelta | None
    is_fixed: bool = False

    def breaks(self, promise: timedelta) -> bool:
        """Tell whether some start waits longer than was promised."""
        return self.wait is None or self.wait > promise


@dataclass(slots=True)
class _Search:
    """One start under way: when somebody is told, and how far the start may move."""

    best: datetime | None = None
    is_fixed: bool = False
    is_moving: bool = True
    moves: timedelta = field(default=_FOR_EVER)

    def take(self, recipients: tuple[Recipient, ...], at: datetime) -> None:
        """Take people who are told at an instant, or later by their own rules."""
        for recipient in recipients:
            if recipient.user_id is None:
                continue
            held = recipient.held_until
            told_at = held or at + timedelta(seconds=recipient.delay_seconds)
            if self.best is None or told_at < self.best:
                self.best = told_at
                self.is_fixed = held is not None or not self.is_moving


def stretches(
    timeline: Timeline, policy: str, severity: int, start: datetime, end: datetime
) -> tuple[Stretch, ...]:
    """Return the waits of all starts between two instants, in order, without gaps."""
    return tuple(_joined(_stretches(timeline, policy, severity, start, end)))


def told_after(
    timeline: Timeline, policy: str, severity: int, start: datetime
) -> timedelta | None:
    """Return how long a path that starts at an instant takes to tell a human."""
    search = _search(timeline, policy, severity, start)
    return None if search.best is None else search.best - start


def worst(found: tuple[Stretch, ...]) -> timedelta | None:
    """Return the longest wait, None when some start tells nobody."""
    waits = [stretch.wait for stretch in found]
    known = [wait for wait in waits if wait is not None]
    return None if len(known) < len(waits) or not known else max(known)


def _stretches(
    timeline: Timeline, policy: str, severity: int, start: datetime, end: datetime
) -> Iterator[Stretch]:
    at = start
    while at < end:
        search = _search(timeline, policy, severity, at)
        until = min(at + search.moves, end)
        wait = None if search.best is None else search.best - at
        yield Stretch(at, until, wait, is_fixed=search.is_fixed)
        at = until


def _search(timeline: Timeline, policy: str, severity: int, start: datetime) -> _Search:
    """Follow a path from its start until it has told a human."""
    search, state = _Search(), RunState(0, 1, start)
    for _ in range(_MAX_DECISIONS):
        at = state.due_at
        if at - start > HORIZON:
            break
        if search.is_moving:
            change_at = timeline.next_change(policy, severity, at)
            if change_at is not None:
                search.moves = min(search.moves, change_at - at)
        facts = timeline.facts(policy, severity, at)
        decision = decide(state, facts, at)
        _look_at(search, decision, facts, at)
        severity = _severity(decision, severity)
        policy, following = _following(decision, policy, at)
        if following is None or _is_told_by(search, following.due_at):
            break
        state = following
    return search


def _look_at(search: _Search, decision: Decision, facts: Facts, at: datetime) -> None:
    for action in decision.actions:
        if isinstance(action, Notify | Assign):
            search.take(action.recipients, at)
        if isinstance(action, Wait) and action.from_instant == "opening":
            search.is_moving = False
    if decision.state == "exhausted":
        search.take(fallback_of(facts), at)


def _severity(decision: Decision, severity: int) -> int:
    raised = [a.to for a in decision.actions if isinstance(a, RaiseSeverity)]
    return max([severity, *raised])


def _following(
    decision: Decision, policy: str, at: datetime
) -> tuple[str, RunState | None]:
    for action in decision.actions:
        if isinstance(action, Jump):
            return action.policy, RunState(0, 1, at)
    if decision.next_due_at is None:
        return policy, None
    place = decision.step_index, decision.round
    return policy, RunState(*place, decision.next_due_at)


def _is_told_by(search: _Search, at: datetime) -> bool:
    return search.best is not None and search.best <= at


def _joined(found: Iterator[Stretch]) -> Iterator[Stretch]:
    """Join neighbours whose starts wait equally long, or for the same instant."""
    last: Stretch | None = None
    for stretch in found:
        if last is not None and _is_same(last, stretch):
            last = Stretch(last.start, stretch.end, last.wait, is_fixed=last.is_fixed)
            continue
        if last is not None:
            yield last
        last = stretch
    if last is not None:
        yield last


def _is_same(one: Stretch, other: Stretch) -> bool:
    if one.wait is None or other.wait is None:
        return one.wait is other.wait
    if one.is_fixed and other.is_fixed:
        return one.start + one.wait == other.start + other.wait
    return one.wait == other.wait and one.is_fixed == other.is_fixed
