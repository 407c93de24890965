"""Ask whether a law wants the incident reported; the approvers are told.

{"kind": "decision", "regime": "eu-ai-act-73"}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.reading import allow_only, read_slug
from escalation.policies.step_kinds.base import StepKind
from escalation.policies.targets import Target

# Who decides in an organisation.
DECIDERS = Target("role", "approver")


@dataclass(frozen=True, slots=True)
class DecisionStep:
    """Ask the approvers for a decision under this regime."""

    kind: ClassVar[str] = "decision"
    regime: str


def _parse(members: Mapping[str, object], where: str) -> DecisionStep:
    allow_only(members, ("kind", "regime"), where=where)
    remedy = "use the identifier of a regime, such as eu-ai-act-73"
    regime = members.get("regime")
    return DecisionStep(read_slug(regime, where=f"{where}.regime", remedy=remedy))


def _body(step: DecisionStep) -> dict[str, object]:
    return {"regime": step.regime}


def _describe(step: DecisionStep) -> str:
    return f"Ask the approvers for a decision under {step.regime}"


DECISION = StepKind(DecisionStep, _parse, _body, _describe)
