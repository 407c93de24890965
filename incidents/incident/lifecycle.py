"""What people and tools do to an incident; each function owns its transaction.

Each locks the incident first, writes one entry for one change, and leaves upward
effects as data: a timer `incident.changed`, due now, for whoever runs escalations.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.models import (
    AcknowledgedVia,
    Acknowledgement,
    Incident,
    Status,
)
from incidents.incident.severity import SEVERITIES
from incidents.ledger.canonical import format_at
from incidents.organisations.models import Organisation, User
from incidents.timers.schedule import NewTimer, add_timers

CHANGED = "incident.changed"

WhenMerged = Callable[[Incident, Incident], None]
WhenReopened = Callable[[Incident, datetime], None]
WhenAcknowledged = Callable[[Incident, datetime], None]

_when_merged: list[WhenMerged] = []
_when_reopened: list[WhenReopened] = []
_when_acknowledged: list[WhenAcknowledged] = []


def on_merged(action: WhenMerged) -> None:
    """Have `action(incident, into)` called in a merge, both locked; for ready()."""
    _when_merged.append(action)


def on_reopened(action: WhenReopened) -> None:
    """Have `action(incident, now)` called when one is reopened, locked; for ready()."""
    _when_reopened.append(action)


def on_acknowledged(action: WhenAcknowledged) -> None:
    """Have `action(incident, now)` called in an acknowledgement, locked; for ready()."""
    _when_acknowledged.append(action)


def lock_incidents(ids: Iterable[int]) -> dict[int, Incident]:
    """Lock incidents FOR NO KEY UPDATE, ids ascending, and return them fresh by id."""
    rows = Incident.objects.filter(pk__in=set(ids)).order_by("pk")
    return {row.pk: row for row in rows.select_for_update(no_key=True)}


def acknowledge(  # noqa: PLR0913  (whose word, for whom, how and when)
    incident: Incident,
    *,
    organisation: Organisation,
    user: User | None,
    via: AcknowledgedVia,
    actor: Actor,
    now: datetime,
    link_user: User | None = None,
) -> Incident:
    """Note that somebody of the organisation has it.

    Its run pauses once its policy's rule is met: mostly with the first. A second
    acknowledgement of the same person changes nothing.
    """
    with recording(now):
        incident = _lock_open(incident)
        _require_side(incident, organisation)
        row, is_new = Acknowledgement.objects.get_or_create(
            incident=incident,
            organisation=organisation,
            user=user,
            link_user=link_user,
            ended_at=None,
            defaults={"via": via, "at": now},
        )
        if not is_new:
            return incident
        _note_acknowledged(incident, row, is_person=actor.kind != "source")
        row.event = record(
            "incident.acknowledged",
            incident=incident,
            organisation_id=organisation.pk,
            actor=actor,
            body={"how": _how(via, actor), "via": str(AcknowledgedVia(via).label)},
        )
        row.save(update_fields=["event"])
        for action in _when_acknowledged:
            action(incident, now)
        announce_change(incident, organisation.pk, now=now)
    return incident


def change_severity(
    incident: Incident,
    *,
    severity: int,
    reason: str,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> Incident:
    """Set another severity. It pages people and never sets a legal clock."""
    if severity not in {level.level for level in SEVERITIES}:
        raise BadInput("severity", severity, "Give a whole number from 0 to 5.")
    with recording(now):
        incident = _lock_open(incident)
        if incident.severity == severity:
            return incident
        old, incident.severity = incident.severity, severity
        incident.is_touched = incident.is_touched or user is not None
        incident.save(update_fields=["severity", "is_touched"])
        record(
            "incident.severity_changed",
            incident=incident,
            organisation_id=incident.organisation_id,
            actor=actor,
            body={"old": old, "new": severity, "reason": reason},
        )
    return incident


def comment(  # noqa: PLR0913  (what, for whom, who and when)
    incident: Incident,
    *,
    text: str,
    is_shared: bool,
    organisation: Organisation,
    user: User | None,
    actor: Actor,
    now: datetime,
    attachments: Sequence[Mapping[str, Any]] = (),
    via: str = "",
) -> Incident:
    """Add a comment, for one's own side or also for the other side of each share.

    `via` says how it came, where that is not the page or the API.
    """
    if not text.strip():
        raise BadInput("text", text, "Write what should be noted.")
    with recording(now):
        incident = lock_incidents([incident.pk])[incident.pk]
        _require_side(incident, organisation)
        if user is not None:
            _touch(incident)
        body: dict[str, Any] = {"text": text, "is_shared": is_shared}
        if attachments:
            body["attachments"] = [dict(item) for item in attachments]
        if via:
            body["via"] = via
        record(
            "incident.commented",
            incident=incident,
            organisation_id=organisation.pk,
            actor=actor,
            body=body,
            is_internal=not is_shared,
        )
    return incident


def resolve(
    incident: Incident, *, reason: str, user: User | None, actor: Actor, now: datetime
) -> Incident:
    """Close the incident; every organisation's run ends."""
    with recording(now):
        incident = _lock_open(incident)
        close_incidents([incident], status=Status.RESOLVED, now=now)
        if user is not None:
            _touch(incident)
        record(
            "incident.resolved",
            incident=incident,
            organisation_id=incident.organisation_id,
            actor=actor,
            body={"reason": reason},
        )
    return incident


def resolve_cleared(
    incidents: Sequence[Incident],
    *,
    actor_of: Callable[[Incident], Actor],
    now: datetime,
    reason: str = "all its alerts have cleared",
) -> None:
    """Close locked incidents whose last alert has cleared, in bulk."""
    with recording(now):
        close_incidents(incidents, status=Status.RESOLVED, now=now)
        for incident in incidents:
            record(
                "incident.resolved",
                incident=incident,
                organisation_id=incident.organisation_id,
                actor=actor_of(incident),
                body={"reason": reason},
            )


def reopen(
    incident: Incident, *, reason: str, user: User | None, actor: Actor, now: datetime
) -> Incident:
    """Open a resolved incident again; acknowledgements end and routing starts anew."""
    with recording(now):
        incident = lock_incidents([incident.pk])[incident.pk]
        if incident.status != Status.RESOLVED:
            message = f"Only a resolved incident can be reopened; this one is {incident.status}."
            raise NotPossible(message, state=state_of(incident))
        if _other_is_open(incident):
            message = "A newer incident of the same alerts is open; work on that one."
            raise NotPossible(message, state=state_of(incident))
        incident.status, incident.resolved_at = Status.OPEN, None
        incident.reopened_count += 1
        incident.is_touched = True
        _save_reopened(incident)
        incident.acknowledgements.filter(ended_at=None).update(ended_at=now)
        for action in _when_reopened:
            action(incident, now)
        record(
            "incident.reopened",
            incident=incident,
            organisation_id=incident.organisation_id,
            actor=actor,
            body={"reason": reason},
        )
        announce_change(incident, incident.organisation_id, now=now)
    return incident


def _save_reopened(incident: Incident) -> None:
    """Write the reopening. A tool may open the same group's incident at this moment."""
    fields = ["status", "resolved_at", "reopened_count", "is_touched"]
    try:
        with transaction.atomic():
            incident.save(update_fields=fields)
    except IntegrityError:
        message = "A newer incident of the same alerts was opened; work on that one."
        raise NotPossible(message, state=state_of(incident)) from None


def merge(
    incident: Incident,
    *,
    into: Incident,
    reason: str,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> Incident:
    """Close an incident as part of another of the same owner; its alerts move there."""
    with recording(now):
        locked = lock_incidents([incident.pk, into.pk])
        incident, into = locked[incident.pk], locked[into.pk]
        _require_mergeable(incident, into)
        incident.merged_into = into
        incident.save(update_fields=["merged_into"])
        close_incidents([incident], status=Status.MERGED, now=now)
        for action in _when_merged:
            action(incident, into)
        _touch(into)
        for one, other in ((incident, into), (into, incident)):
            record(
                "triage.merged",
                incident=one,
                organisation_id=one.organisation_id,
                actor=actor,
                body={"into": into.ref, "other": other.ref, "reason": reason},
            )
    return incident


def close_incidents(
    incidents: Sequence[Incident], *, status: Status, now: datetime
) -> None:
    """Set locked incidents to a closed status and announce it. Needs an open recording."""
    for incident in incidents:
        incident.status, incident.resolved_at = status, now
    Incident.objects.filter(pk__in=[i.pk for i in incidents]).update(
        status=status, resolved_at=now
    )
    _announce(incidents, now=now)


def announce_change(incident: Incident, organisation_id: int, *, now: datetime) -> None:
    """Leave word that runs of the incident must look at it. Needs an open recording."""
    _announce([incident], now=now, organisation_id=organisation_id)


def state_of(incident: Incident) -> dict[str, Any]:
    """Return the present state, as an error that says "not possible" carries it."""
    state: dict[str, Any] = {
        "ref": incident.ref,
        "status": incident.status,
        "severity": incident.severity,
    }
    if incident.resolved_at:
        state["resolved_at"] = format_at(incident.resolved_at)
    return state


def _lock_open(incident: Incident) -> Incident:
    locked = lock_incidents([incident.pk])[incident.pk]
    if locked.is_closed:
        message = f"{locked.ref} is {locked.status}; reopen it first."
        raise NotPossible(message, state=state_of(locked))
    return locked


def _require_side(incident: Incident, organisation: Organisation) -> None:
    """Refuse an agency whose share ended before the lock was taken."""
    if organisation.pk == incident.organisation_id:
        return
    if not incident.shares.filter(agency=organisation, unshared_at=None).exists():
        message = f"{incident.ref} is no longer shared with {organisation.name}."
        raise NotPossible(message, state={"ref": incident.ref})


def _note_acknowledged(
    incident: Incident, row: Acknowledgement, *, is_person: bool
) -> None:
    if row.organisation_id == incident.organisation_id:
        incident.status = Status.ACKNOWLEDGED
        incident.acknowledged_at = incident.acknowledged_at or row.at
    # A tool is no person: what it acknowledged still resolves when its alerts clear.
    incident.is_touched = incident.is_touched or is_person
    incident.save(update_fields=["status", "acknowledged_at", "is_touched"])


def _how(via: AcknowledgedVia, actor: Actor) -> str:
    if via in {AcknowledgedVia.PAGE, AcknowledgedVia.API}:
        return str(AcknowledgedVia(via).label)
    return actor.name


def _touch(incident: Incident) -> None:
    if not incident.is_touched:
        incident.is_touched = True
        incident.save(update_fields=["is_touched"])


def _other_is_open(incident: Incident) -> bool:
    if incident.source_id is None:
        return False
    same = Incident.objects.active().filter(
        source_id=incident.source_id, group_key=incident.group_key
    )
    return same.exclude(pk=incident.pk).exists()


def _require_mergeable(incident: Incident, into: Incident) -> None:
    if incident.pk == into.pk:
        raise BadInput("into", into.ref, "Name another incident.")
    if incident.organisation_id != into.organisation_id:
        raise BadInput("into", into.ref, "Name an incident of the same owner.")
    for one in (incident, into):
        if one.is_closed:
            raise NotPossible(f"{one.ref} is {one.status}.", state=state_of(one))


def _announce(
    incidents: Sequence[Incident], *, now: datetime, organisation_id: int | None = None
) -> None:
    add_timers(
        NewTimer(
            kind=CHANGED,
            subject_id=incident.pk,
            organisation_id=organisation_id or incident.organisation_id,
            incident_id=incident.pk,
            due_at=now,
        )
        for incident in incidents
    )
