"""The page behind an acknowledge link: opening it changes nothing, its button does.

Mail scanners open links, so only a POST acknowledges.
"""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from escalation.notifications.ack_links import LinkExpired, LinkInvalid, read_token
from escalation.notifications.ack_receipts import link_receipt, title_by_link
from escalation.notifications.answering import (
    acknowledge_for,
    find_answerable,
    incident_of,
    recipient_of,
    standing_acknowledgement,
)
from escalation.notifications.consequences import ask_to_pass_on
from escalation.notifications.models import Notification
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import (
    AcknowledgedVia,
    Acknowledgement,
    Incident,
    Organisation,
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
        notification = find_answerable(read_token(token))
    except LinkExpired:
        return _page(request, {"state": "expired"}, status=HTTPStatus.GONE)
    except LinkInvalid:
        return _page(request, {"state": "invalid"}, status=HTTPStatus.NOT_FOUND)
    context = _context(notification)
    if request.method == "POST" and context["state"] == "ready":
        if "pass_on" in request.POST and context["may_pass_on"]:
            context["state"] = _pass_on(notification)
        else:
            context["state"] = _acknowledge(notification, request.user)
    if context["state"] in ("done", "already"):
        context["receipt"] = link_receipt(notification, request.user, token)
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


def _acknowledge(notification: Notification, user: Any) -> str:
    member = _member(user, notification.organisation)
    try:
        acknowledge_for(
            notification,
            user=member,
            via=AcknowledgedVia.LINK if member is None else AcknowledgedVia.PAGE,
            actor=_actor(notification, member),
            now=read_now(),
        )
    except NotPossible:
        return "ended"
    return "done"


def _pass_on(notification: Notification) -> str:
    now = read_now()
    with recording(now):
        ask_to_pass_on(notification, now=now)
    return "passed_on"


def _member(user: Any, organisation: Organisation) -> User | None:
    """Return the signed-in person if they may acknowledge for the organisation."""
    if not isinstance(user, User) or not user.is_active:
        return None
    return user if can(user, Action.ACKNOWLEDGE, organisation) else None


def _actor(notification: Notification, member: User | None) -> Actor:
    if member is not None:
        return Actor.of(member, notification.organisation)
    name = f"by link sent to {recipient_of(notification)}"
    return Actor.link(notification.organisation, name=name)


def _context(notification: Notification) -> dict[str, Any]:
    incident = incident_of(notification)
    row = standing_acknowledgement(notification)
    return {
        "state": _state(incident, row),
        "incident": incident,
        "title": title_by_link(incident),
        "organisation": notification.organisation,
        "recipient": recipient_of(notification),
        "may_pass_on": _may_pass_on(notification),
        "acknowledged_by": (row.user or row.organisation) if row else None,
        "acknowledged_at": row.at if row else None,
    }


def _may_pass_on(notification: Notification) -> bool:
    """Whether the run goes on if its reader cannot take it."""
    run = notification.run
    if run is None or run.state != "active":
        return False
    return run.waits_for_place(notification.step_index, notification.round)


def _state(incident: Incident, row: Acknowledgement | None) -> str:
    if incident.is_closed:
        return "ended"
    return "already" if row else "ready"
