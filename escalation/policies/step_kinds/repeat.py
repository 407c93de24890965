"""Go back to an earlier step until so many rounds are done, the first included.

{"kind": "repeat", "from": 1, "rounds": 3}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.reading import allow_only, read_integer
from escalation.policies.step_kinds.base import StepKind

MIN_ROUNDS = 2
MAX_ROUNDS = 9
MAX_FROM = 50


@dataclass(frozen=True, slots=True)
class RepeatStep:
    """Go back to the step with this number until this many rounds are done."""

    kind: ClassVar[str] = "repeat"
    from_step: int
    rounds: int


def _parse(members: Mapping[str, object], where: str) -> RepeatStep:
    allow_only(members, ("kind", "from", "rounds"), where=where)
    from_step = read_integer(members.get("from"), 1, MAX_FROM, where=f"{where}.from")
    rounds = members.get("rounds")
    return RepeatStep(
        from_step,
        read_integer(rounds, MIN_ROUNDS, MAX_ROUNDS, where=f"{where}.rounds"),
    )


def _body(step: RepeatStep) -> dict[str, object]:
    return {"from": step.from_step, "rounds": step.rounds}


def _describe(step: RepeatStep) -> str:
    return f"Go back to step {step.from_step}, until {step.rounds} rounds are done"


REPEAT = StepKind(RepeatStep, _parse, _body, _describe)
