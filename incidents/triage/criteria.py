"""Say in plain words when which outcome and which priority of triage is right.

Shown beside the field, so that two officers decide alike. The priority is the
agency's own: it orders the agency's work and is never shown to the lab.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OutcomeCriterion:
    """One outcome: choose it when the test is true."""

    code: str
    name: str
    test: str


@dataclass(frozen=True, slots=True)
class PriorityLevel:
    """One priority, 1 first: choose the first whose test is true."""

    level: int
    name: str
    test: str


OUTCOMES: tuple[OutcomeCriterion, ...] = (
    OutcomeCriterion(
        "accepted",
        "Accepted",
        "It falls within your mandate and you know enough to act. From here on your "
        "agency follows it: give it a priority, an owner and a day of review.",
    ),
    OutcomeCriterion(
        "needs_information",
        "Needs information",
        "You cannot tell yet what happened, how bad it is or whether it is yours. "
        "Write one question that would settle it; the lab's desk is told at once, "
        "and the answer brings the row back to the top.",
    ),
    OutcomeCriterion(
        "not_ours",
        "Not ours",
        "Another agency is responsible and yours has nothing to do in it. Name that "
        "agency: the lab is told and decides whether to share with it. You pass "
        "nothing on yourself.",
    ),
    OutcomeCriterion(
        "duplicate",
        "Duplicate",
        "The same event is already in your queue under another reference, from this "
        "lab or another. If you doubt that it is one event, it is not a duplicate.",
    ),
)

PRIORITIES: tuple[PriorityLevel, ...] = (
    PriorityLevel(
        1,
        "Now",
        "People are in danger, harm is still growing, or a model or its weights are "
        "out of the lab's control. Work starts at once, also at night.",
    ),
    PriorityLevel(
        2,
        "Today",
        "Serious harm happened or is likely, but it is contained for the moment; or "
        "a legal deadline ends within a day.",
    ),
    PriorityLevel(
        3,
        "This week",
        "Limited harm or a near miss that shows a weakness. Waiting some days makes "
        "nothing worse.",
    ),
    PriorityLevel(
        4,
        "When there is time",
        "Nothing to do beyond keeping it: it is here to be learned from, and to be "
        "found when it happens again.",
    ),
)

PRIORITY_CHOICES: list[tuple[int, str]] = [
    (priority.level, f"{priority.level} {priority.name}") for priority in PRIORITIES
]
