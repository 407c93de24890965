"""Leave those out of a step who were told at the same place before. Pure."""

from collections.abc import Collection
from dataclasses import replace

from escalation.runs.actions import Action, Assign, Decision, Notify, Skip
from escalation.runs.situation import Reason, RunState


def without_told(decision: Decision, run: RunState, told: Collection[int]) -> Decision:
    """Return a decision whose step at the run's place tells no contact method twice.

    A step of which nobody is left is passed over; the wait behind it stands, because
    people were told.
    """
    place = (run.step_index, run.round)
    actions = tuple(
        _without(action, told) if (action.step_index, action.round) == place else action
        for action in decision.actions
    )
    return replace(decision, actions=actions)


def _without(action: Action, told: Collection[int]) -> Action:
    if not isinstance(action, Notify | Assign):
        return action
    left = tuple(r for r in action.recipients if r.method_id not in told)
    if left:
        return replace(action, recipients=left)
    return Skip(action.step_index, action.round, Reason.TOLD_BEFORE)
