"""Compose the page of one incident from its own parts and those of the slices above."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from incidents.events.feed import readable_streams, timeline
from incidents.incident.access import find_incident, note_reading
from incidents.incident.actions import actions_of, primary_of
from incidents.incident.attachments import visible_attachments
from incidents.incident.facts import facts_of
from incidents.incident.models import Incident
from incidents.incident.panels import INCIDENT_PAGE, Seen, merged_context
from incidents.incident.strip import strip_of
from incidents.incident.timeline_view import EVERYTHING, SHOW, timeline_view
from incidents.ledger.models import Entry
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, reader_of
from incidents.timers.clock import read_now


def see_incident(
    request: PageRequest, ref: str, *, bound: Mapping[str, BaseForm] | None = None
) -> Seen:
    """Return the incident as the reader sees it. Raises Http404."""
    incident = find_incident(request.user, ref)
    seen = Seen.by(request.user, incident, now=read_now(), bound=bound)
    return replace(seen, is_whole=request.GET.get(SHOW) == EVERYTHING)


def show_incident(
    request: PageRequest, seen: Seen, *, status: int = HTTPStatus.OK
) -> HttpResponse:
    """Return the incident's page, once its reading is recorded."""
    note_incident(request, seen)
    return render(
        request, "incidents/incident/detail.html", page_context(seen), status=status
    )


def note_incident(request: PageRequest, seen: Seen) -> None:
    """Record that the reader opens the incident. Raises Unavailable."""
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[seen.incident],
        targets=[f"incident:{seen.incident.ref}"],
        now=seen.now,
    )


def page_context(seen: Seen) -> dict[str, Any]:
    """Return every variable of the incident's page."""
    parts = INCIDENT_PAGE.parts(seen)
    incident = seen.incident
    actions = [*actions_of(seen), *(a for part in parts for a in part.actions)]
    return {
        **merged_context(parts),
        "now": seen.now,
        "incident": incident,
        "strip": strip_of(seen, parts),
        "primary": primary_of(seen),
        "merged_into": _merged_into(seen),
        "facts": facts_of(seen),
        "actions": actions,
        "unsent": _unsent(seen, {action.name for action in actions}),
        "shares": shares_of(seen),
        "attachments": visible_attachments(incident, seen.side_ids),
        "timeline": timeline_view(
            timeline(incident, seen.side_ids),
            url=incident.get_absolute_url(),
            is_whole=seen.is_whole,
            names={id_: name for part in parts for id_, name in part.names.items()},
        ),
        "last_seq": mark_of(seen),
        "custody_url": reverse("incident-custody", args=[incident.ref]),
    }


def _unsent(seen: Seen, offered: Collection[str]) -> BaseForm | None:
    """Return the form that was refused, unless its action is still there to show it."""
    return None if seen.refused in offered else seen.bound.get(seen.refused)


def mark_of(seen: Seen) -> str:
    """Return a text that changes whenever what the page shows has changed."""
    streams = [row.stream_id for row in readable_streams(seen.incident, seen.side_ids)]
    entries = Entry.objects.filter(stream__in=streams)
    # Their number, not the last one's id, which would count everybody's.
    own = f"{entries.count()}-{seen.incident.status}-{seen.incident.open_alert_count}"
    return "-".join([own, *INCIDENT_PAGE.marks(seen)])


def shares_of(seen: Seen) -> list[dict[str, Any]]:
    """Return with whom it is shared: all for the owner, their own for an agency."""
    rows = seen.incident.shares.select_related("agency").order_by("pk")
    if not seen.is_owner:
        rows = rows.filter(agency__in=seen.side_ids)
    may_end = seen.may_as_owner(Action.SHARE)
    return [
        {
            "agency": row.agency,
            "shared_at": row.shared_at,
            "unshared_at": row.unshared_at,
            "reason": row.reason if seen.is_owner else "",
            "unshare_url": _unshare_url(seen.incident, row.agency.slug)
            if may_end
            else "",
        }
        for row in rows
    ]


def _unshare_url(incident: Incident, slug: str) -> str:
    return reverse("incident-unshare", args=[incident.ref, slug])


def _merged_into(seen: Seen) -> Incident | None:
    if seen.incident.merged_into_id is None:
        return None
    visible = Incident.objects.visible_to(seen.person)
    return visible.filter(pk=seen.incident.merged_into_id).first()
