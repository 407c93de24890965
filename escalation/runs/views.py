"""Act on an escalation from the incident's page: start, give away, snooze, pass on."""

from django.forms import Form
from django.http import HttpResponse

from escalation.runs.engine import escalate
from escalation.runs.forms import PassOnForm, ReassignForm, SnoozeForm
from escalation.runs.panels import EscalateForm
from escalation.runs.passing_on import CANNOT, Told, pass_on_by_hand
from escalation.runs.pausing import snooze, unsnooze
from escalation.runs.reassigning import reassign
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


@page("POST")
def incident_reassign(request: PageRequest, ref: str) -> HttpResponse:
    """Give it to others of the reader's side, who are paged at once."""
    seen = see_incident(request, ref)
    side = acting_organisation(request.user, seen.incident, Action.ACKNOWLEDGE)
    form = ReassignForm(request.POST, auto_id="id_reassign_%s", organisation=side)
    return act_with(
        request,
        seen,
        "reassign",
        form,
        lambda given: reassign(
            seen.incident,
            organisation=side,
            to=form.target,
            reason=given["reason"],
            actor=actor_for(request.user, side),
            now=seen.now,
        ),
    )


@page("POST")
def incident_snooze(request: PageRequest, ref: str) -> HttpResponse:
    """Page nobody of the reader's side for a while."""
    seen = see_incident(request, ref)
    side = acting_organisation(request.user, seen.incident, Action.ACKNOWLEDGE)
    form = SnoozeForm(request.POST, auto_id="id_snooze_%s")
    return act_with(
        request,
        seen,
        "snooze",
        form,
        lambda given: snooze(
            seen.incident,
            organisation=side,
            until=form.until(seen.now),
            reason=given["reason"],
            actor=actor_for(request.user, side),
            now=seen.now,
        ),
    )


@page("POST")
def incident_unsnooze(request: PageRequest, ref: str) -> HttpResponse:
    """End a snooze; the path goes on at once."""
    seen = see_incident(request, ref)
    side = acting_organisation(request.user, seen.incident, Action.ACKNOWLEDGE)
    return act_with(
        request,
        seen,
        "unsnooze",
        Form(request.POST),
        lambda _: unsnooze(
            seen.incident,
            organisation=side,
            actor=actor_for(request.user, side),
            now=seen.now,
        ),
    )


@page("POST")
def incident_pass_on(request: PageRequest, ref: str) -> HttpResponse:
    """Take the next step at once, because the reader cannot take it."""
    seen = see_incident(request, ref)
    side = acting_organisation(request.user, seen.incident, Action.ACKNOWLEDGE)
    form = PassOnForm(request.POST, auto_id="id_pass-on_%s")
    return act_with(
        request,
        seen,
        "pass-on",
        form,
        lambda given: pass_on_by_hand(
            seen.incident,
            organisation=side,
            seen=Told(given["run"], given["step"], given["round"]),
            reason=given["reason"] or CANNOT,
            actor=actor_for(request.user, side),
            now=seen.now,
        ),
    )
