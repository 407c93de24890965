"""Write what became of an extension to the record, for those whom it concerns."""

from collections.abc import Mapping
from typing import Any

from escalation.duties.delays.models import Extension
from escalation.duties.naming import Names
from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.models import Organisation


def record_extension_act(
    kind: str,
    row: Extension,
    body: Mapping[str, Any],
    actor: Actor,
    *,
    side: Organisation | None = None,
) -> None:
    """Record what a side, by default the lab, did about an extension.

    The agency of which it was asked reads it too; without one it is the lab's alone.
    """
    clock = row.clock
    record(
        kind,
        incident=clock.incident,
        organisation_id=(side or row.organisation).pk,
        agency_id=row.agency_id,
        actor=actor,
        is_internal=row.agency_id is None,
        body={
            "extension": row.pk,
            "what": Names.load([clock]).name_of(clock),
            "regime": clock.regime_id,
            "stage": clock.stage,
            "citation": row.citation,
            **body,
        },
    )
