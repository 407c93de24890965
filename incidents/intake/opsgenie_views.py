"""Tell clients of Opsgenie's Alert API what became of a request, and of an alert."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from incidents.intake.adapters import marks
from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.opsgenie_api import (
    CREATE,
    dedup_key_of,
    is_alert_id,
    parse,
)
from incidents.intake.models import Alert, Delivery, DeliveryState, Source
from incidents.intake.news import FIRING, hashed
from incidents.intake.opsgenie_search import (
    NotSearchable,
    Page,
    found_alerts,
    page_of,
)
from incidents.intake.surface_access import surface_views
from incidents.intake.surfaces.base import Reply
from incidents.intake.surfaces.opsgenie import (
    NOT_PROCESSABLE,
    SURFACE,
    problem,
    success,
)
from incidents.ledger.canonical import format_at

PRIORITIES: Final = {
    "critical": "P1",
    "high": "P2",
    "medium": "P3",
    "low": "P4",
    "info": "P5",
}
DONE: Final = {
    CREATE: "Created alert",
    "close": "Closed alert",
    "delete": "Closed alert",
    "acknowledge": "Acknowledged alert",
    "notes": "Added note",
}
LIST: Final = "/v2/alerts"
# More digits than a number of the table's can have.
MAX_TINY: Final = len(str(2**63))


def _show_request(request: HttpRequest, source: Source, uid: UUID) -> Reply:
    """Tell what became of a stored request; 404 until it is read."""
    delivery = Delivery.objects.filter(uid=uid, source=source).first()
    if delivery is None or delivery.state == DeliveryState.PENDING:
        return problem(404, "Request not found. It might not be processed yet", uid)
    return success(uid, data=_outcome(delivery))


def _outcome(delivery: Delivery) -> dict[str, Any]:
    action = delivery.headers.get(marks.ACTION, CREATE)
    is_done = delivery.state == DeliveryState.PROCESSED
    data = {
        "success": is_done,
        "isSuccess": is_done,
        "action": action.capitalize(),
        "processedAt": _instant(delivery.processed_at),
        "integrationId": str(delivery.source.uid),
        "status": DONE.get(action, "") if is_done else delivery.error,
        "alertId": "",
        "alias": "",
    }
    alert = _alert_named(delivery)
    if alert is not None:
        data["alertId"] = alert.dedup_digest or hashed(alert.dedup_key)
        data["alias"] = _alias(alert.dedup_key)
    return data


def _alert_named(delivery: Delivery) -> ParsedAlert | None:
    if delivery.body is None:
        return None
    try:
        options = {"uid": delivery.uid}
        parsed = parse(bytes(delivery.body), headers=delivery.headers, options=options)
    except Unreadable:
        return None
    return parsed.alerts[0] if parsed.alerts else None


def _alias(dedup_key: str) -> str:
    return dedup_key.removeprefix(dedup_key_of(""))


def _show_alert(request: HttpRequest, source: Source, name: str) -> Reply:
    by = request.GET.get("identifierType", "id")
    is_alias = by != "tiny" and not (by == "id" and is_alert_id(name))
    alert = _alert_with(source, name, by=by)
    if alert is None:
        return problem(404, "Alert does not exist", uuid4())
    return success(uuid4(), data=_alert(alert, alias=name if is_alias else ""))


def _alert_with(source: Source, name: str, *, by: str) -> Alert | None:
    rows = Alert.objects.filter(source=source).select_related("incident", "source")
    if by == "tiny":
        is_number = name.isascii() and name.isdigit() and len(name) < MAX_TINY
        return rows.filter(pk=int(name)).first() if is_number else None
    is_id = by == "id" and is_alert_id(name)
    return rows.filter(dedup_key=name if is_id else hashed(dedup_key_of(name))).first()


def _list_alerts(request: HttpRequest, source: Source) -> Reply:
    """List a page of the source's alerts."""
    asked = request.GET.dict()
    try:
        page = page_of(source, asked)
    except NotSearchable as error:
        return problem(422, NOT_PROCESSABLE, uuid4(), errors=error.problems)
    shown = [_alert(alert, alias="") for alert in page.alerts]
    return success(uuid4(), data=shown, paging=_paging(asked, page))


def _count_alerts(request: HttpRequest, source: Source) -> Reply:
    """Count the source's alerts that a query finds."""
    try:
        count = found_alerts(source, request.GET.get("query", "")).count()
    except NotSearchable as error:
        return problem(422, NOT_PROCESSABLE, uuid4(), errors=error.problems)
    return success(uuid4(), data={"count": count})


def _paging(asked: dict[str, str], page: Page) -> dict[str, str]:
    """Return the addresses of the first page and of the neighbours that there are."""

    def at(offset: int) -> str:
        query = {**asked, "offset": str(offset), "limit": str(page.limit)}
        return f"{settings.BASE_URL}{LIST}?{urlencode(query)}"

    places = {"first": at(0)}
    if page.has_next:
        places["next"] = at(page.offset + page.limit)
    if page.offset:
        places["prev"] = at(max(0, page.offset - page.limit))
    return places


def _alert(alert: Alert, *, alias: str) -> dict[str, Any]:
    """Return an alert. Its alias is kept only as a digest: told back if it was asked by."""
    heard_at = alert.last_seen_at or alert.event_at
    incident = alert.incident
    labels = dict(alert.labels)
    tags = labels.pop("tags", "")
    named = {name: labels.pop(name, "") for name in ("entity", "source")}
    return {
        "id": alert.dedup_key,
        "tinyId": str(alert.pk),
        "alias": alias,
        "message": alert.title,
        "description": alert.summary,
        "status": "open" if alert.status == FIRING else "closed",
        "acknowledged": bool(incident and incident.acknowledged_at),
        "isSeen": bool(incident and incident.is_touched),
        "snoozed": False,
        "tags": tags.split(", ") if tags else [],
        "count": alert.repeat_count + 1,
        "createdAt": _instant(alert.first_seen_at or alert.event_at),
        "updatedAt": _instant(heard_at),
        "lastOccurredAt": _instant(heard_at),
        "priority": PRIORITIES.get(alert.severity, "P3"),
        "owner": "",
        "responders": [],
        "integration": {
            "id": str(alert.source.uid),
            "name": alert.source.name,
            "type": "API",
        },
        "details": labels,
        **named,
    }


def _instant(at: Any) -> str | None:
    return format_at(at) if at else None


def _view(**views: Callable[..., Reply]) -> Callable[..., HttpResponse]:
    return surface_views(SURFACE, schemes=("geniekey",), views=views)


request_status = _view(GET=_show_request)
alert = _view(GET=_show_alert)
alerts = _view(GET=_list_alerts)
count = _view(GET=_count_alerts)
