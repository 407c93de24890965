"""Read an escalation path from a policy's body, and write it back.

A policy's body is plain data, so that a version can be kept, compared and recorded:

    {"steps": [{"kind": "notify", "targets": [{"team": "duty"}]},
               {"kind": "wait", "minutes": 15},
               {"kind": "if", "when": [{"field": "severity", "op": ">=", "value": 4}],
                "then": [{"kind": "share", "agency": "naisa"}]},
               {"kind": "repeat", "from": 1, "rounds": 3}],
     "acknowledgement": {"mode": "one"},
     "ack_timeout_minutes": 30,
     "fallback": {"user": "director@lab.example"}}

Each kind of step has a file in `step_kinds/`. Numbers are integers because the body goes
into the record. Steps are counted from 1. `rounds` counts every pass, the first included.
A last step of kind `fallback` means the same as the key `fallback` and is read as that.

A plan is flat: the steps of a branch follow their *if*, so that a place in a run is one
number. People see the label: 3, 3.1 (in its branch), 3 else 1 (in the other).

>>> parse_policy({"steps": [{"kind": "wait", "minutes": 15}]}).steps
(WaitStep(delay_seconds=900),)
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from escalation.policies.acknowledgement import (
    ONE,
    AcknowledgementRule,
    acknowledgement_body,
    parse_acknowledgement,
)
from escalation.policies.clock_targets import clocks_to_body, parse_clocks
from escalation.policies.reading import (
    PolicyError,
    allow_only,
    read_integer,
    read_list,
    read_object,
)
from escalation.policies.step_kinds.branch import BRANCHES, IfStep
from escalation.policies.step_kinds.notify import NotifyStep
from escalation.policies.step_kinds.repeat import RepeatStep
from escalation.policies.step_kinds.share import ShareStep
from escalation.policies.step_kinds.table import STEP_KINDS, Step
from escalation.policies.step_kinds.wait import WaitStep
from escalation.policies.targets import Target, parse_target, target_body

# What others need of a policy's steps, whatever the kind; the rest is in `step_kinds/`.
__all__ = [
    "PARTS",
    "IfStep",
    "NotifyStep",
    "PolicyError",
    "PolicyPlan",
    "RepeatStep",
    "ShareStep",
    "Step",
    "Target",
    "WaitStep",
    "parse_policy",
    "to_body",
]

MAX_STEPS = 50
MAX_DEPTH = 3
MAX_ACK_TIMEOUT_MINUTES = 7 * 24 * 60
MAX_PROMISE_MINUTES = 7 * 24 * 60

_NUMBER = re.compile(r"(\.| else |^)(\d+)")
# The parts of a body beside its steps, each of which may be left out.
PARTS = (
    "acknowledgement",
    "ack_timeout_minutes",
    "promise_minutes",
    "fallback",
    "clocks",
)


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """A policy that was checked: every step in it can be taken.

    `labels` are the steps' places as people see them; `follows` says for each step
    where the path goes on after it.
    """

    steps: tuple[Step, ...]
    ack_timeout_minutes: int | None = None
    fallback: Target | None = None
    acknowledgement: AcknowledgementRule = ONE
    clocks: tuple[Mapping[str, object], ...] = ()
    # Within so long a human is to be reached, whenever and however severe.
    promise_minutes: int | None = None
    labels: tuple[str, ...] = field(init=False, compare=False)
    follows: tuple[int, ...] = field(init=False, compare=False)
    _places: Mapping[str, int] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        placed = sorted(_placed(self.steps, 0, len(self.steps), len(self.steps)))
        labels = tuple(label for _, label, _ in placed)
        object.__setattr__(self, "labels", labels)
        object.__setattr__(self, "follows", tuple(after for _, _, after in placed))
        places = {label: index for index, label in enumerate(labels)}
        object.__setattr__(self, "_places", places)

    def place_of(self, label: str) -> int | None:
        """Return the index of the step that people know by this label."""
        return self._places.get(label)

    def label_at(self, index: int) -> str:
        """Return the label of a step; past the last one, the number after the last."""
        if index < len(self.labels):
            return self.labels[index]
        return str(self.count + 1)

    def path_at(self, index: int) -> str:
        """Return where a step is written in the body, such as steps[2].then[0]."""
        return "steps" + _NUMBER.sub(_as_path, self.labels[index])

    @property
    def count(self) -> int:
        """How many steps there are, a branch with all that is in it counted once."""
        return sum(label.isdigit() for label in self.labels)


def parse_policy(body: object) -> PolicyPlan:
    """Read and check a policy's body. Raises PolicyError."""
    members = read_object(body, where="policy")
    allow_only(members, ("steps", *PARTS), where="")
    items = read_list(members.get("steps"), most=MAX_STEPS, what="steps", where="steps")
    items, fallback = _take_fallback(items, members.get("fallback"))
    steps = tuple(_read_steps(items, where="steps"))
    if len(steps) > MAX_STEPS:
        raise PolicyError(f"steps: with all branches there are more than {MAX_STEPS}")
    rule, timeout = members.get("acknowledgement"), members.get("ack_timeout_minutes")
    if timeout is not None:
        limit = MAX_ACK_TIMEOUT_MINUTES
        timeout = read_integer(timeout, 1, limit, where="ack_timeout_minutes")
    promise = members.get("promise_minutes")
    if promise is not None:
        limit = MAX_PROMISE_MINUTES
        promise = read_integer(promise, 1, limit, where="promise_minutes")
    plan = PolicyPlan(
        steps,
        timeout,
        fallback,
        ONE if rule is None else parse_acknowledgement(rule, where="acknowledgement"),
        tuple(clocks_to_body(parse_clocks(members.get("clocks")))),
        promise,
    )
    _check_repeat(plan)
    return plan


def to_body(plan: PolicyPlan) -> dict[str, object]:
    """Return the body that `parse_policy` reads as this plan."""
    body: dict[str, object] = {"steps": _bodies(plan.steps)}
    if plan.acknowledgement != ONE:
        body["acknowledgement"] = acknowledgement_body(plan.acknowledgement)
    if plan.clocks:
        body["clocks"] = [dict(clock) for clock in plan.clocks]
    if plan.ack_timeout_minutes is not None:
        body["ack_timeout_minutes"] = plan.ack_timeout_minutes
    if plan.promise_minutes is not None:
        body["promise_minutes"] = plan.promise_minutes
    if plan.fallback is not None:
        body["fallback"] = target_body(plan.fallback)
    return body


def _as_path(part: re.Match[str]) -> str:
    branch = {".": ".then", " else ": ".else"}.get(part.group(1), "")
    return f"{branch}[{int(part.group(2)) - 1}]"


def _take_fallback(
    items: list[object], given: object
) -> tuple[list[object], Target | None]:
    """Return the steps without a closing fallback, and whom to fall back on."""
    last = items[-1]
    if not isinstance(last, Mapping) or last.get("kind") != "fallback":
        return items, None if given is None else parse_target(given, where="fallback")
    where = f"steps[{len(items) - 1}]"
    if given is not None:
        raise PolicyError(f"{where}: the fallback is given twice; leave one out")
    if len(items) == 1:
        raise PolicyError(f"{where}: a fallback alone is no path; put a step before it")
    allow_only(last, ("kind", "target"), where=where)
    return items[:-1], parse_target(last.get("target"), where=f"{where}.target")


def _read_steps(
    items: Sequence[object], *, where: str, depth: int = 0
) -> Iterator[Step]:
    for index, item in enumerate(items):
        yield from _read_step(item, where=f"{where}[{index}]", depth=depth)


def _read_step(item: object, *, where: str, depth: int) -> Iterator[Step]:
    """Yield a step, and after an *if* the steps of its branches."""
    members = read_object(item, where=where)
    name = members.get("kind")
    kind = STEP_KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise PolicyError(
            f"{where}.kind: {name!r} is not possible here; use {', '.join(STEP_KINDS)}, "
            "or fallback as the last step"
        )
    step: Step = kind.parse(members, where)
    if isinstance(step, RepeatStep) and depth:
        raise PolicyError(f"{where}: a repeat cannot stand in a branch; put it after")
    if not isinstance(step, IfStep):
        yield step
        return
    if depth == MAX_DEPTH:
        raise PolicyError(f"{where}: no more than {MAX_DEPTH} branches in each other")
    then, otherwise = (
        list(_read_branch(members, branch, where=where, depth=depth + 1))
        for branch in BRANCHES
    )
    yield replace(step, then_count=len(then), else_count=len(otherwise))
    yield from (*then, *otherwise)


def _read_branch(
    members: Mapping[str, object], name: str, *, where: str, depth: int
) -> Iterator[Step]:
    items = members.get(name, [])
    if items == []:
        return iter(())
    place = f"{where}.{name}"
    found = read_list(items, most=MAX_STEPS, what="steps", where=place)
    return _read_steps(found, where=place, depth=depth)


def _placed(
    steps: Sequence[Step], start: int, end: int, after: int, prefix: str = ""
) -> Iterator[tuple[int, str, int]]:
    """Yield (index, label, index of what follows) for the steps of one list.

    `after` is where the path goes on behind the list.
    """
    index, number = start, 1
    while index < end:
        step, label = steps[index], f"{prefix}{number}"
        behind = index + _length(step)
        following = behind if behind < end else after
        yield index, label, following
        if isinstance(step, IfStep):
            middle = index + 1 + step.then_count
            yield from _placed(steps, index + 1, middle, following, f"{label}.")
            yield from _placed(steps, middle, behind, following, f"{label} else ")
        index, number = behind, number + 1


def _length(step: Step) -> int:
    """Return how many places a step takes, its branches included."""
    return 1 + step.then_count + step.else_count if isinstance(step, IfStep) else 1


def _bodies(steps: Sequence[Step]) -> list[dict[str, object]]:
    bodies: list[dict[str, object]] = []
    index = 0
    while index < len(steps):
        step = steps[index]
        body = {"kind": step.kind, **STEP_KINDS[step.kind].to_body(step)}
        behind = index + _length(step)
        if isinstance(step, IfStep):
            middle = index + 1 + step.then_count
            branches = (steps[index + 1 : middle], steps[middle:behind])
            for name, branch in zip(BRANCHES, branches, strict=True):
                if branch:
                    body[name] = _bodies(branch)
        bodies.append(body)
        index = behind
    return bodies


def _check_repeat(plan: PolicyPlan) -> None:
    """Allow one loop, backwards, with a wait in it: else it would page in a burst."""
    repeats = [step for step in plan.steps if isinstance(step, RepeatStep)]
    numbers = [
        int(plan.labels[index])
        for index, step in enumerate(plan.steps)
        if isinstance(step, RepeatStep)
    ]
    if len(numbers) > 1:
        raise PolicyError(f"steps[{numbers[1] - 1}]: a policy repeats at most once")
    for step, number in zip(repeats, numbers, strict=True):
        where = f"steps[{number - 1}].from"
        if step.from_step >= number:
            raise PolicyError(
                f"{where}: {step.from_step} does not come before; "
                f"use a step from 1 to {number - 1}, the first step is 1"
            )
        start, end = (plan.place_of(str(n)) or 0 for n in (step.from_step, number))
        if not _always_waits(plan.steps[start:end]):
            raise PolicyError(f"{where}: nothing waits in this loop; add a wait step")


def _always_waits(steps: Sequence[Step]) -> bool:
    """Tell whether whichever way is taken through the steps there is a wait."""
    index = 0
    while index < len(steps):
        step = steps[index]
        if isinstance(step, WaitStep):
            return True
        behind = index + _length(step)
        if isinstance(step, IfStep):
            middle = index + 1 + step.then_count
            branches = (steps[index + 1 : middle], steps[middle:behind])
            if all(_always_waits(branch) for branch in branches):
                return True
        index = behind
    return False
