"""Tell people: those who have not acknowledged, each contact method once. Pure."""

from escalation.policies.step_kinds.notify import NotifyStep
from escalation.policies.targets import Target
from escalation.runs.actions import Notify, Turn
from escalation.runs.deciding.walk import Taken, Walk
from escalation.runs.situation import (
    Facts,
    Reason,
    Recipient,
    is_blind,
    is_urgent_step,
    reached_by,
)


def take_notify(step: NotifyStep, walk: Walk) -> Taken:
    """Tell whom the step reaches, or pass it over with the reason."""
    recipients = reached_by(step, walk.facts, used=walk.turns)
    if recipients:
        walk.has_told = True
        turns = take_turns(step, walk)
        reason = _why(recipients)
        return Taken(Notify(walk.index, walk.round, recipients, turns, reason))
    reason = why_nobody(step, walk.facts)
    is_dead_end = reason != Reason.ACKNOWLEDGED_THERE
    walk.has_missed |= is_dead_end
    return walk.skip(reason, is_dead_end=is_dead_end)


def take_turns(step: NotifyStep, walk: Walk) -> tuple[Turn, ...]:
    """Take a turn of each round robin that the step names; returns whose."""
    turns: list[Turn] = []
    for target in step.targets:
        if target.kind == "round_robin":
            turns += _take_turn(target, step, walk)
    return tuple(turns)


def _take_turn(target: Target, step: NotifyStep, walk: Walk) -> list[Turn]:
    only = NotifyStep((target,), step.urgency)
    chosen = reached_by(only, walk.facts, used=walk.turns)
    walk.turns[target] = walk.turns.get(target, 0) + 1
    return [(target.value, r.user_id) for r in chosen[:1] if r.user_id is not None]


def why_nobody(step: NotifyStep, facts: Facts) -> Reason:
    """Return why a step reaches nobody: the targets' common reason, else the broad one."""
    is_urgent = is_urgent_step(step, facts.severity)
    seeing = [target for target in step.targets if not is_blind(target, facts)]
    if any(facts.reach.get((target, is_urgent)) for target in seeing):
        return Reason.ACKNOWLEDGED_THERE
    if not seeing:
        return Reason.NO_DESK
    reasons = {facts.unreached.get(target, Reason.NOBODY) for target in step.targets}
    return reasons.pop() if len(reasons) == 1 else Reason.NOBODY


def _why(recipients: tuple[Recipient, ...]) -> Reason:
    for recipient in recipients:
        if recipient.held_until is None:
            return Reason.DUE
    return Reason.QUIET
