"""Let an agency ask about a filing, by when it wants the answer, and the lab answer."""

from datetime import datetime
from typing import Final

from escalation.filings.answering import note_answer, note_request
from escalation.filings.exchange_models import FilingRequest
from escalation.filings.models import FilingRecipient, RecipientState
from escalation.filings.receiving import (
    agency_of,
    checked_text,
    lock_recipient,
    state_of,
    take_in,
)
from escalation.filings.telling import ANSWERED, ASKED, tell
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.ledger.canonical import format_at
from incidents.models import User

MAX_OPEN: Final = 20


def request_information(
    recipient: FilingRecipient,
    *,
    text: str,
    due_at: datetime | None,
    user: User,
    actor: Actor,
    now: datetime,
) -> FilingRequest:
    """Ask the lab; the instant is noted in its time record. Locks the incident.

    Raises BadInput, and NotPossible once another authority has the filing.
    """
    if due_at is not None and due_at <= now:
        raise BadInput("due_at", due_at.isoformat(), "Name an instant that is to come.")
    with recording(now):
        recipient = lock_recipient(recipient)
        if recipient.state == RecipientState.TRANSFERRED:
            message = f"{recipient.filing.ref} was transferred: its authority asks."
            raise NotPossible(message, state=state_of(recipient))
        earlier = recipient.requests.all()
        if sum(one.answered_at is None for one in earlier) >= MAX_OPEN:
            raise BadInput(
                "text", "", f"{MAX_OPEN} requests are open: wait for answers."
            )
        take_in(recipient, user=user, actor=actor, now=now)
        asked = FilingRequest.objects.create(
            recipient=recipient,
            organisation=agency_of(recipient),
            number=len(earlier) + 1,
            text=checked_text("text", text),
            due_at=due_at,
            asked_by=user,
            asked_at=now,
        )
        _record_asked(asked, actor)
        note_request(recipient, now=now)
        note_answer(recipient, now=now)
        tell([recipient], ASKED, now=now, number=asked.number)
    return asked


def answer_request(
    asked: FilingRequest, *, text: str, user: User, actor: Actor, now: datetime
) -> FilingRequest:
    """Answer for the lab. Locks the incident. Raises BadInput, NotPossible."""
    with recording(now):
        recipient = lock_recipient(asked.recipient)
        asked.refresh_from_db()
        if asked.answered_at is not None:
            message = f"Request {asked.number} has an answer already."
            raise NotPossible(message, state=state_of(recipient))
        asked.answer = checked_text("text", text)
        asked.answered_by, asked.answered_at = user, now
        asked.save(update_fields=["answer", "answered_by", "answered_at"])
        record(
            "filing.info_answered",
            incident=recipient.filing.incident,
            organisation_id=recipient.organisation_id,
            agency_id=asked.organisation_id,
            actor=actor,
            body={
                "filing": recipient.filing.ref,
                "number": asked.number,
                "text": asked.answer,
            },
        )
        tell([recipient], ANSWERED, now=now, number=asked.number)
    return asked


def _record_asked(asked: FilingRequest, actor: Actor) -> None:
    body = {
        "filing": asked.recipient.filing.ref,
        "agency": asked.organisation.name,
        "number": asked.number,
        "text": asked.text,
    }
    if asked.due_at:
        body["due_at"] = format_at(asked.due_at)
    record(
        "filing.info_requested",
        incident=asked.recipient.filing.incident,
        organisation_id=asked.organisation_id,
        actor=actor,
        body=body,
    )
