"""Record what a person filed at a portal that has no way in but a form.

The packet is prepared here and filed there. Only the portal's reference and what it gave
back, kept as a file with its SHA-256, stop the clock: a button alone stops nothing. What
is recorded later than it was filed is recorded as of then: the version that was approved
by then, and the due date that stood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from escalation.filings.drafting import lock_filing
from escalation.filings.models import (
    Filing,
    FilingRecipient,
    FilingState,
    FilingVersion,
    RecipientState,
    Way,
)
from escalation.filings.noting import counted_at, due_in_force, note_submissions
from escalation.filings.reading import approved_versions, require_state, state_of
from escalation.filings.submitting import settle, submitted_body
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.attachments import Upload, store_upload
from incidents.incident.incoming import ArrivedFile
from incidents.models import Attachment, User

MAX_REFERENCE: Final = 200
_STATES: Final = (FilingState.DRAFT, FilingState.IN_REVIEW, FilingState.APPROVED)


@dataclass(frozen=True, slots=True)
class PortalReceipt:
    """What a portal gave back, and when which version was filed there.

    Without a version it is the newest that was approved by then.
    """

    key: str
    reference: str
    submitted_at: datetime
    upload: Upload | ArrivedFile
    filename: str
    version: int | None = None


def record_by_hand(
    filing: Filing, receipt: PortalReceipt, *, user: User, actor: Actor, now: datetime
) -> FilingRecipient:
    """Call a recipient submitted on the portal's word. Locks the incident.

    Also while another version is written. Raises BadInput, and NotPossible unless a
    version was approved.
    """
    with recording(now):
        filing = lock_filing(filing)
        everybody = list(filing.recipients.select_related("agency").order_by("pk"))
        recipient = _recipient(filing, receipt, everybody)
        require_state(filing, *_STATES, act="filed by hand")
        version = _filed_version(filing, receipt, now)
        file = _keep(filing, receipt, user=user, actor=actor, now=now)
        _mark(recipient, receipt, file, version, user)
        note_submissions(filing, [recipient], at=receipt.submitted_at, now=now)
        _record(filing, recipient, everybody, file, actor)
        if filing.state == FilingState.APPROVED:
            settle(filing, everybody)
    return recipient


def _recipient(
    filing: Filing, receipt: PortalReceipt, everybody: list[FilingRecipient]
) -> FilingRecipient:
    reference = receipt.reference.strip()
    if not 1 <= len(reference) <= MAX_REFERENCE:
        raise BadInput(
            "reference", reference, "Copy the reference that the portal gave."
        )
    by_hand = {one.key: one for one in everybody if one.way == Way.BY_HAND}
    recipient = by_hand.get(receipt.key)
    if recipient is None:
        known = ", ".join(by_hand) or "none: all are on this instance"
        raise BadInput("recipient", receipt.key, f"Use one of {known}.")
    if recipient.state != RecipientState.PREPARED:
        message = f"{filing.ref} is recorded as filed with {recipient.name} already."
        raise NotPossible(
            message, state=state_of(filing) | {"recipient": recipient.key}
        )
    return recipient


def _filed_version(
    filing: Filing, receipt: PortalReceipt, now: datetime
) -> FilingVersion:
    """Return the version that was filed there. Raises BadInput, NotPossible."""
    at, wanted = receipt.submitted_at, receipt.version
    if at > now:
        remedy = (
            f"It is later than now, {now:%Y-%m-%d %H:%M} UTC: say when it was filed."
        )
        raise BadInput("submitted_at", at.isoformat(), remedy)
    approved = approved_versions(filing)
    if not approved:
        word = filing.get_state_display().lower()
        message = f"{filing.ref} is {word}: no version of it was approved."
        raise NotPossible(message, state=state_of(filing))
    named = [one for one in approved if wanted in (None, one.number)]
    if not named:
        known = ", ".join(str(one.number) for one in approved)
        raise BadInput("version", wanted, f"Name one that was approved: {known}.")
    return _approved_by(at, named)


def _approved_by(at: datetime, versions: Sequence[FilingVersion]) -> FilingVersion:
    """Return the last of these that was approved by then, to the minute."""
    by_then = [one for one in versions if _minute_of(one) <= at]
    if not by_then:
        first = versions[0]
        remedy = (
            f"Version {first.number} was approved only at "
            f"{_minute_of(first):%Y-%m-%d %H:%M} UTC: file what was approved."
        )
        raise BadInput("submitted_at", at.isoformat(), remedy)
    return by_then[-1]


def _minute_of(version: FilingVersion) -> datetime:
    assert version.approved_at is not None  # noqa: S101  only approved ones are asked
    return version.approved_at.replace(second=0, microsecond=0)


def _keep(
    filing: Filing, receipt: PortalReceipt, *, user: User, actor: Actor, now: datetime
) -> Attachment:
    """Keep the portal's file with the lab's own files of the incident."""
    return store_upload(
        filing.incident,
        receipt.upload,
        filename=receipt.filename,
        organisation=filing.organisation,
        user=user,
        is_shared=False,
        actor=actor,
        now=now,
    )


def _mark(
    recipient: FilingRecipient,
    receipt: PortalReceipt,
    file: Attachment,
    version: FilingVersion,
    user: User,
) -> None:
    due = due_in_force(recipient, counted_at(receipt.submitted_at, version))
    if due:
        recipient.due_operational = due.due_operational
        recipient.due_statutory_latest = due.due_statutory_latest
    recipient.state = RecipientState.SUBMITTED
    recipient.version, recipient.submitted_by = version, user
    recipient.submitted_at = receipt.submitted_at
    recipient.portal_reference = receipt.reference.strip()
    recipient.receipt = file
    recipient.save()


def _record(
    filing: Filing,
    recipient: FilingRecipient,
    everybody: list[FilingRecipient],
    file: Attachment,
    actor: Actor,
) -> None:
    """Record it on the lab's side alone: no agency here has got it."""
    record(
        "filing.submitted",
        incident=filing.incident,
        organisation_id=filing.organisation_id,
        actor=actor,
        is_internal=True,
        body=submitted_body(filing, recipient, everybody, at=receipt_at(recipient))
        | {
            "portal_reference": recipient.portal_reference,
            "receipt_sha256": file.sha256,
        },
    )


def receipt_at(recipient: FilingRecipient) -> datetime:
    """Return when it was filed there. Requires that it was."""
    assert recipient.submitted_at is not None  # noqa: S101  a constraint says so
    return recipient.submitted_at
