"""Tell people and machines, all at once.

{"kind": "notify", "targets": [{"team": "duty"}], "urgency": "urgent"}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from escalation.policies.phrases import capitalised, listed
from escalation.policies.reading import PolicyError, allow_only, read_list, shown
from escalation.policies.step_kinds.base import StepKind
from escalation.policies.targets import (
    Target,
    describe_target,
    parse_target,
    target_body,
)

Urgency = Literal["normal", "urgent"]

MAX_TARGETS = 20


@dataclass(frozen=True, slots=True)
class NotifyStep:
    """Tell these, all at once; without an urgency the severity decides."""

    kind: ClassVar[str] = "notify"
    targets: tuple[Target, ...]
    urgency: Urgency | None = None


def _parse(members: Mapping[str, object], where: str) -> NotifyStep:
    allow_only(members, ("kind", "targets", "urgency"), where=where)
    items = read_list(
        members.get("targets"),
        most=MAX_TARGETS,
        what="targets",
        where=f"{where}.targets",
        example='{"team": "duty"}',
    )
    targets = [
        parse_target(item, where=f"{where}.targets[{index}]")
        for index, item in enumerate(items)
    ]
    urgency = members.get("urgency")
    if urgency not in (None, "normal", "urgent"):
        raise PolicyError(
            f"{where}.urgency: {shown(urgency)} does not fit; use normal or urgent, "
            "or leave it out: urgent from severity 4"
        )
    return NotifyStep(tuple(dict.fromkeys(targets)), urgency)


def _body(step: NotifyStep) -> dict[str, object]:
    body: dict[str, object] = {"targets": [target_body(t) for t in step.targets]}
    return {**body, "urgency": step.urgency} if step.urgency else body


def _describe(step: NotifyStep) -> str:
    people = [describe_target(t) for t in step.targets if t.kind != "webhook"]
    webhooks = [describe_target(t) for t in step.targets if t.kind == "webhook"]
    clauses = []
    if people:
        how = {"urgent": ", urgently", "normal": ", without urgency"}
        clauses.append(f"notify {listed(people)}{how.get(step.urgency or '', '')}")
    if webhooks:
        clauses.append(f"post to {listed(webhooks)}")
    return capitalised(" and ".join(clauses))


NOTIFY = StepKind(NotifyStep, _parse, _body, _describe)
