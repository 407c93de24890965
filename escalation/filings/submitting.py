"""Send the approved version to the agencies on this instance, once.

What is shared is what the filing says to each, and by the share the incident that it is
about. A stage's clock is met by the first submission; a later version moves nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from escalation.filings.drafting import lock_filing
from escalation.filings.models import (
    Filing,
    FilingRecipient,
    FilingState,
    FilingVersion,
    RecipientState,
    Way,
)
from escalation.filings.noting import due_instants, note_submissions
from escalation.filings.reading import (
    newest_version,
    require_state,
    sections_of,
    state_of,
)
from escalation.filings.sections import digest_of, shown_to
from escalation.filings.telling import SUBMITTED, tell
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.shares import share_locked
from incidents.ledger.canonical import format_at
from incidents.models import User

# Who may still get a version.
OPEN: Final = (RecipientState.PREPARED, RecipientState.RETURNED)


def submit(filing: Filing, *, user: User, actor: Actor, now: datetime) -> Filing:
    """Submit the approved version; a second time changes nothing. Locks the incident.

    Raises NotPossible unless the newest version is approved and somebody waits for it.
    """
    with recording(now):
        filing = lock_filing(filing)
        if filing.state == FilingState.SUBMITTED:
            return filing
        require_state(filing, FilingState.APPROVED, act="submitted")
        version = approved_version(filing)
        everybody = list(filing.recipients.select_related("agency").order_by("pk"))
        going = [r for r in everybody if r.way == Way.HERE and waits_for(r, version)]
        if not going:
            _require_sent(filing, version, everybody)
            return filing
        _share(filing, going, user=user, actor=actor, now=now)
        first = [recipient for recipient in going if recipient.submitted_at is None]
        _mark(going, version, user=user, now=now)
        note_submissions(filing, first, at=now, now=now)
        for recipient in going:
            _record(filing, recipient, everybody, actor=actor, now=now)
        tell(going, SUBMITTED, now=now)
        settle(filing, everybody)
    return filing


def waits_for(recipient: FilingRecipient, version: FilingVersion) -> bool:
    """Whether a recipient is to get this version; what it returned it does not get again."""
    return recipient.state in OPEN and recipient.version_id != version.pk


def approved_version(filing: Filing) -> FilingVersion:
    """Return the newest version. Raises NotPossible unless it is approved."""
    version = newest_version(filing)
    if version.approved_at is None:
        message = f"Version {version.number} is not approved."
        raise NotPossible(message, state=state_of(filing))
    return version


def settle(filing: Filing, recipients: Sequence[FilingRecipient]) -> None:
    """Call it submitted once who waited for the approved version has it."""
    version = newest_version(filing)
    is_sent = any(recipient.version_id == version.pk for recipient in recipients)
    if is_sent and not any(waits_for(one, version) for one in recipients):
        filing.state = FilingState.SUBMITTED
        filing.save(update_fields=["state"])


def digest_for(recipient: FilingRecipient, everybody: list[FilingRecipient]) -> str:
    """Return the digest of the part that a recipient gets, which it can check itself."""
    version = recipient.version
    assert version is not None  # noqa: S101  who was sent something has a version
    shown = shown_to(sections_of(version, everybody), recipient.audience_key)
    return digest_of(shown, ref=recipient.filing.ref, number=version.number)


def _require_sent(
    filing: Filing, version: FilingVersion, everybody: Sequence[FilingRecipient]
) -> None:
    """Raise NotPossible unless an agency here has this version already."""
    if any(r.way == Way.HERE and r.version_id == version.pk for r in everybody):
        return
    message = (
        "Nobody waits for this version. Correct what they have by an amended filing."
    )
    if any(waits_for(recipient, version) for recipient in everybody):
        message = "It goes out by hand: record what the portal gave back."
    raise NotPossible(message, state=state_of(filing))


def _share(
    filing: Filing,
    going: Sequence[FilingRecipient],
    *,
    user: User,
    actor: Actor,
    now: datetime,
) -> None:
    wanted = [
        (filing.incident, recipient.agency, f"Filing {filing.ref} was submitted to it")
        for recipient in going
        if recipient.agency
    ]
    if wanted:
        share_locked(wanted, user=user, actors=[actor] * len(wanted), now=now)


def _mark(
    going: Sequence[FilingRecipient],
    version: FilingVersion,
    *,
    user: User,
    now: datetime,
) -> None:
    dues = due_instants(going)
    for recipient in going:
        if recipient.submitted_at is None:
            due = dues.get((recipient.regime_id, recipient.stage), (None, None))
            recipient.due_operational, recipient.due_statutory_latest = due
            recipient.submitted_at = now
        else:
            recipient.resubmitted_at = now
        recipient.state = RecipientState.SUBMITTED
        recipient.version, recipient.submitted_by = version, user
        recipient.save()


def _record(
    filing: Filing,
    recipient: FilingRecipient,
    everybody: list[FilingRecipient],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    record(
        "filing.submitted",
        incident=filing.incident,
        organisation_id=filing.organisation_id,
        agency_id=recipient.agency_id,
        actor=actor,
        body=submitted_body(filing, recipient, everybody, at=now),
    )


def submitted_body(
    filing: Filing,
    recipient: FilingRecipient,
    everybody: list[FilingRecipient],
    *,
    at: datetime,
) -> dict[str, Any]:
    """Return what `filing.submitted` says of a recipient, however it was filed.

    Requires that the recipient has its version.
    """
    assert recipient.version is not None  # noqa: S101  whoever marks it sets it
    return {
        "filing": filing.ref,
        "version": recipient.version.number,
        "sha256": digest_for(recipient, everybody),
        "agency": recipient.name,
        "regime": recipient.regime_id,
        "stage": recipient.stage,
        "tlp": filing.tlp,
        "submitted_at": format_at(at),
    }
