"""Raise the incident's severity; it is never lowered by this.

{"kind": "raise_severity", "to": 4}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.reading import allow_only, read_integer
from escalation.policies.step_kinds.base import StepKind
from incidents.incident.severity import SEVERITIES


@dataclass(frozen=True, slots=True)
class RaiseSeverityStep:
    """Raise the severity to this level."""

    kind: ClassVar[str] = "raise_severity"
    to: int


def _parse(members: Mapping[str, object], where: str) -> RaiseSeverityStep:
    allow_only(members, ("kind", "to"), where=where)
    highest = SEVERITIES[-1].level
    return RaiseSeverityStep(
        read_integer(members.get("to"), 1, highest, where=f"{where}.to")
    )


def _body(step: RaiseSeverityStep) -> dict[str, object]:
    return {"to": step.to}


def _describe(step: RaiseSeverityStep) -> str:
    return f"Raise the severity to {step.to}"


RAISE_SEVERITY = StepKind(RaiseSeverityStep, _parse, _body, _describe)
