"""Every kind of step.

A new kind: a file beside this one, a row here, and a row in `runs/deciding/table.py` for
what a run does when it comes to such a step.
"""

from typing import Final

from escalation.policies.step_kinds.assign import ASSIGN, AssignStep
from escalation.policies.step_kinds.base import StepKind
from escalation.policies.step_kinds.branch import IF, IfStep
from escalation.policies.step_kinds.decision import DECISION, DecisionStep
from escalation.policies.step_kinds.jump import JUMP, JumpStep
from escalation.policies.step_kinds.notify import NOTIFY, NotifyStep
from escalation.policies.step_kinds.raise_severity import (
    RAISE_SEVERITY,
    RaiseSeverityStep,
)
from escalation.policies.step_kinds.repeat import REPEAT, RepeatStep
from escalation.policies.step_kinds.share import SHARE, ShareStep
from escalation.policies.step_kinds.wait import WAIT, WaitStep
from escalation.policies.step_kinds.wait_until import WAIT_UNTIL, WaitUntilStep

Step = (
    NotifyStep
    | WaitStep
    | WaitUntilStep
    | IfStep
    | ShareStep
    | RaiseSeverityStep
    | AssignStep
    | DecisionStep
    | RepeatStep
    | JumpStep
)

STEP_KINDS: Final[dict[str, StepKind]] = {
    kind.step.kind: kind
    for kind in (
        NOTIFY,
        WAIT,
        WAIT_UNTIL,
        IF,
        SHARE,
        RAISE_SEVERITY,
        ASSIGN,
        DECISION,
        REPEAT,
        JUMP,
    )
}
