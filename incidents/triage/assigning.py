"""Gives incidents to people in bulk, as the steps of escalation paths ask for it."""

from collections.abc import Sequence

from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.incident.models import Incident
from incidents.organisations.models import Organisation, User
from incidents.triage.models import TriageRow

Wanted = tuple[Incident, Organisation, User, Actor]


def assign_locked(wanted: Sequence[Wanted]) -> None:
    """Record who has which locked incident for an organisation.

    An agency's row in its triage queue gets that owner. Needs an open recording.
    """
    owners = {(i.pk, organisation.pk): user for i, organisation, user, _ in wanted}
    for incident, organisation, user, actor in wanted:
        record(
            "triage.assigned",
            incident=incident,
            organisation_id=organisation.pk,
            actor=actor,
            body={"owner": str(user)},
            subjects={"owner": user.uid},
        )
    rows = TriageRow.objects.filter(incident__in={pk for pk, _ in owners})
    changed = [row for row in rows if (row.incident_id, row.organisation_id) in owners]
    for row in changed:
        row.owner = owners[row.incident_id, row.organisation_id]
    TriageRow.objects.bulk_update(changed, ["owner"])
