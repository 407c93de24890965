"""Makes an incident visible to an agency, and ends that. Both are entries."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import models

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.models import AudienceStream, Purpose
from incidents.events.record import record, recording
from incidents.events.streams import StreamKey, make_audience_streams
from incidents.incident.lifecycle import announce_change, lock_incidents, state_of
from incidents.incident.models import Attachment, Incident, Share
from incidents.incident.opening import described
from incidents.organisations.models import Organisation, User

WhenShared = Callable[[Sequence[Share], datetime], None]

_when_shared: list[WhenShared] = []


def on_shared(action: WhenShared) -> None:
    """Have `action(shares, now)` called inside the transaction of a share; for ready()."""
    _when_shared.append(action)


def share(
    incident: Incident,
    *,
    agency: Organisation,
    reason: str,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> Share:
    """Share an incident with an agency; a second time changes nothing."""
    with recording(now):
        incident = lock_incidents([incident.pk])[incident.pk]
        return share_locked(
            [(incident, agency, reason)], user=user, actors=[actor], now=now
        )[0]


def share_locked(
    wanted: Sequence[tuple[Incident, Organisation, str]],
    *,
    user: User | None,
    actors: Sequence[Actor],
    now: datetime,
) -> list[Share]:
    """Share locked incidents in bulk; returns the active share of each pair.

    Needs an open recording. What was before stays in the owner's private stream; the
    pair stream opens with `incident.shared` and a snapshot.
    """
    for incident, agency, _ in wanted:
        _require_agency(incident, agency)
    active = _active_shares(wanted)
    fresh = {
        (i.pk, a.pk): (i, a, reason, actor)
        for (i, a, reason), actor in zip(wanted, actors, strict=True)
        if (i.pk, a.pk) not in active
    }
    if fresh:
        made = _make_shares(list(fresh.values()), user=user, now=now)
        active.update({(s.incident_id, s.agency_id): s for s in made})
    return [active[i.pk, a.pk] for i, a, _ in wanted]


def unshare(
    incident: Incident,
    *,
    agency: Organisation,
    reason: str,
    user: User | None,
    actor: Actor,
    now: datetime,
) -> Share:
    """End a share: no new entries and no new reads for the agency; its run ends."""
    with recording(now):
        incident = lock_incidents([incident.pk])[incident.pk]
        row = incident.shares.filter(agency=agency, unshared_at=None).first()
        if row is None:
            message = f"{incident.ref} is not shared with {agency.name}."
            raise NotPossible(message, state=state_of(incident))
        row.unshared_at = now
        row.save(update_fields=["unshared_at"])
        AudienceStream.objects.filter(
            incident=incident, purpose=Purpose.PAIR, agency=agency
        ).update(closed_at=now)
        # Shared once more, it must page the agency anew.
        incident.acknowledgements.filter(organisation=agency, ended_at=None).update(
            ended_at=now
        )
        record(
            "incident.unshared",
            incident=incident,
            organisation_id=incident.organisation_id,
            agency_id=agency.pk,
            actor=actor,
            body={"agency": agency.name, "reason": reason},
        )
        announce_change(incident, agency.pk, now=now)
    return row


def _require_agency(incident: Incident, agency: Organisation) -> None:
    if not agency.is_agency:
        raise BadInput("agency", agency.slug, "Name an organisation that is an agency.")
    if incident.organisation_id == agency.pk:
        raise BadInput("agency", agency.slug, "The owner sees the incident already.")


def _active_shares(
    wanted: Sequence[tuple[Incident, Organisation, str]],
) -> dict[tuple[int, int], Share]:
    ids = [incident.pk for incident, _, _ in wanted]
    rows = Share.objects.filter(incident__in=ids, unshared_at=None)
    return {(row.incident_id, row.agency_id): row for row in rows}


def _make_shares(
    fresh: Sequence[tuple[Incident, Organisation, str, Actor]],
    *,
    user: User | None,
    now: datetime,
) -> list[Share]:
    _open_pairs([(incident, agency) for incident, agency, _, _ in fresh], now=now)
    shares = Share.objects.bulk_create(
        Share(
            incident=incident,
            organisation_id=incident.organisation_id,
            agency=agency,
            shared_at=now,
            shared_by=user,
            reason=reason[:300],
        )
        for incident, agency, reason, _ in fresh
    )
    if user is not None:
        ids = [incident.pk for incident, _, _, _ in fresh]
        Incident.objects.filter(pk__in=ids).update(is_touched=True)
    attachments = _shown_attachments([incident for incident, _, _, _ in fresh])
    for incident, agency, reason, actor in fresh:
        record(
            "incident.shared",
            incident=incident,
            organisation_id=incident.organisation_id,
            agency_id=agency.pk,
            actor=actor,
            body={
                **described(incident),
                "agency": agency.name,
                "reason": reason,
                "attachments": attachments.get(incident.pk, []),
            },
        )
    for action in _when_shared:
        action(shares, now)
    return shares


def _open_pairs(
    pairs: Sequence[tuple[Incident, Organisation]], *, now: datetime
) -> None:
    """Make the pair streams that are missing and open again those that were closed."""
    keys = [
        StreamKey(Purpose.PAIR, incident.pk, incident.organisation_id, agency.pk)
        for incident, agency in pairs
    ]
    rows = AudienceStream.objects.filter(
        purpose=Purpose.PAIR, incident__in={key.incident_id for key in keys}
    )
    existing = {(row.incident_id, row.agency_id): row for row in rows}
    missing = [k for k in keys if (k.incident_id, k.agency_id) not in existing]
    if missing:
        make_audience_streams(missing)
    again = [
        existing[k.incident_id, k.agency_id].pk
        for k in keys
        if (k.incident_id, k.agency_id) in existing
    ]
    AudienceStream.objects.filter(pk__in=again).update(closed_at=None, opened_at=now)


def _shown_attachments(
    incidents: Sequence[Incident],
) -> dict[int, list[dict[str, Any]]]:
    shown: dict[int, list[dict[str, Any]]] = {}
    rows = Attachment.objects.filter(incident__in=incidents, is_shared=True)
    # An agency's own files are for the owner alone, not for another agency.
    for row in rows.filter(organisation=models.F("incident__organisation")):
        item = {"name": row.filename, "size": row.size_bytes, "sha256": row.sha256}
        shown.setdefault(row.incident_id, []).append(item)
    return shown
