"""Look at a whole policy and say what cannot work, and what looks as if it would not.

Pure: what is around the policy is given. `parse_policy` has read it before, so each step
is well formed; here is what follows from them together.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from escalation.policies.clock_targets import parse_clocks
from escalation.policies.findings import Around, Finding, Reached
from escalation.policies.mentions import targets_of_step
from escalation.policies.phrases import duration, listed
from escalation.policies.possible import branches_never_taken
from escalation.policies.reaching import describe_path, slowest_to_a_human
from escalation.policies.step_kinds.branch import IfStep
from escalation.policies.step_kinds.jump import JumpStep
from escalation.policies.step_kinds.wait import WaitStep
from escalation.policies.step_kinds.wait_until import WaitUntilStep
from escalation.policies.steps import PolicyPlan
from escalation.policies.targets import Target, describe_target
from escalation.policies.timing import Branch, times
from incidents.incident.tlp import Content, Tlp, content_for

_NAMES_SHOWN: Final = 3
_BRANCH_NAMES: Final[Mapping[str, str]] = {
    "then": "is never true",
    "else": "never fails",
}


def validate(plan: PolicyPlan, around: Around) -> tuple[Finding, ...]:
    """Return what is found, errors first, then in the order of the steps."""
    never = branches_never_taken(plan)
    order = {label: index for index, label in enumerate(plan.labels)}
    found = [
        *_jump_cycles(plan, around),
        *_clocks(plan, around),
        *_branches(plan, never),
        *_unreachable(plan, never),
        *_people(plan, around),
        *_tlp(plan, around),
        *_calendars(plan, around),
        *_long_waits(plan),
        *_promise(plan, around, never),
    ]
    return tuple(
        sorted(
            found, key=lambda f: (f.level != "error", order.get(f.where, len(order)))
        )
    )


def _jump_cycles(plan: PolicyPlan, around: Around) -> Iterator[Finding]:
    """Find jumps that lead back here, over whatever other policies."""
    for index, step in enumerate(plan.steps):
        if not isinstance(step, JumpStep):
            continue
        way = _way_back(step.policy, around)
        if way:
            message = f"It leads back here: {' → '.join((*way, around.slug))}."
            yield Finding("error", plan.labels[index], "jump_cycle", message)


def _way_back(start: str, around: Around) -> tuple[str, ...]:
    """Return the policies from `start` to one that leads here; empty when none does."""
    waiting: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while waiting:
        way = waiting.pop()
        if way[-1] == around.slug:
            return way[:-1] if len(way) > 1 else way
        for following in sorted(around.policies.get(way[-1], ())):
            if following not in seen:
                seen.add(following)
                waiting.append((*way, following))
    return ()


def _clocks(plan: PolicyPlan, around: Around) -> Iterator[Finding]:
    for index, clock in enumerate(parse_clocks([*plan.clocks])):
        where = f"clocks[{index}]"
        for effect in clock.effects:
            if effect.kind == "go_to" and plan.place_of(effect.value) is None:
                known = ", ".join(plan.labels)
                message = f"There is no step {effect.value}; use one of {known}."
                yield Finding("error", where, "no_such_step", message)
        if clock.calendar:
            yield from _calendar(clock.calendar, where, around)


def _branches(plan: PolicyPlan, never: set[Branch]) -> Iterator[Finding]:
    for index, branch in sorted(never):
        step = plan.steps[index]
        is_empty = isinstance(step, IfStep) and not (
            step.then_count if branch == "then" else step.else_count
        )
        if is_empty and branch == "else":
            message = "The condition always holds where this step is reached."
        else:
            message = (
                f"The condition {_BRANCH_NAMES[branch]} where this step is reached."
            )
        yield Finding("warning", plan.labels[index], f"never_{branch}", message)


def _unreachable(plan: PolicyPlan, never: set[Branch]) -> Iterator[Finding]:
    taken = times(plan, never=never)
    for index, label in enumerate(plan.labels):
        if index not in taken:
            message = "No path leads here: everything before it ends or goes elsewhere."
            yield Finding("warning", label, "unreachable", message)


def _people(plan: PolicyPlan, around: Around) -> Iterator[Finding]:
    for index, step in enumerate(plan.steps):
        for target in targets_of_step(step):
            yield from _target(target, plan.labels[index], around)
    if plan.fallback is not None:
        yield from _target(plan.fallback, "fallback", around)


def _target(target: Target, where: str, around: Around) -> Iterator[Finding]:
    reached = around.targets.get(target)
    if reached is None:
        return
    name = describe_target(target)
    without = [person.name for person in reached.people if not person.channels]
    if not reached.people:
        message = f"{name[:1].upper()}{name[1:]}: nobody is there."
        yield Finding("warning", where, "nobody", message)
    elif not reached.reachable:
        message = f"Nobody of {name} has a verified contact method."
        yield Finding("warning", where, "nobody_verified", message)
    elif without:
        message = f"Without a verified contact method: {_some(without)}."
        yield Finding("warning", where, "unverified", message)
    if reached.gaps:
        yield Finding("warning", where, "gaps", _gaps(target, reached))


def _gaps(target: Target, reached: Reached) -> str:
    spans = [
        f"{gap.start:%d %b %H:%M} to {gap.end:%d %b %H:%M}" for gap in reached.gaps
    ]
    return (
        f"Nobody is on call in {target.value} in the next 30 days, times in UTC: "
        f"{_some(spans)}."
    )


def _tlp(plan: PolicyPlan, around: Around) -> Iterator[Finding]:
    """Find channels that carry only a pointer for a label that others carry in full."""
    seen: set[tuple[str, str]] = set()
    for index, step in enumerate(plan.steps):
        for target in targets_of_step(step):
            reached = around.targets.get(target, Reached())
            for channel in sorted({c for p in reached.people for c in p.channels}):
                label = plan.labels[index]
                if (label, channel) in seen:
                    continue
                seen.add((label, channel))
                cut = _cut_labels(channel, is_outside=reached.is_outside)
                if cut:
                    message = (
                        f"By {channel} a message about {listed(cut)} holds only what "
                        "leads to the incident, not its title."
                    )
                    yield Finding("warning", label, "tlp", message)


def _cut_labels(channel: str, *, is_outside: bool) -> list[str]:
    """Return the labels under which not even a title goes out; RED never does."""
    return [
        tlp.label
        for tlp in Tlp
        if tlp != Tlp.RED
        and content_for(tlp, channel, inside=not is_outside) < Content.HEADLINE
    ]


def _calendars(plan: PolicyPlan, around: Around) -> Iterator[Finding]:
    for index, step in enumerate(plan.steps):
        if isinstance(step, WaitUntilStep):
            yield from _calendar(step.calendar, plan.labels[index], around)


def _calendar(slug: str, where: str, around: Around) -> Iterator[Finding]:
    if around.calendars.get(slug) is False:
        message = f"The calendar {slug} never opens."
        yield Finding("warning", where, "never_open", message)


def _long_waits(plan: PolicyPlan) -> Iterator[Finding]:
    if plan.ack_timeout_minutes is None:
        return
    limit = plan.ack_timeout_minutes * 60
    for index, step in enumerate(plan.steps):
        if isinstance(step, WaitStep) and step.delay_seconds > limit:
            message = (
                f"It waits longer than the {duration(limit)} after which an "
                "acknowledged incident is paged again."
            )
            yield Finding("warning", plan.labels[index], "long_wait", message)


def _promise(plan: PolicyPlan, around: Around, never: set[Branch]) -> Iterator[Finding]:
    """Compare the slowest way to a human with what the policy promises."""
    if plan.promise_minutes is None:
        return
    promised = plan.promise_minutes * 60
    slowest = slowest_to_a_human(plan, around, never)
    if slowest is None:
        message = f"No human is reached{describe_path(plan, around, never)}."
    elif slowest > promised:
        message = (
            f"A human is reached only after {duration(slowest)}"
            f"{describe_path(plan, around, never)}."
        )
    else:
        return
    promise = f"The promise of {duration(promised)} cannot hold. "
    yield Finding("warning", "", "promise", promise + message)


def _some(items: list[str]) -> str:
    shown = items[:_NAMES_SHOWN]
    rest = len(items) - len(shown)
    return listed([*shown, f"{rest} more"] if rest else shown)
