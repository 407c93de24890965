"""Find the slowest way through a policy to a human who can be reached. Pure."""

from collections.abc import Set
from typing import Final, Literal

from escalation.policies.conditions import describe_conditions
from escalation.policies.findings import Around, Reached
from escalation.policies.mentions import targets_of_step
from escalation.policies.step_kinds.branch import IfStep
from escalation.policies.step_kinds.jump import JumpStep
from escalation.policies.step_kinds.wait import WaitStep
from escalation.policies.step_kinds.wait_until import WaitUntilStep
from escalation.policies.steps import PolicyPlan, Step
from escalation.policies.timing import Branch

# A way takes so many seconds (None: no human is ever reached, or nobody can say when)
# and goes through these branches, as (index of the if, branch).
_Way = tuple[int | None, tuple[Branch, ...]]
# What the steps since the last wait did: one told a machine, else one told nobody.
_Since = Literal["nothing", "missed", "told"]
_SINCE: Final[tuple[_Since, ...]] = ("nothing", "missed", "told")


def slowest_to_a_human(
    plan: PolicyPlan, around: Around, never: Set[Branch]
) -> int | None:
    """Return the seconds until somebody is told on the slowest way; None is never.

    A jump counts as never: the other policy has its own promise. Whether a schedule has
    gaps is told by itself and not counted here.
    """
    return _slowest(plan, around, never)[0]


def describe_path(plan: PolicyPlan, around: Around, never: Set[Branch]) -> str:
    """Return the conditions on that way: " if severity ≤ 2"; empty when there are none."""
    parts = []
    for index, branch in _slowest(plan, around, never)[1]:
        step = plan.steps[index]
        if isinstance(step, IfStep):
            word = "if" if branch == "then" else "unless"
            parts.append(f"{word} {describe_conditions(step.when)}")
    return f" {' and '.join(parts)}" if parts else ""


def _slowest(plan: PolicyPlan, around: Around, never: Set[Branch]) -> _Way:
    """Work backwards: from the end of the path nobody is reached but the fallback."""
    end = len(plan.steps)
    fallback = plan.fallback
    is_caught = fallback is not None and _is_human(around.targets.get(fallback))
    ways: dict[tuple[int, _Since], _Way] = {}
    for since in _SINCE:
        ways[end, since] = (0 if is_caught else None, ())
    for index in range(end - 1, -1, -1):
        for since in _SINCE:
            ways[index, since] = _way(plan, index, around, never, ways, since)
    return ways[0, "nothing"]


def _way(
    plan: PolicyPlan,
    index: int,
    around: Around,
    never: Set[Branch],
    ways: dict[tuple[int, _Since], _Way],
    since: _Since,
) -> _Way:
    step, follows = plan.steps[index], plan.follows[index]
    if isinstance(step, IfStep):
        return _slower_branch(plan, index, step, never, ways, since)
    if isinstance(step, JumpStep):
        return None, ()
    if isinstance(step, WaitStep):
        delay = 0 if since == "missed" else step.delay_seconds
        seconds, path = ways[follows, "nothing"]
        return (None if seconds is None else seconds + delay), path
    if isinstance(step, WaitUntilStep):
        return None, ()
    if _tells_a_human(step, around):
        return 0, ()
    return ways[follows, _after(step, around, since)]


def _slower_branch(
    plan: PolicyPlan,
    index: int,
    step: IfStep,
    never: Set[Branch],
    ways: dict[tuple[int, _Since], _Way],
    since: _Since,
) -> _Way:
    middle, follows = index + 1 + step.then_count, plan.follows[index]
    starts = {
        "then": index + 1 if step.then_count else follows,
        "else": middle if step.else_count else follows,
    }
    found: list[_Way] = []
    for branch, start in starts.items():
        if (index, branch) not in never:
            seconds, path = ways[start, since]
            found.append((seconds, ((index, branch), *path)))
    if not found:
        return ways[follows, since]
    slowest = max(found, key=lambda way: (way[0] is None, way[0] or 0))
    if len({seconds for seconds, _ in found}) == 1:
        # Both are as slow: which one is taken does not matter.
        return slowest[0], ()
    return slowest


def _after(step: Step, around: Around, since: _Since) -> _Since:
    reached = [around.targets.get(target) for target in targets_of_step(step)]
    if any(one is not None and one.reachable for one in reached):
        return "told"
    return "missed" if reached and since == "nothing" else since


def _tells_a_human(step: Step, around: Around) -> bool:
    return any(
        _is_human(around.targets.get(target)) for target in targets_of_step(step)
    )


def _is_human(reached: Reached | None) -> bool:
    return reached is not None and reached.is_human and bool(reached.reachable)
