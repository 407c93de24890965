"""What a run does when it comes to a step: one row for each kind. Pure."""

from collections.abc import Callable
from typing import Any, Final

from escalation.policies.steps import Step
from escalation.runs.deciding.changing import (
    take_assign,
    take_decision,
    take_raise_severity,
    take_share,
)
from escalation.runs.deciding.notify import take_notify
from escalation.runs.deciding.turning import take_if, take_jump, take_repeat
from escalation.runs.deciding.waiting import take_wait, take_wait_until
from escalation.runs.deciding.walk import Taken, Walk

TAKE: Final[dict[str, Callable[[Any, Walk], Taken]]] = {
    "notify": take_notify,
    "wait": take_wait,
    "wait_until": take_wait_until,
    "if": take_if,
    "share": take_share,
    "raise_severity": take_raise_severity,
    "assign": take_assign,
    "decision": take_decision,
    "repeat": take_repeat,
    "jump": take_jump,
}


def take(step: Step, walk: Walk) -> Taken:
    """Return what comes of the step at which the walk stands."""
    return TAKE[step.kind](step, walk)
