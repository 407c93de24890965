"""What a plan names: targets, calendars, schedules, policies. Pure."""

from collections.abc import Iterator

from escalation.policies.conditions import CALENDAR, CLOCK, ON_CALL
from escalation.policies.step_kinds.assign import AssignStep
from escalation.policies.step_kinds.branch import IfStep
from escalation.policies.step_kinds.decision import DECIDERS, DecisionStep
from escalation.policies.step_kinds.jump import JumpStep
from escalation.policies.step_kinds.notify import NotifyStep
from escalation.policies.step_kinds.wait_until import WaitUntilStep
from escalation.policies.steps import PolicyPlan, Step
from escalation.policies.targets import Target


def targets_of_step(step: Step) -> tuple[Target, ...]:
    """Return whom a step tells."""
    if isinstance(step, NotifyStep):
        return step.targets
    if isinstance(step, AssignStep):
        return (step.target,)
    return (DECIDERS,) if isinstance(step, DecisionStep) else ()


def targets_in(plan: PolicyPlan) -> list[Target]:
    """Return whom a plan names, its fallback contact last."""
    found = [target for step in plan.steps for target in targets_of_step(step)]
    return [*found, plan.fallback] if plan.fallback else found


def calendars_in(plan: PolicyPlan) -> set[str]:
    """Return the working calendars that a plan's steps look at."""
    waits = {s.calendar for s in plan.steps if isinstance(s, WaitUntilStep)}
    return waits | set(_conditions_on(plan, CALENDAR))


def schedules_in(plan: PolicyPlan) -> set[str]:
    """Return the schedules that a plan's conditions ask about; targets name others."""
    return set(_conditions_on(plan, ON_CALL))


def asks_for_clocks(plan: PolicyPlan) -> bool:
    """Tell whether a condition looks at the incident's clocks."""
    return any(True for _ in _conditions_on(plan, CLOCK))


def asks_for_source(plan: PolicyPlan) -> bool:
    """Tell whether a condition looks at the source of the incident's alerts."""
    return any(True for _ in _conditions_on(plan, "source"))


def jumps_in(plan: PolicyPlan) -> set[str]:
    """Return the policies that a plan may go on with."""
    return {step.policy for step in plan.steps if isinstance(step, JumpStep)}


def _conditions_on(plan: PolicyPlan, field: str) -> Iterator[str]:
    for step in plan.steps:
        if isinstance(step, IfStep):
            yield from (str(c.value) for c in step.when if c.field == field)
