"""Give somebody time to acknowledge.

{"kind": "wait", "minutes": 15}    {"kind": "wait", "seconds": 90}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.phrases import duration
from escalation.policies.reading import PolicyError, allow_only, read_integer
from escalation.policies.step_kinds.base import StepKind

MAX_WAIT_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class WaitStep:
    """Give somebody time to acknowledge."""

    kind: ClassVar[str] = "wait"
    delay_seconds: int


def _parse(members: Mapping[str, object], where: str) -> WaitStep:
    allow_only(members, ("kind", "minutes", "seconds"), where=where)
    if ("minutes" in members) == ("seconds" in members):
        raise PolicyError(f"{where}: give either minutes or seconds")
    unit, scale = ("minutes", 60) if "minutes" in members else ("seconds", 1)
    limit = MAX_WAIT_SECONDS // scale
    amount = read_integer(members[unit], 1, limit, where=f"{where}.{unit}")
    return WaitStep(amount * scale)


def _body(step: WaitStep) -> dict[str, object]:
    minutes, seconds = divmod(step.delay_seconds, 60)
    return {"seconds": step.delay_seconds} if seconds else {"minutes": minutes}


def _describe(step: WaitStep) -> str:
    return f"Wait {duration(step.delay_seconds)}"


WAIT = StepKind(WaitStep, _parse, _body, _describe)
