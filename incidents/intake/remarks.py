"""Take what a tool's client remarks about an alert: that somebody has it, or a note."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.incident.models import AcknowledgedVia, Incident
from incidents.intake.models import Source
from incidents.intake.news import Step, StepKind

_REMARKS: Final = frozenset({StepKind.ACKNOWLEDGED, StepKind.NOTED})


def is_of_former(step: Step, incident: Incident) -> bool:
    """Whether this was remarked before what the incident is about had begun.

    It was said of the incident before, and is read late or once more.
    """
    if step.kind not in _REMARKS:
        return False
    began_at = incident.detected_at or incident.opened_at
    return step.news.received_at < began_at


def acknowledge_told(
    told: Mapping[int, Source], incidents: Mapping[int, Incident], *, now: datetime
) -> None:
    """Acknowledge incidents, by id, of which a client of their source said so.

    One after the other: only two compatible surfaces know such a message.
    """
    for pk, source in sorted(told.items(), key=lambda pair: pair[0]):
        acknowledge(
            incidents[pk],
            organisation=source.organisation,
            user=None,
            via=AcknowledgedVia.API,
            actor=Actor.source(source.organisation, name=source.name),
            now=now,
        )
