"""Say an escalation path in plain sentences.

>>> describe_step(WaitStep(delay_seconds=5400))
'Wait 1 hour 30 minutes'
"""

from escalation.policies.acknowledgement import describe_acknowledgement
from escalation.policies.clock_targets import describe_clock, parse_clocks
from escalation.policies.phrases import duration
from escalation.policies.step_kinds.table import STEP_KINDS, Step
from escalation.policies.steps import PolicyPlan
from escalation.policies.targets import describe_target


def describe_step(step: Step) -> str:
    """Return one sentence without a full stop."""
    return STEP_KINDS[step.kind].describe(step)


def describe_plan(plan: PolicyPlan) -> tuple[str, ...]:
    """Return a sentence for each step, then what happens at and after the end."""
    sentences = [describe_step(step) for step in plan.steps]
    if plan.fallback is not None:
        sentences.append(
            f"If nobody acknowledged, tell {describe_target(plan.fallback)}"
        )
    if rule := describe_acknowledgement(plan.acknowledgement):
        sentences.append(rule)
    if plan.ack_timeout_minutes is not None:
        timeout = duration(plan.ack_timeout_minutes * 60)
        sentences.append(
            f"If it is acknowledged but not resolved after {timeout}, go on paging"
        )
    if plan.promise_minutes is not None:
        promised = duration(plan.promise_minutes * 60)
        sentences.append(f"Promised: a human is told within {promised}")
    sentences += [describe_clock(clock) for clock in parse_clocks([*plan.clocks])]
    return tuple(sentences)
