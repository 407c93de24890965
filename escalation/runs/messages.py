"""Words the notifications of a run: who gets which, under which key, saying what."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from escalation.notifications import retry
from escalation.notifications.outbox import NewNotification
from escalation.notifications.render import facts_of, render_message
from escalation.runs.actions import AskDecision, Assign, Decision, Notify, Skip
from escalation.runs.decide import decide
from escalation.runs.facts import names_of, pages_urgently
from escalation.runs.models import Run
from escalation.runs.situation import Facts, Recipient, RunState, fallback_of


def pages(
    run: Run, facts: Facts, decision: Decision, action: Notify | Assign
) -> list[NewNotification]:
    """Return one page for each contact method that a step reaches."""
    plan = facts.plan
    why = (
        f"Step {plan.label_at(action.step_index)} of {plan.count}, "
        f"round {action.round} of {run.version.policy.name}"
    )
    if isinstance(action, Assign):
        why += "; it is assigned to you"
    next_at, next_who = _who_is_next(facts, decision)
    place = f"{action.step_index + 1}:{action.round}"
    step = plan.steps[action.step_index]
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
            is_urgent=pages_urgently(step, facts.severity),
        )
        for recipient in action.recipients
    ]


def given(
    run: Run, recipients: Iterable[Recipient], *, by: str, reason: str
) -> list[NewNotification]:
    """Return the pages of those to whom a person gives it. They wait in `run.waits_for`."""
    step, number = run.waits_for[-1]
    return [
        _notification(
            run,
            recipient,
            purpose=retry.PAGE,
            key=f"run:{run.pk}:given:{number}:{recipient.method_id}",
            why=f"{by} gave it to you.",
            note=reason,
            step=(step, number),
            is_urgent=True,
        )
        for recipient in recipients
    ]


def asked(run: Run, action: AskDecision) -> list[NewNotification]:
    """Return the question for a decision, to each approver; once a regime and run."""
    why = f"The decision under {action.regime} is asked for."
    key = f"run:{run.pk}:decision:{action.regime}"
    recipients = action.recipients
    return to_all(run, recipients, purpose=retry.DECISION, key=key, why=why)


def unreachable(run: Run, facts: Facts, action: Skip) -> list[NewNotification]:
    """Return the word to the policy's owner that a step reaches nobody; once a step."""
    label = facts.plan.label_at(action.step_index)
    why = f"Step {label} of {run.version.policy.name}: {action.reason}"
    key = f"run:{run.pk}:unreachable:{action.step_index + 1}"
    return to_all(run, facts.desk, purpose=retry.UNREACHABLE, key=key, why=why)


def overdue(
    run: Run, recipients: Iterable[Recipient], *, key: str, why: str
) -> list[NewNotification]:
    """Return the word that a clock is breached, which no acknowledgement stops."""
    return to_all(run, recipients, purpose=retry.OVERDUE, key=key, why=why)


def exhausted(run: Run, facts: Facts) -> list[NewNotification]:
    """Return the last call to the fallback contact, and the word to the policy's owner.

    Its owner is the organisation's desk, and whoever wrote the version. Whoever is both
    gets the last call.
    """
    why = f"Every step of {run.version.policy.name} was taken"
    key = f"run:{run.pk}:exhausted:{run.round}"
    owners = {one.method_id: one for one in (*facts.desk, *facts.authors)}
    called = fallback_of(facts)
    told = [owners[pk] for pk in owners if pk not in {one.method_id for one in called}]
    return [
        *to_all(run, called, purpose=retry.FALLBACK, key=key, why=why),
        *to_all(run, told, purpose=retry.EXHAUSTED, key=key, why=why),
    ]


def to_all(
    run: Run, recipients: Iterable[Recipient], *, purpose: str, key: str, why: str
) -> list[NewNotification]:
    """Return one message for each of these, each at most once under this key."""
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
    note: str = "",
    step: tuple[int, int] | None = None,
    next_at: datetime | None = None,
    next_who: str = "",
    is_urgent: bool = False,
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
        note=note if own else "",
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
        is_urgent=is_urgent,
        delay_seconds=recipient.delay_seconds,
        held_until=recipient.held_until,
    )


def _who_is_next(facts: Facts, decision: Decision) -> tuple[datetime | None, str]:
    """Return when the path goes on if nobody acknowledges, and to whom."""
    due_at = decision.next_due_at
    if due_at is None:
        return None, ""
    state = RunState(decision.step_index, decision.round, due_at)
    ahead = decide(state, facts, due_at)
    for action in ahead.actions:
        if isinstance(action, Notify | Assign):
            return due_at, ", ".join(names_of(action.recipients))
    is_end = ahead.state == "exhausted"
    return due_at, ", ".join(names_of(fallback_of(facts))) if is_end else ""
