"""Give a filing on to another authority: to whom, on which basis, at which risk.

An authority on this instance that sees the incident gets it at once. One that does not is
named to the lab, whose incident it is: an agency shares nothing in the lab's name.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count

from escalation.filings.answering import note_answer, note_measures
from escalation.filings.exchange_models import FilingTransfer
from escalation.filings.models import Filing, FilingRecipient, RecipientState, Way
from escalation.filings.noting import note_by_product
from escalation.filings.receiving import (
    agency_of,
    checked_text,
    lock_recipient,
    state_of,
    take_in,
)
from escalation.filings.telling import SUBMITTED, TRANSFERRED, tell
from escalation.regimes.regime import SUBMITTED as SUBMITTED_STAGE
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, User

MAX_BASIS = 300
MAX_STEM = 50


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where a filing is to go, and why it may."""

    agency: Organisation | None
    name: str
    legal_basis: str
    reason: str
    risks: str = ""


def transfer(
    recipient: FilingRecipient,
    wanted: Transfer,
    *,
    user: User,
    actor: Actor,
    now: datetime,
) -> FilingTransfer:
    """Give it on; the lab is told to whom and why. Locks the incident.

    Raises BadInput, NotPossible.
    """
    with recording(now):
        recipient = lock_recipient(recipient)
        if recipient.state in (RecipientState.ACCEPTED, RecipientState.TRANSFERRED):
            word = recipient.get_state_display().lower()
            message = f"{recipient.filing.ref} is {word}: it stays there."
            raise NotPossible(message, state=state_of(recipient))
        row = _row(recipient, wanted, user=user, now=now)
        is_returned = recipient.state == RecipientState.RETURNED
        take_in(recipient, user=user, actor=actor, now=now)
        recipient.state, recipient.settled_at = RecipientState.TRANSFERRED, now
        recipient.settled_reason = row.reason
        recipient.save(update_fields=["state", "settled_at", "settled_reason"])
        row.save()
        _record(recipient, row, actor)
        note_answer(recipient, now=now)
        note_measures(recipient, now=now)
        tell([recipient], TRANSFERRED, now=now)
        if row.agency and _sees(recipient, row.agency):
            _hand_over(recipient, row.agency, is_returned=is_returned, now=now)
    return row


def _row(
    recipient: FilingRecipient, wanted: Transfer, *, user: User, now: datetime
) -> FilingTransfer:
    if wanted.agency == recipient.agency:
        raise BadInput("agency", wanted.name, "It is there already.")
    if wanted.agency and not wanted.agency.is_agency:
        raise BadInput("agency", wanted.agency.slug, "Name an agency.")
    name = wanted.agency.name if wanted.agency else wanted.name.strip()
    if not 1 <= len(name) <= 200:  # noqa: PLR2004  the column's width
        raise BadInput("name", name, "Name the authority, in at most 200 characters.")
    basis = wanted.legal_basis.strip()
    if not 1 <= len(basis) <= MAX_BASIS:
        raise BadInput("legal_basis", basis, "Name the provision that allows it.")
    return FilingTransfer(
        recipient=recipient,
        organisation=agency_of(recipient),
        agency=wanted.agency,
        name=name,
        legal_basis=basis,
        reason=checked_text("reason", wanted.reason),
        risks=checked_text("risks", wanted.risks, is_needed=False),
        author=user,
        transferred_at=now,
    )


def _record(recipient: FilingRecipient, row: FilingTransfer, actor: Actor) -> None:
    body = {
        "filing": recipient.filing.ref,
        "agency": agency_of(recipient).name,
        "to": row.name,
        "legal_basis": row.legal_basis,
        "text": row.reason,
    }
    if row.risks:
        body["risks"] = row.risks
    record(
        "filing.transferred",
        incident=recipient.filing.incident,
        organisation_id=row.organisation_id,
        actor=actor,
        body=body,
    )


def _sees(recipient: FilingRecipient, agency: Organisation) -> bool:
    shares = recipient.filing.incident.shares
    return shares.filter(agency=agency, unshared_at=None).exists()


def _free_key(filing: Filing, agency: Organisation) -> str:
    keys = set(filing.recipients.values_list("key", flat=True))
    stem = agency.slug[:MAX_STEM]
    further = (f"{stem}-{number}" for number in count(2))
    return next(name for name in chain([agency.slug], further) if name not in keys)


def _hand_over(
    recipient: FilingRecipient,
    agency: Organisation,
    *,
    is_returned: bool,
    now: datetime,
) -> FilingRecipient:
    """Put the same part before the other agency; the lab's submission stays the first.

    What was returned waits there for its correction as well.
    """
    made = FilingRecipient.objects.create(
        filing=recipient.filing,
        organisation_id=recipient.organisation_id,
        key=_free_key(recipient.filing, agency),
        reads_as=recipient.audience_key,
        way=Way.HERE,
        agency=agency,
        name=agency.name,
        regime_id=recipient.regime_id,
        regime_digest=recipient.regime_digest,
        stage=recipient.stage,
        state=RecipientState.RETURNED if is_returned else RecipientState.SUBMITTED,
        version=recipient.version,
        submitted_at=recipient.submitted_at,
        submitted_by=recipient.submitted_by,
        due_operational=recipient.due_operational,
        due_statutory_latest=recipient.due_statutory_latest,
        came_from=recipient,
    )
    note_by_product(
        recipient.filing.incident,
        agency,
        f"{SUBMITTED_STAGE}{recipient.stage}",
        regime_id=recipient.regime_id,
        at=now,
        source=recipient.filing.ref,
        now=now,
    )
    tell([made], SUBMITTED, now=now)
    return made
