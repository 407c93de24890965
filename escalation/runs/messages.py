"""Words the notifications of a run: who gets which, under which key, saying what."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from escalation.notifications import retry
from escalation.notifications.outbox import NewNotification
from escalation.notifications.render import facts_of, render_message
from escalation.policies.steps import NotifyStep, RepeatStep, WaitStep
from escalation.runs.decide import (
    Decision,
    Facts,
    Notify,
    Recipient,
    Skip,
    fallback_of,
    reached_by,
)
from escalation.runs.facts import names_of
from escalation.runs.models import Run


def pages(
    run: Run, facts: Facts, decision: Decision, action: Notify
) -> list[NewNotification]:
    """Return one page for each contact method that a step reaches."""
    steps = facts.plan.steps
    why = (
        f"Step {action.step_index + 1} of {len(steps)}, round {action.round} "
        f"of {run.version.policy.name}"
    )
    next_at, next_who = _who_is_next(facts, decision)
    place = f"{action.step_index + 1}:{action.round}"
    return [
        _notification(
            run,
            recipient,
            purpose=retry.PAGE,
            key=f"run:{run.pk}:{place}:{recipient.method_id}",
            why=why,
            step=(action.step_index, action.round),
            next_at=next_at,
            next_who=next_who,
        )
        for recipient in action.recipients
    ]


def unreachable(run: Run, facts: Facts, action: Skip) -> list[NewNotification]:
    """Return the word to the policy's owner that a step reaches nobody; once a step."""
    why = f"Step {action.step_index + 1} of {run.version.policy.name}: {action.reason}"
    key = f"run:{run.pk}:unreachable:{action.step_index + 1}"
    return _to_all(run, facts.desk, purpose=retry.UNREACHABLE, key=key, why=why)


def exhausted(run: Run, facts: Facts) -> list[NewNotification]:
    """Return the last call: to the fallback contact, or to the desk when there is none."""
    fallback = fallback_of(facts)
    purpose = retry.FALLBACK if fallback else retry.EXHAUSTED
    why = f"Every step of {run.version.policy.name} was taken"
    key = f"run:{run.pk}:exhausted:{run.round}"
    return _to_all(run, fallback or facts.desk, purpose=purpose, key=key, why=why)


def _to_all(
    run: Run, recipients: Iterable[Recipient], *, purpose: str, key: str, why: str
) -> list[NewNotification]:
    return [
        _notification(run, r, purpose=purpose, key=f"{key}:{r.method_id}", why=why)
        for r in recipients
    ]


def _notification(  # noqa: PLR0913  (a message has this many parts)
    run: Run,
    recipient: Recipient,
    *,
    purpose: str,
    key: str,
    why: str,
    step: tuple[int, int] | None = None,
    next_at: datetime | None = None,
    next_who: str = "",
) -> NewNotification:
    own = recipient.organisation_id == run.organisation_id
    facts = facts_of(
        run.incident,
        purpose=purpose,
        channel=recipient.channel,
        organisation_name=run.organisation.name if own else recipient.name,
        base_url=settings.BASE_URL,
        # Neither side sees the other's path.
        why=why if own else "",
        next_at=next_at if own else None,
        next_who=next_who if own else "",
    )
    return NewNotification(
        dedup_key=key,
        organisation_id=recipient.organisation_id,
        purpose=purpose,
        channel=recipient.channel,
        address=recipient.address,
        message=render_message(facts),
        incident=run.incident,
        run_id=run.pk if own else None,
        step_index=step[0] if step and own else None,
        round=step[1] if step and own else None,
        method_id=recipient.method_id,
        recipient_user_id=recipient.user_id,
        recipient_name=recipient.name,
    )


def _who_is_next(facts: Facts, decision: Decision) -> tuple[datetime | None, str]:
    """Return when the path goes on if nobody acknowledges, and to whom."""
    if decision.next_due_at is None:
        return None, ""
    steps, index = facts.plan.steps, decision.step_index
    for _ in range(2 * len(steps)):
        if index >= len(steps):
            break
        step = steps[index]
        if isinstance(step, NotifyStep):
            return decision.next_due_at, ", ".join(names_of(reached_by(step, facts)))
        if isinstance(step, WaitStep):
            break
        is_loop = isinstance(step, RepeatStep) and decision.round < step.rounds
        index = (
            step.from_step - 1
            if is_loop and isinstance(step, RepeatStep)
            else index + 1
        )
    return decision.next_due_at, ""
