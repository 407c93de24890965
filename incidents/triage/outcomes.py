"""Decide what an agency makes of an incident, and who there sees to it.

Outcome and reason are told to the lab. Priority, owner, next review and another lab's
incident of which this is a duplicate stay inside the agency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.lifecycle import acknowledge, lock_incidents
from incidents.incident.models import AcknowledgedVia, Incident, Share
from incidents.ledger.canonical import JsonValue, format_at
from incidents.organisations.models import Organisation, OrganisationKind, User
from incidents.triage.criteria import PRIORITIES
from incidents.triage.models import Outcome, TriageRow, TriageState
from incidents.triage.questions import ask, checked_text
from incidents.triage.rows import locked_row

NOT_OURS_QUESTION = (
    "We think that {agency} is responsible for this incident, not us. Please look at "
    "whether to share it with them, and tell us what you decided. Our reason: {reason}"
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an officer decided about an incident."""

    outcome: str
    reason: str = ""
    priority: int | None = None
    owner: User | None = None
    next_review_at: datetime | None = None
    referred_to: Organisation | None = None
    duplicate_of: Incident | None = None


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """Which references were acknowledged, and which were not visible or are closed."""

    acknowledged: tuple[str, ...]
    skipped: tuple[str, ...]


def decide(
    incident: Incident,
    *,
    organisation: Organisation,
    decision: Decision,
    user: User,
    actor: Actor,
    now: datetime,
) -> TriageRow:
    """Record the agency's decision; it may be changed by a later one.

    *Needs information* asks the reason as a question; *not ours* names the agency and
    asks the lab, who alone may share. Locks the incident. Raises BadInput, NotPossible.
    """
    _check(decision, organisation=organisation, user=user, now=now)
    with recording(now):
        row = locked_row(incident, organisation=organisation)
        _check_duplicate(decision, incident=row.incident, user=user)
        _write(row, decision, user=user, now=now)
        _record_decision(row, actor=actor)
        if text := _question_of(decision):
            ask(row, text=text, user=user, actor=actor, now=now)
    return row


def assign(
    incident: Incident,
    *,
    organisation: Organisation,
    owner: User | None,
    actor: Actor,
    now: datetime,
) -> TriageRow:
    """Give the row to somebody of the agency, or to nobody. Locks the incident."""
    _check_owner(owner, organisation=organisation)
    with recording(now):
        row = locked_row(incident, organisation=organisation)
        if row.owner == owner:
            return row
        row.owner = owner
        row.save(update_fields=["owner"])
        record(
            "triage.assigned",
            incident=row.incident,
            organisation_id=organisation.pk,
            actor=actor,
            body={"owner": str(owner) if owner else "nobody"},
            subjects={"owner": owner.uid} if owner else {},
        )
    return row


def acknowledge_many(
    refs: Sequence[str],
    *,
    organisation: Organisation,
    user: User,
    actor: Actor,
    now: datetime,
    via: AcknowledgedVia = AcknowledgedVia.PAGE,
) -> BulkOutcome:
    """Acknowledge several incidents for the organisation, all in one transaction.

    What the person may not see is skipped like what does not exist.
    """
    done: list[str] = []
    with recording(now):
        for incident in _locked_visible(refs, organisation=organisation, user=user):
            if incident.is_closed:
                continue
            acknowledge(
                incident,
                organisation=organisation,
                user=user,
                via=via,
                actor=actor,
                now=now,
            )
            done.append(incident.ref)
    acknowledged = frozenset(done)
    unique = dict.fromkeys(refs)
    return BulkOutcome(
        tuple(ref for ref in unique if ref in acknowledged),
        tuple(ref for ref in unique if ref not in acknowledged),
    )


def _locked_visible(
    refs: Sequence[str], *, organisation: Organisation, user: User
) -> list[Incident]:
    """Lock at once, ids ascending, so that two bulk acts cannot block each other."""
    # Its own share: the person may still see the incident through another organisation.
    shared = Share.objects.filter(agency=organisation, unshared_at=None)
    visible = Incident.objects.visible_to(user).filter(
        ref__in=refs, pk__in=shared.values("incident")
    )
    locked = lock_incidents(visible.values_list("pk", flat=True))
    return [locked[pk] for pk in sorted(locked)]


def _check(
    decision: Decision, *, organisation: Organisation, user: User, now: datetime
) -> None:
    if decision.outcome not in Outcome.values:
        choices = ", ".join(Outcome.values)
        raise BadInput("outcome", decision.outcome, f"Choose one of {choices}.")
    if decision.reason or decision.outcome != Outcome.ACCEPTED:
        checked_text("reason", decision.reason)
    _check_priority(decision.priority)
    _check_owner(decision.owner, organisation=organisation)
    review_at = decision.next_review_at
    if review_at is not None and review_at <= now:
        raise BadInput("next_review_at", review_at, "Choose a time still to come.")
    _check_referral(decision, organisation=organisation)


def _check_priority(priority: int | None) -> None:
    levels = [level.level for level in PRIORITIES]
    if priority is not None and priority not in levels:
        raise BadInput("priority", priority, f"Choose {levels[0]} to {levels[-1]}.")


def _check_owner(owner: User | None, *, organisation: Organisation) -> None:
    if owner is None:
        return
    is_member = organisation.memberships.filter(user=owner, ended_at=None).exists()
    if not is_member or not owner.is_active:
        raise BadInput("owner", owner.email, f"Choose somebody of {organisation}.")


def _check_referral(decision: Decision, *, organisation: Organisation) -> None:
    agency = decision.referred_to
    if decision.outcome != Outcome.NOT_OURS:
        if agency is not None:
            remedy = "Name an agency only with the outcome not ours."
            raise BadInput("referred_to", agency.slug, remedy)
        return
    if agency is None:
        raise BadInput("referred_to", "", "Name the agency that is responsible.")
    if agency.kind != OrganisationKind.AGENCY or agency == organisation:
        raise BadInput("referred_to", agency.slug, "Name an agency other than yours.")


def _check_duplicate(decision: Decision, *, incident: Incident, user: User) -> None:
    original = decision.duplicate_of
    if decision.outcome != Outcome.DUPLICATE:
        if original is not None:
            remedy = "Name an incident only with the outcome duplicate."
            raise BadInput("duplicate_of", original.ref, remedy)
        return
    if original is None:
        raise BadInput("duplicate_of", "", "Name the incident that came first.")
    visible = Incident.objects.visible_to(user).filter(pk=original.pk)
    if original == incident or not visible.exists():
        remedy = "Name another incident that you can open."
        raise BadInput("duplicate_of", original.ref, remedy)


def _write(row: TriageRow, decision: Decision, *, user: User, now: datetime) -> None:
    asks = decision.outcome == Outcome.NEEDS_INFORMATION
    row.state = TriageState.ASKED if asks else TriageState.DECIDED
    row.outcome = decision.outcome
    row.reason = decision.reason.strip()
    row.priority = decision.priority
    row.owner = decision.owner
    row.next_review_at = decision.next_review_at
    row.referred_to = decision.referred_to
    row.duplicate_of = decision.duplicate_of
    row.decided_at = now
    row.decided_by = user
    row.save()


def _record_decision(row: TriageRow, *, actor: Actor) -> None:
    body: dict[str, JsonValue | None] = {
        "outcome": Outcome(row.outcome).label,
        "reason": row.reason or None,
        "referred_to": row.referred_to.name if row.referred_to else None,
        "priority": row.priority,
        "owner": str(row.owner) if row.owner else None,
        "next_review_at": format_at(row.next_review_at) if row.next_review_at else None,
        **_duplicate(row),
    }
    record(
        "triage.decided",
        incident=row.incident,
        organisation_id=row.organisation_id,
        actor=actor,
        body={name: value for name, value in body.items() if value is not None},
        subjects={"owner": row.owner.uid} if row.owner else {},
    )


def _duplicate(row: TriageRow) -> dict[str, str]:
    """Return the other incident's reference, under a name that hides another lab's."""
    original = row.duplicate_of
    if original is None:
        return {}
    is_same_lab = original.organisation_id == row.incident.organisation_id
    return {"duplicate_of" if is_same_lab else "duplicate_elsewhere": original.ref}


def _question_of(decision: Decision) -> str:
    if decision.outcome == Outcome.NEEDS_INFORMATION:
        return decision.reason
    if decision.outcome == Outcome.NOT_OURS:
        return NOT_OURS_QUESTION.format(
            agency=decision.referred_to, reason=decision.reason
        )
    return ""
