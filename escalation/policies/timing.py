"""Reckon when each step of a policy is taken while nobody acknowledges. Pure.

The reckoning is of one round; what stands behind a repeat comes after all rounds. A
wait whose people could not be reached is passed over in truth: these are the times of a
path on which everybody is reached.

>>> plan = parse_policy({"steps": [{"kind": "wait", "minutes": 5}]})
>>> times(plan)[1]
Span(least=300, most=300)
"""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from escalation.policies.phrases import duration
from escalation.policies.step_kinds.branch import IfStep
from escalation.policies.step_kinds.jump import JumpStep
from escalation.policies.step_kinds.repeat import RepeatStep
from escalation.policies.step_kinds.wait import WaitStep
from escalation.policies.step_kinds.wait_until import WaitUntilStep
from escalation.policies.steps import PolicyPlan, parse_policy

__all__ = ["Branch", "Span", "describe_span", "parse_policy", "times"]

# An *if* by its index, and which of its ways.
Branch = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds since the start; `most` is None where a calendar's hours decide."""

    least: int
    most: int | None

    def plus(self, other: "Span") -> "Span":
        """Return one after the other."""
        is_known = self.most is not None and other.most is not None
        most = (self.most or 0) + (other.most or 0) if is_known else None
        return Span(self.least + other.least, most)

    def or_else(self, other: "Span | None") -> "Span":
        """Return the one or the other."""
        if other is None:
            return self
        is_known = self.most is not None and other.most is not None
        most = max(self.most or 0, other.most or 0) if is_known else None
        return Span(min(self.least, other.least), most)


def times(
    plan: PolicyPlan, *, start: int = 0, never: Set[Branch] = frozenset()
) -> dict[int, Span]:
    """Return {index of a step: when it is taken}, from `start` on.

    The index after the last step is the path's end. A step that cannot be reached is
    absent; `never` are branches that are not taken.
    """
    found = {start: Span(0, 0)}
    for index in range(start, len(plan.steps)):
        if index in found:
            for to, delay in _ways(plan, index, never):
                arrival = found[index].plus(delay)
                found[to] = arrival.or_else(found.get(to))
    return found


def describe_span(span: Span) -> str:
    """Return an instant on the path in words: "at the start", "+10 min", "+5 to +20 min"."""
    if span.most is None:
        return f"+{duration(span.least)} or later" if span.least else "when hours begin"
    if span.most == 0:
        return "at the start"
    if span.least == span.most:
        return f"+{duration(span.most)}"
    least = f"+{duration(span.least)}" if span.least else "at the start"
    return f"{least} to +{duration(span.most)}"


def _ways(
    plan: PolicyPlan, index: int, never: Set[Branch]
) -> Iterator[tuple[int, Span]]:
    """Yield where the path may go on after a step, and how long that takes."""
    step, follows = plan.steps[index], plan.follows[index]
    if isinstance(step, JumpStep):
        return
    if isinstance(step, IfStep):
        middle = index + 1 + step.then_count
        if (index, "then") not in never:
            yield (index + 1 if step.then_count else follows), Span(0, 0)
        if (index, "else") not in never:
            yield (middle if step.else_count else follows), Span(0, 0)
    elif isinstance(step, WaitStep):
        yield follows, Span(step.delay_seconds, step.delay_seconds)
    elif isinstance(step, WaitUntilStep):
        yield follows, Span(0, None)
    elif isinstance(step, RepeatStep):
        yield follows, _other_rounds(plan, index, step, never)
    else:
        yield follows, Span(0, 0)


def _other_rounds(
    plan: PolicyPlan, index: int, step: RepeatStep, never: Set[Branch]
) -> Span:
    """Return how long the rounds after the first take."""
    start = plan.place_of(str(step.from_step)) or 0
    inner = times(_without_repeat(plan, index), start=start, never=never).get(index)
    if inner is None:
        return Span(0, 0)
    count = step.rounds - 1
    most = None if inner.most is None else inner.most * count
    return Span(inner.least * count, most)


def _without_repeat(plan: PolicyPlan, index: int) -> PolicyPlan:
    return PolicyPlan(plan.steps[:index])
