"""Raises the severity of incidents in bulk, as steps and clocks ask for it."""

from collections.abc import Sequence

from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.incident.models import Incident

Wanted = tuple[Incident, int, str, Actor]


def raise_locked(wanted: Sequence[Wanted]) -> None:
    """Raise locked incidents, each to a level for a reason; never lowers one.

    Routing hears of it as of any change of severity. Needs an open recording.
    """
    raised: dict[int, Incident] = {}
    for incident, level, reason, actor in wanted:
        # Two runs of one incident may ask at once, each with an object of its own.
        known = raised.get(incident.pk, incident)
        if known.severity >= level:
            continue
        record(
            "incident.severity_changed",
            incident=incident,
            organisation_id=incident.organisation_id,
            actor=actor,
            body={"old": known.severity, "new": level, "reason": reason},
        )
        incident.severity = level
        raised[incident.pk] = incident
    if raised:
        Incident.objects.bulk_update(raised.values(), ["severity"])
