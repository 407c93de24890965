"""Take a filing in at an agency: receive it, return it with remarks, accept it."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from escalation.filings.answering import note_answer, note_measures
from escalation.filings.drafting import lock_filing
from escalation.filings.exchange_models import FilingRemark
from escalation.filings.merging import changed_fields
from escalation.filings.models import FilingRecipient, FilingVersion, RecipientState
from escalation.filings.reading import changes_in_words, sections_of
from escalation.filings.sections import shown_to
from escalation.filings.telling import ACCEPTED, RECEIVED, RETURNED, tell
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.refs import ALPHABET
from incidents.ledger.canonical import format_at
from incidents.models import Organisation, User

MAX_TEXT: Final = 5_000
MAX_REMARKS: Final = 60
_NUMBER_SIGNS: Final = 7


def receive(
    recipient: FilingRecipient, *, user: User, actor: Actor, now: datetime
) -> FilingRecipient:
    """Give the receipt; a second time changes nothing. Locks the incident."""
    with recording(now):
        recipient = lock_recipient(recipient)
        if recipient.state == RecipientState.SUBMITTED:
            take_in(recipient, user=user, actor=actor, now=now)
            tell([recipient], RECEIVED, now=now)
    return recipient


def return_filing(  # noqa: PLR0913  (what is said, and on which version)
    recipient: FilingRecipient,
    *,
    text: str,
    remarks: Sequence[Mapping[str, str]] = (),
    version: int | None = None,
    user: User,
    actor: Actor,
    now: datetime,
) -> FilingRecipient:
    """Send it back to be corrected, with remarks on its fields. Locks the incident.

    Raises BadInput, NotPossible, also when another than the version read is there now.
    """
    with recording(now):
        recipient = lock_recipient(recipient)
        _require_open(recipient, "returned")
        _require_read(recipient, version)
        sent = version_of(recipient)
        rows = _checked_remarks(recipient, sent, text, remarks)
        take_in(recipient, user=user, actor=actor, now=now)
        recipient.state = RecipientState.RETURNED
        recipient.save(update_fields=["state"])
        FilingRemark.objects.bulk_create(
            FilingRemark(
                recipient=recipient,
                organisation_id=agency_of(recipient).pk,
                version=sent,
                field=field,
                text=said,
                author=user,
                written_at=now,
            )
            for field, said in rows
        )
        shown = [{"field": field, "text": said} for field, said in rows if field]
        _record(
            recipient,
            "filing.returned",
            {"version": sent.number, "text": text.strip(), "remarks": shown},
            actor,
        )
        note_answer(recipient, now=now)
        tell([recipient], RETURNED, now=now)
    return recipient


def accept(
    recipient: FilingRecipient,
    *,
    text: str = "",
    version: int | None = None,
    user: User,
    actor: Actor,
    now: datetime,
) -> FilingRecipient:
    """Say that nothing more is wanted of it. Locks the incident.

    Raises NotPossible, also when another than the version read is there now.
    """
    with recording(now):
        recipient = lock_recipient(recipient)
        if recipient.state == RecipientState.ACCEPTED:
            return recipient
        _require_open(recipient, "accepted")
        _require_read(recipient, version)
        take_in(recipient, user=user, actor=actor, now=now)
        recipient.state = RecipientState.ACCEPTED
        recipient.settled_at = now
        recipient.settled_reason = checked_text("text", text, is_needed=False)
        recipient.save(update_fields=["state", "settled_at", "settled_reason"])
        body: dict[str, object] = {"version": version_of(recipient).number}
        if recipient.settled_reason:
            body["text"] = recipient.settled_reason
        _record(recipient, "filing.accepted", body, actor)
        note_answer(recipient, now=now)
        note_measures(recipient, now=now)
        tell([recipient], ACCEPTED, now=now)
    return recipient


def take_in(
    recipient: FilingRecipient, *, user: User, actor: Actor, now: datetime
) -> None:
    """Receive it if nobody has; the first receipt stays. Requires a recording, locked."""
    if recipient.state != RecipientState.SUBMITTED:
        return
    recipient.state = RecipientState.RECEIVED
    if recipient.received_at is None:
        recipient.received_at, recipient.received_by = now, user
        recipient.receipt_number = _receipt_number(recipient, now)
    recipient.save(
        update_fields=["state", "received_at", "received_by", "receipt_number"]
    )
    body = {"receipt": recipient.receipt_number, "received_at": format_at(now)}
    _record(recipient, "filing.received", body, actor)


def lock_recipient(recipient: FilingRecipient) -> FilingRecipient:
    """Lock the incident and return the recipient anew. Requires an open recording."""
    lock_filing(recipient.filing)
    rows = FilingRecipient.objects.select_related(
        "filing__incident__organisation", "agency", "organisation", "version"
    )
    return rows.get(pk=recipient.pk)


def agency_of(recipient: FilingRecipient) -> Organisation:
    """Return the agency. Requires a recipient on this instance."""
    assert recipient.agency is not None  # noqa: S101  only an agency here acts
    return recipient.agency


def version_of(recipient: FilingRecipient) -> FilingVersion:
    """Return the newest version that was sent. Requires that one was."""
    assert recipient.version is not None  # noqa: S101  an agency sees only what was sent
    return recipient.version


def checked_text(field: str, text: str, *, is_needed: bool = True) -> str:
    """Return the text without its outer blanks. Raises BadInput."""
    text = text.strip()
    if is_needed and not text:
        raise BadInput(field, text, "Write at least a sentence.")
    if len(text) > MAX_TEXT:
        raise BadInput(field, "", f"Keep it to {MAX_TEXT} characters.")
    return text


def state_of(recipient: FilingRecipient) -> dict[str, Any]:
    """Return what an error that says "not possible" carries."""
    return {"ref": recipient.filing.ref, "state": recipient.state}


def _require_open(recipient: FilingRecipient, act: str) -> None:
    if recipient.state not in (RecipientState.SUBMITTED, RecipientState.RECEIVED):
        word = recipient.get_state_display().lower()
        message = f"{recipient.filing.ref} is {word}: it cannot be {act} now."
        raise NotPossible(message, state=state_of(recipient))


def _require_read(recipient: FilingRecipient, version: int | None) -> None:
    """Raise NotPossible if the version that was read is not the newest sent any more."""
    newest = version_of(recipient)
    if version in (None, newest.number):
        return
    changed = _changed_for(recipient, version) if version else []
    message = (
        f"Version {newest.number} came meanwhile: read that one."
        f"{changes_in_words(changed)}"
    )
    state = {"version": newest.number, "changed": changed}
    raise NotPossible(message, state=state_of(recipient) | state)


def _changed_for(recipient: FilingRecipient, number: int) -> list[str]:
    """Return in which fields that it reads its version differs from one it had before.

    What it was sent before is what it returned, or who gave it on did: of any other
    version it learns nothing.
    """
    chain = [recipient]
    while chain[-1].came_from:
        chain.append(chain[-1].came_from)
    returned = FilingRemark.objects.filter(
        recipient__in=chain, version__number=number
    ).first()
    if returned is None:
        return []
    before, after = (
        shown_to(sections_of(version, [recipient]), recipient.audience_key)
        for version in (returned.version, version_of(recipient))
    )
    return changed_fields(before, after)


def _checked_remarks(
    recipient: FilingRecipient,
    version: FilingVersion,
    text: str,
    remarks: Sequence[Mapping[str, str]],
) -> list[tuple[str, str]]:
    """Return (field, text), the remark on the whole first. Raises BadInput."""
    seen = shown_to(sections_of(version, [recipient]), recipient.audience_key)
    known = {section.field for section in seen}
    rows = [("", checked_text("text", text))]
    if len(remarks) > MAX_REMARKS:
        raise BadInput("remarks", len(remarks), f"At most {MAX_REMARKS}.")
    for index, remark in enumerate(remarks):
        if remark["field"] not in known:
            remedy = "Name a field of the filing, as it is written there."
            raise BadInput(f"remarks[{index}].field", remark["field"], remedy)
        said = checked_text(f"remarks[{index}].text", remark["text"])
        rows.append((remark["field"], said))
    return rows


def _receipt_number(recipient: FilingRecipient, now: datetime) -> str:
    """Return a number of the agency's: random, so that none tells how many there are."""
    signs = "".join(secrets.choice(ALPHABET) for _ in range(_NUMBER_SIGNS))
    return f"{agency_of(recipient).slug.upper()}-{now:%Y}-{signs}"


def _record(
    recipient: FilingRecipient, kind: str, body: Mapping[str, object], actor: Actor
) -> None:
    agency = agency_of(recipient)
    record(
        kind,
        incident=recipient.filing.incident,
        organisation_id=agency.pk,
        actor=actor,
        body={"filing": recipient.filing.ref, "agency": agency.name, **body},
    )
