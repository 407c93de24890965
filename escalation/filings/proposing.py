"""Gather what an incident and its time record know, for a filing's first answers."""

from datetime import datetime

from escalation.duties.models import AnchorValue
from escalation.filings.prefill import Known
from incidents.incident.facets import FACETS
from incidents.incident.severity import severity_at
from incidents.models import Incident


def known_of(incident: Incident) -> Known:
    """Return what is known to the incident's owner."""
    level = severity_at(incident.severity)
    return Known(
        ref=incident.ref,
        title=incident.title,
        description=incident.description,
        category=str(incident.get_category_display()),
        severity=f"Severity {level.level}, {level.name}",
        organisation=incident.organisation.name,
        facts=_facts(incident),
        instants=_instants(incident),
    )


def _facts(incident: Incident) -> dict[str, str]:
    """Return the facets' answers in words."""
    found = {}
    for facet in FACETS:
        value = incident.facts.get(facet.key)
        if not value:
            continue
        names = {choice.value: choice.name for choice in facet.choices}
        values = value if isinstance(value, list) else [value]
        found[facet.key] = ", ".join(names.get(one, str(one)) for one in values)
    return found


def _instants(incident: Incident) -> dict[str, datetime]:
    """Return the incident's own times, and of its time record the earliest of each."""
    found = {
        name: at
        for name, at in (
            ("occurred", incident.occurred_at),
            ("detected", incident.detected_at),
            ("aware", incident.aware_at),
            ("resolved", incident.resolved_at),
        )
        if at
    }
    rows = AnchorValue.objects.filter(
        incident=incident, organisation=incident.organisation_id, withdrawn_at=None
    )
    for row in rows.order_by("-at", "-pk"):
        found[row.name] = row.at
    return found
