"""Open and find an agency's row for a shared incident."""

from collections.abc import Sequence
from datetime import datetime

from incidents.errors import NotPossible
from incidents.incident.lifecycle import lock_incidents
from incidents.incident.models import Incident, Share
from incidents.organisations.models import Organisation
from incidents.triage.models import TriageRow, TriageState


def open_rows(shares: Sequence[Share], now: datetime) -> None:
    """Put shared incidents into their agencies' queues, in one statement.

    A second share after an unshare puts the old row back to waiting, its history kept.
    Requires the incidents locked, inside the shares' transaction.
    """
    TriageRow.objects.bulk_create(
        [
            TriageRow(
                incident_id=share.incident_id,
                organisation_id=share.agency_id,
                state=TriageState.WAITING,
                received_at=now,
            )
            for share in shares
        ],
        update_conflicts=True,
        unique_fields=["incident", "organisation"],
        update_fields=["state", "received_at"],
    )


def reopen_rows(incident: Incident, now: datetime) -> None:
    """Put a reopened incident back before the agencies that had decided on it.

    Only where the share still lasts. What they decided stays on the row until they
    decide anew, and in the record for good. Requires the incident locked.
    """
    shares = Share.objects.filter(incident=incident, unshared_at=None)
    TriageRow.objects.filter(
        incident=incident,
        organisation__in=shares.values("agency"),
        state=TriageState.DECIDED,
    ).update(state=TriageState.WAITING, received_at=now)


def locked_row(incident: Incident, *, organisation: Organisation) -> TriageRow:
    """Lock the incident and return the agency's row.

    Raises NotPossible when the incident is not, or no longer, shared with it.
    Requires an open transaction.
    """
    lock_incidents([incident.pk])
    shared = Share.objects.filter(
        incident=incident, agency=organisation, unshared_at=None
    )
    row = (
        TriageRow.objects.select_related("incident", "organisation")
        .filter(incident=incident, organisation=organisation)
        .first()
    )
    if row is None or not shared.exists():
        raise NotPossible(
            f"{incident.ref} is not shared with {organisation} now.",
            state={"shared": False},
        )
    return row
