"""Find the runs of an incident for those who may see them."""

from collections.abc import Iterable

from escalation.runs.models import Run


def runs_for(incident_id: int, organisation_ids: Iterable[int]) -> list[Run]:
    """Return the organisations' runs on an incident, newest first, ready to be shown."""
    rows = Run.objects.filter(
        incident=incident_id, organisation__in=list(organisation_ids)
    )
    related = rows.select_related(
        "incident__organisation", "organisation", "version__policy", "assigned_to"
    )
    return list(related.prefetch_related("steps_taken").order_by("-pk"))
