"""The page behind an acknowledge link: opening it changes nothing, its button does.

Mail scanners open links, so only a POST acknowledges.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from escalation.notifications.ack_links import LinkExpired, LinkInvalid, read_token
from escalation.notifications.models import Notification
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.incident.lifecycle import acknowledge
from incidents.incident.tlp import may_carry_content
from incidents.models import (
    AcknowledgedVia,
    Acknowledgement,
    AudienceStream,
    Entry,
    Incident,
    Organisation,
    Share,
    User,
)
from incidents.organisations.roles import Action, can
from incidents.timers.clock import read_now

_TEMPLATE = "escalation/notifications/acknowledge.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link is about; acknowledge it when its button is pressed."""
    try:
        notification = _notification_of(token)
    except LinkExpired:
        return _page(request, {"state": "expired"}, status=HTTPStatus.GONE)
    except LinkInvalid:
        return _page(request, {"state": "invalid"}, status=HTTPStatus.NOT_FOUND)
    context = _context(notification)
    if request.method == "POST" and context["state"] == "ready":
        context["state"] = _acknowledge(notification, request.user)
    return _page(request, context)


def _page(
    request: HttpRequest, context: dict[str, Any], *, status: int = HTTPStatus.OK
) -> HttpResponse:
    response = render(request, _TEMPLATE, context, status=status)
    response["X-Robots-Tag"] = "noindex"
    # The address holds the token.
    # Not no-referrer: browsers then send "Origin: null", and the button is refused.
    response["Referrer-Policy"] = "same-origin"
    return response


def _notification_of(token: str) -> Notification:
    """Return what the link belongs to, if its organisation still sees the incident."""
    rows = Notification.objects.select_related(
        "incident__organisation", "organisation", "recipient_user"
    )
    notification = rows.filter(uid=read_token(token)).first()
    if notification is None or notification.incident is None:
        raise LinkInvalid
    if not _sees(notification.organisation, notification.incident):
        raise LinkInvalid
    if not _is_still_there(notification.recipient_user, notification.organisation):
        raise LinkInvalid
    # A message of the time before says nothing of what has happened since.
    if _is_reopened_since(notification.queued_at, notification.incident):
        raise LinkExpired
    return notification


def _sees(organisation: Organisation, incident: Incident) -> bool:
    if organisation.pk == incident.organisation_id:
        return True
    shares = Share.objects.filter(agency=organisation, unshared_at=None)
    return shares.filter(incident=incident).exists()


def _is_still_there(person: User | None, organisation: Organisation) -> bool:
    """Tell whether the person that the link was sent to still belongs; a desk does."""
    if person is None:
        return True
    roles = person.memberships.filter(organisation=organisation, ended_at=None)
    return person.is_active and roles.exists()


def _is_reopened_since(sent_at: datetime, incident: Incident) -> bool:
    if not incident.reopened_count:
        return False
    streams = AudienceStream.objects.filter(incident=incident).values("stream")
    reopened = Entry.objects.filter(stream__in=streams, kind="incident.reopened")
    return reopened.filter(at__gt=sent_at).exists()


def _acknowledge(notification: Notification, user: Any) -> str:
    organisation = notification.organisation
    member = _member(user, organisation)
    try:
        acknowledge(
            _incident_of(notification),
            organisation=organisation,
            user=member,
            via=AcknowledgedVia.LINK if member is None else AcknowledgedVia.PAGE,
            actor=_actor(notification, member),
            now=read_now(),
        )
    except NotPossible:
        return "ended"
    return "done"


def _member(user: Any, organisation: Organisation) -> User | None:
    """Return the signed-in person if they may acknowledge for the organisation."""
    if not isinstance(user, User) or not user.is_active:
        return None
    return user if can(user, Action.ACKNOWLEDGE, organisation) else None


def _actor(notification: Notification, member: User | None) -> Actor:
    if member is not None:
        return Actor.of(member, notification.organisation)
    name = f"by link sent to {_recipient(notification)}"
    return Actor.link(notification.organisation, name=name)


def _context(notification: Notification) -> dict[str, Any]:
    incident = _incident_of(notification)
    may_show_title = may_carry_content(incident.tlp, "link", inside=True)
    row = _acknowledgement(notification)
    return {
        "state": _state(incident, row),
        "incident": incident,
        "title": incident.title if may_show_title else "",
        "organisation": notification.organisation,
        "recipient": _recipient(notification),
        "acknowledged_by": (row.user or row.organisation) if row else None,
        "acknowledged_at": row.at if row else None,
    }


def _acknowledgement(notification: Notification) -> Acknowledgement | None:
    rows = Acknowledgement.objects.select_related("user", "organisation")
    return rows.filter(
        incident=notification.incident_id,
        organisation=notification.organisation_id,
        ended_at=None,
    ).first()


def _state(incident: Incident, row: Acknowledgement | None) -> str:
    if incident.is_closed:
        return "ended"
    return "already" if row else "ready"


def _recipient(notification: Notification) -> str:
    return notification.recipient_name or notification.address


def _incident_of(notification: Notification) -> Incident:
    if notification.incident is None:
        raise LinkInvalid
    return notification.incident
