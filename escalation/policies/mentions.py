"""What a plan names: targets, calendars, schedules, policies. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from escalation.policies.conditions import CALENDAR, CLOCK, ON_CALL
from escalation.policies.step_kinds.assign import AssignStep
from escalation.policies.step_kinds.branch import IfStep
from escalation.policies.step_kinds.decision import DECIDERS, DecisionStep
from escalation.policies.step_kinds.jump import JumpStep
from escalation.policies.step_kinds.notify import NotifyStep
from escalation.policies.step_kinds.share import ShareStep
from escalation.policies.step_kinds.wait_until import WaitUntilStep
from escalation.policies.steps import PolicyPlan, Step
from escalation.policies.targets import Target


@dataclass(frozen=True, slots=True)
class Named:
    """Something that a plan names: where in the body, what kind of thing, its name.

    The kind is that of a target, or agency, calendar, on_call (a schedule) or policy.
    """

    where: str
    kind: str
    name: str


def names_in(plan: PolicyPlan) -> Iterator[Named]:
    """Yield everything that must be there for the plan to work."""
    for index, step in enumerate(plan.steps):
        find = _NAMES.get(type(step))
        for where, kind, name in find(step) if find else ():
            yield Named(f"{plan.path_at(index)}.{where}", kind, name)
    if plan.fallback is not None:
        kind = plan.fallback.kind
        yield Named(f"fallback.{kind}", kind, plan.fallback.value)
    for number, clock in enumerate(plan.clocks):
        if calendar := clock.get("calendar"):
            yield Named(f"clocks[{number}].calendar", CALENDAR, str(calendar))
    for number, required in enumerate(plan.acknowledgement.of):
        if required.organisation:
            where = f"acknowledgement.of[{number}].organisation"
            yield Named(where, "organisation", required.organisation)


def targets_of_step(step: Step) -> tuple[Target, ...]:
    """Return whom a step tells."""
    if isinstance(step, NotifyStep):
        return step.targets
    if isinstance(step, AssignStep):
        return (step.target,)
    return (DECIDERS,) if isinstance(step, DecisionStep) else ()


def telling(step: Step) -> NotifyStep:
    """Return a step as one that only tells its people."""
    return step if isinstance(step, NotifyStep) else NotifyStep(targets_of_step(step))


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


Found = Iterator[tuple[str, str, str]]


def _of_notify(step: NotifyStep) -> Found:
    for number, target in enumerate(step.targets):
        yield f"targets[{number}].{target.kind}", target.kind, target.value


def _of_assign(step: AssignStep) -> Found:
    yield f"target.{step.target.kind}", step.target.kind, step.target.value


def _of_share(step: ShareStep) -> Found:
    yield "agency", "agency", step.agency


def _of_wait_until(step: WaitUntilStep) -> Found:
    yield "calendar", CALENDAR, step.calendar


def _of_jump(step: JumpStep) -> Found:
    yield "policy", "policy", step.policy


def _of_if(step: IfStep) -> Found:
    for number, condition in enumerate(step.when):
        if condition.field in (CALENDAR, ON_CALL):
            yield f"when[{number}].value", condition.field, str(condition.value)


_NAMES: Final[dict[type[Any], Callable[[Any], Found]]] = {
    NotifyStep: _of_notify,
    AssignStep: _of_assign,
    ShareStep: _of_share,
    WaitUntilStep: _of_wait_until,
    JumpStep: _of_jump,
    IfStep: _of_if,
}
