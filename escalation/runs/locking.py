"""Finds the run that a person wants to change, under its incident's lock."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from escalation.runs.engine import loaded
from escalation.runs.models import LIVE, Run
from escalation.runs.watch import end_acknowledgements
from incidents.errors import NotPossible
from incidents.incident.lifecycle import lock_incidents, state_of
from incidents.models import Acknowledgement, Incident, Organisation


def locked_live_run(incident: Incident, organisation: Organisation) -> Run:
    """Return the organisation's run that is at work or paused. Raises NotPossible."""
    incident = lock_incidents([incident.pk])[incident.pk]
    rows = Run.objects.filter(
        incident=incident, organisation=organisation, state__in=LIVE
    )
    runs = loaded(rows.values_list("pk", flat=True))
    if incident.is_closed or not runs:
        message = f"No escalation of {organisation} is at work on {incident.ref}."
        raise NotPossible(message, state=state_of(incident))
    return runs[0]


def end_own_acknowledgements(runs: Sequence[Run], *, now: datetime) -> None:
    """End what the runs' own organisations acknowledged; it does not hold them any more."""
    own = Q(pk__in=[])
    for run in runs:
        own |= Q(incident=run.incident_id, organisation=run.organisation_id)
    end_acknowledgements(Acknowledgement.objects.filter(own, ended_at=None), now=now)
