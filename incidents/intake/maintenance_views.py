"""The pages on which maintenance windows are made, changed and taken out of use."""

from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from incidents.incident.access import actor_for
from incidents.intake.held_page import edit_page
from incidents.intake.maintenance import (
    change_maintenance,
    create_maintenance,
    end_maintenance,
)
from incidents.intake.silence_forms import MaintenanceForm
from incidents.intake.silence_models import Maintenance
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET", "POST")
def maintenance_new(request: PageRequest) -> HttpResponse:
    """Make a window for the organisation that `?organisation=` names."""
    slug = request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    form = MaintenanceForm(request.POST or None, organisation=organisation)

    def save(now: datetime) -> None:
        create_maintenance(
            organisation,
            form.draft(),
            author=request.user,
            actor=actor_for(request.user, organisation),
            now=now,
        )

    return edit_page(request, form, save, {"kind": "maintenance"})


@page("GET", "POST")
def maintenance_edit(request: PageRequest, uid: UUID) -> HttpResponse:
    """Change a window; one that was taken out of use is used again."""
    window, organisation = _configurable(request, uid)
    form = MaintenanceForm(
        request.POST or None, organisation=organisation, window=window
    )

    def save(now: datetime) -> None:
        actor = actor_for(request.user, organisation)
        change_maintenance(window, form.draft(), actor=actor, now=now)

    context = {"kind": "maintenance", "window": window}
    return edit_page(request, form, save, context)


@page("POST")
def maintenance_end(request: PageRequest, uid: UUID) -> HttpResponse:
    """Take a window out of use; what still fires opens its incident."""
    window, organisation = _configurable(request, uid)
    actor = actor_for(request.user, organisation)
    end_maintenance(window, actor=actor, now=read_now())
    return redirect("silence-list")


def _configurable(request: PageRequest, uid: UUID) -> tuple[Maintenance, Organisation]:
    rows = Maintenance.objects.visible_to(request.user)
    window = rows.select_related("organisation", "source").filter(uid=uid).first()
    if window is None:
        raise Http404
    slug = window.organisation.slug
    return window, organisation_for(request.user, Action.CONFIGURE, slug=slug)
