"""Answer Opsgenie's Heartbeat API: a ping by name, and what is known of a heartbeat.

The original says PONG to any name. A sign of life that nobody watches must not look
taken, so a name that is not known is answered by 404 here.
Source: https://docs.opsgenie.com/docs/heartbeats
"""

from typing import Any, Final
from uuid import uuid4

from django.db.models import Q
from django.http import HttpRequest

from incidents.intake.heartbeats.models import Heartbeat, HeartbeatState
from incidents.intake.heartbeats.ping import Pinged, take_ping_of
from incidents.intake.models import Source
from incidents.intake.surface_access import surface_views
from incidents.intake.surfaces.base import Reply
from incidents.intake.surfaces.opsgenie import SURFACE, problem, success
from incidents.ledger.canonical import format_at

PONG: Final = "PONG - Heartbeat received"
MAX_LISTED: Final = 500
UNAVAILABLE: Final = "It could not be taken just now; send it again."


def _ping(request: HttpRequest, source: Source, name: str) -> Reply:
    heartbeat = _named(source, name)
    if heartbeat is None or not heartbeat.is_enabled:
        return _unknown(name)
    pinged = take_ping_of(heartbeat)
    if pinged is Pinged.UNKNOWN_KEY:
        return _unknown(name)
    if pinged is Pinged.UNAVAILABLE:
        return problem(503, UNAVAILABLE, uuid4())
    return success(uuid4(), status=202, result=PONG)


def _show(request: HttpRequest, source: Source, name: str) -> Reply:
    heartbeat = _named(source, name)
    if heartbeat is None:
        return _unknown(name)
    return success(uuid4(), data=_heartbeat(heartbeat))


def _list(request: HttpRequest, source: Source) -> Reply:
    rows = Heartbeat.objects.filter(organisation=source.organisation_id)
    shown = [_heartbeat(row) for row in rows.order_by("slug")[:MAX_LISTED]]
    return success(uuid4(), data={"heartbeats": shown})


def _named(source: Source, name: str) -> Heartbeat | None:
    """Return the organisation's heartbeat of this short name, or of this name."""
    rows = Heartbeat.objects.filter(organisation=source.organisation_id)
    found = list(rows.filter(Q(slug__iexact=name) | Q(name__iexact=name))[:2])
    exact = [row for row in found if row.slug == name.lower()]
    return next(iter(exact or found), None)


def _unknown(name: str) -> Reply:
    message = (
        f"No heartbeat exists with the name {name[:100]!r}: make it under Heartbeats."
    )
    return problem(404, message, uuid4())


def _heartbeat(row: Heartbeat) -> dict[str, Any]:
    return {
        "name": row.slug,
        "description": row.name,
        "interval": row.period_minutes,
        "intervalUnit": "minutes",
        "enabled": row.is_enabled,
        "expired": row.state == HeartbeatState.LATE,
        "lastPingTime": format_at(row.last_ping_at) if row.last_ping_at else None,
    }


ping = surface_views(
    SURFACE,
    schemes=("geniekey",),
    views=dict.fromkeys(("GET", "POST", "PUT", "PATCH"), _ping),
)
heartbeat = surface_views(SURFACE, schemes=("geniekey",), views={"GET": _show})
heartbeats = surface_views(SURFACE, schemes=("geniekey",), views={"GET": _list})
