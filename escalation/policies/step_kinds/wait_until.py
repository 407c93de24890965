"""Hold the path until a calendar's hours begin.

{"kind": "wait_until", "calendar": "office", "state": "open"}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalation.policies.reading import PolicyError, allow_only, read_slug, shown
from escalation.policies.step_kinds.base import StepKind

OPEN = "open"
CALENDAR_REMEDY = "use the slug of a working calendar"


@dataclass(frozen=True, slots=True)
class WaitUntilStep:
    """Hold the path until the calendar's hours begin; within them it goes on at once."""

    kind: ClassVar[str] = "wait_until"
    calendar: str


def _parse(members: Mapping[str, object], where: str) -> WaitUntilStep:
    allow_only(members, ("kind", "calendar", "state"), where=where)
    state = members.get("state", OPEN)
    if state != OPEN:
        raise PolicyError(f"{where}.state: {shown(state)} does not fit; use {OPEN}")
    calendar = members.get("calendar")
    return WaitUntilStep(
        read_slug(calendar, where=f"{where}.calendar", remedy=CALENDAR_REMEDY)
    )


def _body(step: WaitUntilStep) -> dict[str, object]:
    return {"calendar": step.calendar, "state": OPEN}


def _describe(step: WaitUntilStep) -> str:
    return f"Wait until the hours of {step.calendar} begin"


WAIT_UNTIL = StepKind(WaitUntilStep, _parse, _body, _describe)
