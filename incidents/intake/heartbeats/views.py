"""The pages of heartbeat monitors."""

from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.intake.heartbeats.forms import HeartbeatForm
from incidents.intake.heartbeats.models import Heartbeat, HeartbeatState
from incidents.intake.heartbeats.monitors import (
    OPTIONS,
    change_heartbeat,
    create_heartbeat,
    heartbeat_url,
    rotate_heartbeat_key,
)
from incidents.intake.heartbeats.rhythm import in_words
from incidents.intake.heartbeats.watching import due_at, held_until, rhythm_of
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET")
def heartbeat_list(request: PageRequest) -> HttpResponse:
    """Show what is watched, those that are late first."""
    visible = Heartbeat.objects.visible_to(request.user).select_related("incident")
    rows = list(visible.order_by("name", "pk"))
    rows.sort(key=lambda row: row.state != HeartbeatState.LATE)
    allowed = organisations_allowing(request.user, Action.CONFIGURE)
    held = held_until(rows, read_now())
    context = {
        "heartbeats": [_listed(row, allowed, held.get(row.pk)) for row in rows],
        "new_url": reverse("heartbeat-new") if allowed else "",
    }
    return render(request, "incidents/heartbeats/list.html", context)


@page("GET", "POST")
def heartbeat_new(request: PageRequest) -> HttpResponse:
    """Make a monitor for the organisation that `?organisation=` names."""
    slug = request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    return _edit(request, organisation, None)


@page("GET", "POST")
def heartbeat_edit(request: PageRequest, uid: UUID) -> HttpResponse:
    """Change a monitor, and show the address that must be called."""
    heartbeat, organisation = _changeable(request, uid)
    return _edit(request, organisation, heartbeat)


@page("POST")
def heartbeat_rotate(request: PageRequest, uid: UUID) -> HttpResponse:
    """Give a monitor another address; the old one ends at once."""
    heartbeat, organisation = _changeable(request, uid)
    actor = actor_for(request.user, organisation)
    rotate_heartbeat_key(heartbeat, actor=actor, now=read_now())
    return redirect("heartbeat-edit", uid)


def _changeable(request: PageRequest, uid: UUID) -> tuple[Heartbeat, Organisation]:
    rows = Heartbeat.objects.visible_to(request.user).select_related("organisation")
    heartbeat = rows.filter(uid=uid).first()
    if heartbeat is None:
        raise Http404
    slug = heartbeat.organisation.slug
    return heartbeat, organisation_for(request.user, Action.CONFIGURE, slug=slug)


def _edit(
    request: PageRequest, organisation: Organisation, heartbeat: Heartbeat | None
) -> HttpResponse:
    initial = {name: getattr(heartbeat, name) for name in OPTIONS if heartbeat}
    # A period of 0 is none: the expression says when.
    initial |= {"period_minutes": initial.get("period_minutes") or None}
    form = HeartbeatForm(
        request.POST or None,
        is_new=heartbeat is None,
        initial=initial,
    )
    is_sent = request.method == "POST"
    if is_sent and form.is_valid():
        saved = _save(request, organisation, heartbeat, form)
        if saved:
            return redirect("heartbeat-edit", saved.uid)
    context = {
        "form": form,
        "heartbeat": heartbeat,
        "url": heartbeat_url(heartbeat) if heartbeat else "",
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    return render(request, "incidents/heartbeats/edit.html", context, status=status)


def _save(
    request: PageRequest,
    organisation: Organisation,
    heartbeat: Heartbeat | None,
    form: HeartbeatForm,
) -> Heartbeat | None:
    actor, now, draft = actor_for(request.user, organisation), read_now(), form.draft()
    try:
        if heartbeat:
            return change_heartbeat(
                heartbeat, changes=asdict(draft), actor=actor, now=now
            )
        slug = form.cleaned_data["slug"]
        return create_heartbeat(organisation, draft, slug=slug, actor=actor, now=now)
    except BadInput as error:
        form.add_error(
            error.field if error.field in form.fields else None, error.remedy
        )
        return None


def _listed(
    row: Heartbeat, allowed: list[int], held_until: datetime | None
) -> dict[str, Any]:
    is_late = row.state == HeartbeatState.LATE
    is_mine = row.organisation_id in allowed
    return {
        "name": row.name,
        "slug": row.slug,
        "state": row.state if row.is_enabled else "off",
        "label": row.get_state_display() if row.is_enabled else "Not watched",
        "rhythm": in_words(rhythm_of(row)),
        "last_ping_at": row.last_ping_at,
        "ping_count": row.ping_count,
        "due_at": due_at(row) if row.is_enabled and not is_late else None,
        "held_until": held_until,
        "late_since": row.late_since,
        "incident": row.incident if is_late else None,
        "edit_url": reverse("heartbeat-edit", args=[row.uid]) if is_mine else "",
    }
