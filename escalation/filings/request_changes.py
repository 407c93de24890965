"""Let an agency set another date for an answer, or withdraw its request.

Both stay on record beside what was asked first; the lab's clock follows.
"""

from collections.abc import Mapping
from datetime import datetime

from escalation.duties.instants import withdraw_noted
from escalation.duties.looking import ask_to_look
from escalation.duties.requests import REQUEST
from escalation.filings.exchange_models import (
    FilingRequest,
    FilingRequestStep,
    StepKind,
)
from escalation.filings.models import FilingRecipient
from escalation.filings.receiving import checked_text, lock_recipient, state_of
from escalation.filings.telling import MOVED, UNASKED, tell
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.ledger.canonical import format_at
from incidents.models import User


def move_request(
    asked: FilingRequest,
    *,
    due_at: datetime,
    text: str,
    user: User,
    actor: Actor,
    now: datetime,
) -> FilingRequest:
    """Set another date for the answer, later or earlier. Locks the incident.

    Raises BadInput, and NotPossible once it was answered or withdrawn.
    """
    if due_at <= now:
        raise BadInput("due_at", due_at.isoformat(), "Name an instant that is to come.")
    with recording(now):
        recipient = lock_open(asked)
        if due_at == asked.due_at:
            raise BadInput("due_at", due_at.isoformat(), "It is due then already.")
        step = _step(asked, StepKind.MOVED, text, user=user, now=now)
        step.old_due_at, step.due_at = asked.due_at, due_at
        step.save()
        asked.due_at = due_at
        asked.save(update_fields=["due_at"])
        body = {"due_at": format_at(due_at)}
        if step.old_due_at:
            body["old_due_at"] = format_at(step.old_due_at)
        _record("filing.request_moved", step, body, actor)
        ask_to_look(recipient.filing.incident_id, recipient.organisation_id, now)
        tell([recipient], MOVED, now=now, number=asked.number)
    return asked


def withdraw_request(
    asked: FilingRequest, *, text: str, user: User, actor: Actor, now: datetime
) -> FilingRequest:
    """Say that no answer is wanted any more. Locks the incident.

    Its instant is withdrawn from the lab's time record: no law counts from it either.
    Raises BadInput, and NotPossible once it was answered or withdrawn.
    """
    with recording(now):
        recipient = lock_open(asked)
        step = _step(asked, StepKind.WITHDRAWN, text, user=user, now=now)
        step.save()
        asked.withdrawn_at = now
        asked.save(update_fields=["withdrawn_at"])
        _record("filing.request_withdrawn", step, {}, actor)
        _withdraw_instant(asked, recipient, now)
        ask_to_look(recipient.filing.incident_id, recipient.organisation_id, now)
        tell([recipient], UNASKED, now=now, number=asked.number)
    return asked


def lock_open(asked: FilingRequest) -> FilingRecipient:
    """Lock the incident, read the request anew and return its recipient.

    Requires an open recording. Raises NotPossible once it was answered or withdrawn.
    """
    recipient = lock_recipient(asked.recipient)
    asked.refresh_from_db()
    asked.recipient = recipient
    if not asked.is_open:
        ended = "has an answer already" if asked.answered_at else "was withdrawn"
        message = f"Request {asked.number} {ended}."
        raise NotPossible(message, state=state_of(recipient))
    return recipient


def _step(
    asked: FilingRequest, kind: StepKind, text: str, *, user: User, now: datetime
) -> FilingRequestStep:
    return FilingRequestStep(
        request=asked,
        organisation_id=asked.organisation_id,
        kind=kind,
        text=checked_text("text", text),
        author=user,
        written_at=now,
    )


def _withdraw_instant(
    asked: FilingRequest, recipient: FilingRecipient, now: datetime
) -> None:
    """Take back the instant, unless another request that stands is of the same."""
    same = FilingRequest.objects.filter(
        recipient__filing=recipient.filing_id,
        recipient__regime_id=recipient.regime_id,
        asked_at=asked.asked_at,
        withdrawn_at=None,
    )
    if not same.exists():
        withdraw_noted(
            recipient.filing.incident,
            recipient.organisation,
            REQUEST,
            regime_id=recipient.regime_id,
            at=asked.asked_at,
            source=recipient.filing.ref,
            reason=f"{asked.organisation.name} withdrew its request {asked.number}.",
            now=now,
        )


def _record(
    kind: str, step: FilingRequestStep, body: Mapping[str, str], actor: Actor
) -> None:
    asked = step.request
    common = {
        "filing": asked.recipient.filing.ref,
        "agency": asked.organisation.name,
        "number": asked.number,
        "text": step.text,
    }
    record(
        kind,
        incident=asked.recipient.filing.incident,
        organisation_id=asked.organisation_id,
        actor=actor,
        body={**common, **body},
    )
