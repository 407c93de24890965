"""Give the incident to one person and tell them.

{"kind": "assign", "target": {"round_robin": "duty"}}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.reading import PolicyError, allow_only
from escalation.policies.step_kinds.base import StepKind
from escalation.policies.targets import (
    Target,
    describe_target,
    parse_target,
    target_body,
)

_NOT_PEOPLE = ("desk", "webhook")


@dataclass(frozen=True, slots=True)
class AssignStep:
    """Give the incident to the first person of the target, and tell them."""

    kind: ClassVar[str] = "assign"
    target: Target


def _parse(members: Mapping[str, object], where: str) -> AssignStep:
    allow_only(members, ("kind", "target"), where=where)
    target = parse_target(members.get("target"), where=f"{where}.target")
    if target.kind in _NOT_PEOPLE:
        raise PolicyError(
            f"{where}.target: a {target.kind} is no person; "
            "use user, team, round_robin, schedule, next_on_call or role"
        )
    return AssignStep(target)


def _body(step: AssignStep) -> dict[str, object]:
    return {"target": target_body(step.target)}


def _describe(step: AssignStep) -> str:
    one = "" if step.target.kind in ("user", "round_robin") else "one of "
    return f"Assign it to {one}{describe_target(step.target)} and tell them"


ASSIGN = StepKind(AssignStep, _parse, _body, _describe)
