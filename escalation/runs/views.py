"""Start an escalation by hand from the incident's page."""

from django.http import HttpResponse

from escalation.runs.engine import escalate
from escalation.runs.panels import EscalateForm
from incidents.incident.access import acting_organisation, actor_for
from incidents.incident.actions_views import act_with
from incidents.incident.page import see_incident
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page


@page("POST")
def incident_escalate(request: PageRequest, ref: str) -> HttpResponse:
    """Put a policy to work at once; one that is at work ends."""
    seen = see_incident(request, ref)
    side = acting_organisation(request.user, seen.incident, Action.MANAGE)
    form = EscalateForm(request.POST, auto_id="id_escalate_%s", organisation=side)
    return act_with(
        request,
        seen,
        "escalate",
        form,
        lambda given: escalate(
            seen.incident,
            organisation=side,
            policy=given["policy"],
            actor=actor_for(request.user, side),
            now=seen.now,
        ),
    )
