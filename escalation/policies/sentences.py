"""Say an escalation path in plain sentences.

>>> describe_step(WaitStep(delay_seconds=5400))
'Wait 1 hour 30 minutes'
"""

from urllib.parse import urlsplit

from escalation.policies.steps import (
    NotifyStep,
    PolicyPlan,
    ShareStep,
    Step,
    Target,
    WaitStep,
)

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def describe_step(step: Step) -> str:
    """Return one sentence without a full stop."""
    if isinstance(step, NotifyStep):
        return _describe_notify(step)
    if isinstance(step, WaitStep):
        return f"Wait {_duration(step.delay_seconds)}"
    if isinstance(step, ShareStep):
        return f"Share the incident with {step.agency}"
    return f"Go back to step {step.from_step}, until {step.rounds} rounds are done"


def describe_plan(plan: PolicyPlan) -> tuple[str, ...]:
    """Return a sentence for each step, then what happens at and after the end."""
    sentences = [describe_step(step) for step in plan.steps]
    if plan.fallback is not None:
        sentences.append(
            f"If nobody acknowledged, tell {_describe_target(plan.fallback)}"
        )
    if plan.ack_timeout_minutes is not None:
        timeout = _duration(plan.ack_timeout_minutes * 60)
        sentences.append(
            f"If it is acknowledged but not resolved after {timeout}, go on paging"
        )
    return tuple(sentences)


def _describe_notify(step: NotifyStep) -> str:
    people = [_describe_target(t) for t in step.targets if t.kind != "webhook"]
    webhooks = [_describe_target(t) for t in step.targets if t.kind == "webhook"]
    clauses = []
    if people:
        how = f" as {step.urgency}" if step.urgency else ""
        clauses.append(f"notify {_listed(people)} by every verified method{how}")
    if webhooks:
        clauses.append(f"post to {_listed(webhooks)}")
    sentence = " and ".join(clauses)
    return sentence[:1].upper() + sentence[1:]


def _describe_target(target: Target) -> str:
    if target.kind == "team":
        return f"the {target.value.replace('-', ' ').removesuffix(' team')} team"
    if target.kind == "desk":
        return f"the desk of {target.value}"
    if target.kind == "webhook":
        # Addresses often hold a secret in their path.
        host = urlsplit(target.value).hostname if "://" in target.value else None
        return f"the webhook {f'at {host}' if host else target.value}"
    return target.value


def _listed(items: list[str]) -> str:
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def _duration(seconds: int) -> str:
    parts = []
    for unit, size in _UNITS:
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {unit}{'' if amount == 1 else 's'}")
    return " ".join(parts)
