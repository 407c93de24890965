"""Pause clocks and let them go on, from the incident's page."""

from typing import Any

from django.http import HttpResponse

from escalation.clocks.lookup import clock_to_change
from escalation.clocks.panels import PauseForm
from escalation.clocks.pausing import pause_clock, resume_clock
from incidents.incident.access import actor_for
from incidents.incident.actions_views import act_with
from incidents.incident.page import see_incident
from incidents.pages import PageRequest, page


@page("POST")
def clock_pause(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Stop a clock for a reason."""
    return _change(request, ref, pk, pause_clock, verb="pause")


@page("POST")
def clock_resume(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Let a paused clock go on."""
    return _change(request, ref, pk, resume_clock, verb="resume")


def _change(
    request: PageRequest, ref: str, pk: int, change: Any, *, verb: str
) -> HttpResponse:
    seen = see_incident(request, ref)
    clock = clock_to_change(seen.incident, pk, request.user)
    name = f"clock-{verb}-{pk}"
    return act_with(
        request,
        seen,
        name,
        PauseForm(request.POST, auto_id=f"id_{name}_%s"),
        lambda given: change(
            clock,
            reason=given["reason"],
            actor=actor_for(request.user, clock.organisation),
            now=seen.now,
        ),
    )
