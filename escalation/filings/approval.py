"""Have another person read a filing before it goes out, and approve or refuse it."""

from datetime import datetime

from escalation.filings.drafting import lock_filing, note_review
from escalation.filings.models import Filing, FilingState, FilingVersion
from escalation.filings.reading import (
    changes_in_words,
    changes_since,
    lacking,
    newest_version,
    require_state,
    state_of,
)
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import User

MAX_REASON = 2_000


def ask_review(filing: Filing, *, actor: Actor, now: datetime) -> Filing:
    """Give the newest version to a second person. Locks the incident.

    Raises NotPossible, which names what is missing, and for what was approved once.
    """
    with recording(now):
        filing = lock_filing(filing)
        require_state(filing, FilingState.DRAFT, act="reviewed")
        version = newest_version(filing)
        if version.approved_at is not None:
            # Whoever holds it holds this approval: another would change its files.
            message = (
                f"Version {version.number} was approved: write another version first."
            )
            raise NotPossible(message, state=state_of(filing))
        _require_whole(filing, version)
        version.review_asked_at = now
        version.save(update_fields=["review_asked_at"])
        _move(filing, FilingState.IN_REVIEW)
        note_review(filing, version, "to be reviewed", actor=actor)
    return filing


def approve(
    filing: Filing, *, version: int, user: User, actor: Actor, now: datetime
) -> Filing:
    """Approve the version that the person has read. Locks the incident.

    Raises NotPossible for its own author, or when it is not the newest any more.
    """
    with recording(now):
        filing = lock_filing(filing)
        found = _under_review(filing, version)
        if found.author_id == user.pk:
            message = "You wrote this version: another person must approve it."
            raise NotPossible(message, state=state_of(filing))
        found.approved_by, found.approved_at = user, now
        found.save(update_fields=["approved_by", "approved_at"])
        _move(filing, FilingState.APPROVED)
        record(
            "filing.approved",
            incident=filing.incident,
            organisation_id=filing.organisation_id,
            actor=actor,
            body={
                "filing": filing.ref,
                "version": found.number,
                "sha256": found.sha256,
            },
        )
    return filing


def refuse(
    filing: Filing,
    *,
    version: int,
    reason: str,
    user: User,
    actor: Actor,
    now: datetime,
) -> Filing:
    """Send it back to its authors with what is to be changed. Locks the incident.

    Raises BadInput, NotPossible.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_REASON:
        raise BadInput("reason", reason, "Write what is to be changed.")
    with recording(now):
        filing = lock_filing(filing)
        found = _under_review(filing, version)
        found.refused_by, found.refused_at, found.refusal = user, now, reason
        found.save(update_fields=["refused_by", "refused_at", "refusal"])
        _move(filing, FilingState.DRAFT)
        note_review(filing, found, "to be changed", actor=actor, reason=reason)
    return filing


def _under_review(filing: Filing, number: int) -> FilingVersion:
    require_state(filing, FilingState.IN_REVIEW, act="approved or refused")
    newest = newest_version(filing)
    if newest.number != number:
        changed = changes_since(newest, number)
        message = (
            f"Version {newest.number} is in review, not {number}: read that one."
            f"{changes_in_words(changed)}"
        )
        state = {"version": newest.number, "changed": changed}
        raise NotPossible(message, state=state_of(filing) | state)
    return newest


def _require_whole(filing: Filing, version: FilingVersion) -> None:
    lacks = lacking(version, list(filing.recipients.order_by("pk")))
    if not lacks:
        return
    fields = "; ".join(f"{one.field} ({one.recipient}): {one.why}" for one in lacks)
    message = f"{len(lacks)} required answers are missing. {fields}."
    shown = [
        {"recipient": one.recipient, "field": one.field, "why": one.why}
        for one in lacks
    ]
    raise NotPossible(message, state=state_of(filing) | {"missing": shown})


def _move(filing: Filing, state: FilingState) -> None:
    filing.state = state
    filing.save(update_fields=["state"])
