"""Take some steps only if conditions hold, others else.

{"kind": "if", "when": [{"field": "severity", "op": ">=", "value": 4}],
 "then": [...steps], "else": [...steps]}

In a plan the steps of both branches follow the *if*, the `then` first: it holds how many
they are. `steps.py` reads them, because they may be of any kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.conditions import (
    conditions_body,
    describe_conditions,
    parse_conditions,
)
from escalation.policies.matchers import Matcher
from escalation.policies.reading import PolicyError, allow_only
from escalation.policies.step_kinds.base import StepKind

BRANCHES = ("then", "else")


@dataclass(frozen=True, slots=True)
class IfStep:
    """Go into one branch or the other."""

    kind: ClassVar[str] = "if"
    when: tuple[Matcher, ...]
    then_count: int = 0
    else_count: int = 0


def _parse(members: Mapping[str, object], where: str) -> IfStep:
    allow_only(members, ("kind", "when", *BRANCHES), where=where)
    if not any(members.get(branch) for branch in BRANCHES):
        raise PolicyError(f"{where}.then: nothing is in it; put a step there")
    return IfStep(parse_conditions(members.get("when"), where=f"{where}.when"))


def _body(step: IfStep) -> dict[str, object]:
    return {"when": conditions_body(step.when)}


def _describe(step: IfStep) -> str:
    return f"If {describe_conditions(step.when)}"


IF = StepKind(IfStep, _parse, _body, _describe)
