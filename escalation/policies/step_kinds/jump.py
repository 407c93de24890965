"""End this path and go on with another policy of the organisation, from its start.

{"kind": "jump", "policy": "major-incident"}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.reading import allow_only, read_slug
from escalation.policies.step_kinds.base import StepKind


@dataclass(frozen=True, slots=True)
class JumpStep:
    """End this path and start the newest version of another policy."""

    kind: ClassVar[str] = "jump"
    policy: str


def _parse(members: Mapping[str, object], where: str) -> JumpStep:
    allow_only(members, ("kind", "policy"), where=where)
    policy, remedy = members.get("policy"), "use the slug of another policy"
    return JumpStep(read_slug(policy, where=f"{where}.policy", remedy=remedy))


def _body(step: JumpStep) -> dict[str, object]:
    return {"policy": step.policy}


def _describe(step: JumpStep) -> str:
    return f"Go on with the policy {step.policy}"


JUMP = StepKind(JumpStep, _parse, _body, _describe)
