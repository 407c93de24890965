"""Let an agency ask about a filing, by when it wants the answer, and the lab answer."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from escalation.duties.looking import ask_to_look
from escalation.filings.answering import note_answer, note_request
from escalation.filings.exchange_models import (
    FilingRequest,
    FilingRequestStep,
    StepKind,
)
from escalation.filings.models import FilingRecipient, RecipientState
from escalation.filings.receiving import (
    agency_of,
    checked_text,
    lock_recipient,
    state_of,
    take_in,
)
from escalation.filings.request_changes import lock_open
from escalation.filings.telling import ANSWERED, ANSWERED_IN_PART, ASKED, tell
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.ledger.canonical import format_at
from incidents.models import User

MAX_OPEN: Final = 20
MAX_PARTS: Final = 50


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

    The same question is asked again only once it is answered: a second click is none.
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
        if again := _asked_already(earlier, checked_text("text", text), due_at):
            return again
        if sum(one.is_open for one in earlier) >= MAX_OPEN:
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
        ask_to_look(recipient.filing.incident_id, recipient.organisation_id, now)
        note_answer(recipient, now=now)
        tell([recipient], ASKED, now=now, number=asked.number)
    return asked


def _asked_already(
    earlier: Iterable[FilingRequest], text: str, due_at: datetime | None
) -> FilingRequest | None:
    """Return the open request that says the same."""
    return next(
        (
            one
            for one in earlier
            if one.is_open and (one.text, one.due_at) == (text, due_at)
        ),
        None,
    )


def answer_request(
    asked: FilingRequest, *, text: str, user: User, actor: Actor, now: datetime
) -> FilingRequest:
    """Answer for the lab, in full: that meets its clock. Locks the incident.

    Raises BadInput, and NotPossible once it was answered or withdrawn.
    """
    with recording(now):
        recipient = lock_open(asked)
        asked.answer = checked_text("text", text)
        asked.answered_by, asked.answered_at = user, now
        asked.save(update_fields=["answer", "answered_by", "answered_at"])
        _record_answered("filing.info_answered", asked, asked.answer, actor)
        ask_to_look(recipient.filing.incident_id, recipient.organisation_id, now)
        tell([recipient], ANSWERED, now=now, number=asked.number)
    return asked


def answer_in_part(
    asked: FilingRequest, *, text: str, user: User, actor: Actor, now: datetime
) -> FilingRequest:
    """Send a part of the answer: the request stays open. Locks the incident.

    Raises BadInput, and NotPossible once it was answered or withdrawn.
    """
    with recording(now):
        recipient = lock_open(asked)
        if asked.steps.filter(kind=StepKind.PART).count() >= MAX_PARTS:
            raise BadInput("text", "", f"{MAX_PARTS} parts are sent: send the rest.")
        step = FilingRequestStep.objects.create(
            request=asked,
            organisation_id=recipient.organisation_id,
            kind=StepKind.PART,
            text=checked_text("text", text),
            author=user,
            written_at=now,
        )
        _record_answered("filing.answered_in_part", asked, step.text, actor)
        tell([recipient], ANSWERED_IN_PART, now=now, number=asked.number)
    return asked


def _record_answered(kind: str, asked: FilingRequest, text: str, actor: Actor) -> None:
    recipient = asked.recipient
    record(
        kind,
        incident=recipient.filing.incident,
        organisation_id=recipient.organisation_id,
        agency_id=asked.organisation_id,
        actor=actor,
        body={"filing": recipient.filing.ref, "number": asked.number, "text": text},
    )


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
