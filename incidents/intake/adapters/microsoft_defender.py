"""Read alerts and incidents of Microsoft Defender XDR and of Microsoft Sentinel.

Four shapes are read, alone or in a list under *value* or *records*:

- an alert or incident of Microsoft Graph (security/alerts_v2, security/incidents),
- the incident that a Sentinel playbook passes on (*object* with *properties*),
- a record of the streaming API (*AdvancedHunting-AlertInfo*), which tells that an alert
  was made and has no state; evidence records and other tables are ignored,
  https://learn.microsoft.com/defender-xdr/advanced-hunting-alertinfo-table
- a change notification of Graph. It names the alert and says little else, so *created*
  fires with what it has, and *updated* and *deleted* are ignored.

Alerts are keyed by their id, incidents by theirs; those of Sentinel by the resource's
id. Status resolved, closed and redirected (merged into another incident) resolve; new,
active, inProgress and awaitingAction fire. Severity High, Medium, Low, Informational.

>>> body = b'{"id": "da1", "title": "Token theft", "severity": "high", \
"status": "inProgress", "alertWebUrl": "https://security.microsoft.com/alerts/da1"}'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.status, alert.severity
('defender:alert:da1', 'firing', 'high')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import (
    TRIAL_KEY,
    TRIAL_SUMMARY,
    TRIAL_TITLE,
    Adapter,
)
from incidents.intake.adapters.base import (
    ParsedAlert,
    ParsedDelivery,
    Status,
    Unreadable,
)
from incidents.intake.adapters.times import read_instant

_STATUSES: dict[str, Status] = {
    **dict.fromkeys(("new", "active", "inprogress", "awaitingaction"), "firing"),
    **dict.fromkeys(("unknown", "unknownfuturevalue", ""), "firing"),
    **dict.fromkeys(("resolved", "closed", "redirected"), "resolved"),
}
_HUNTING = "AdvancedHunting-"


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one message. Raises Unreadable."""
    message = base.read_object(body)
    items = [message]
    for field in ("value", "records"):
        if isinstance(message.get(field), list):
            items = base.read_alerts(message, field=field)
    readings = [_parse_item(item) for item in items]
    alerts = tuple(found for found in readings if isinstance(found, ParsedAlert))
    reasons = [found for found in readings if isinstance(found, str)]
    return ParsedDelivery(alerts=alerts, ignored=reasons[0] if reasons else "")


def _parse_item(item: Mapping[str, Any]) -> ParsedAlert | str:
    """Return the alert, or why there is none."""
    if "changeType" in item:
        return _notification(item)
    category = base.as_text(item.get("category"))
    if category.startswith(_HUNTING):
        if category != f"{_HUNTING}AlertInfo":
            return (
                f"Records of {base.one_line(category)} tell of no alert of their own."
            )
        return base.tidied(_hunted(base.mapping_at(item, "properties")))
    resource = base.mapping_at(item, "object") or item
    if "incidentNumber" in base.mapping_at(resource, "properties"):
        return base.tidied(_sentinel(resource))
    if "displayName" in item or (
        "incidentWebUrl" in item and "alertWebUrl" not in item
    ):
        return base.tidied(_graph(item, kind="incident"))
    return base.tidied(_graph(item, kind="alert"))


def _notification(notice: Mapping[str, Any]) -> ParsedAlert | str:
    change = base.as_text(notice.get("changeType")).lower()
    data = base.mapping_at(notice, "resourceData")
    if change != "created" and "status" not in data:
        return "The notification says that an alert has changed, but not how."
    resource = base.first_text(notice.get("resource"))
    identity = base.first_text(data.get("id"), resource.rpartition("/")[2])
    kind = "incident" if "incidents" in resource.lower() else "alert"
    title = base.first_text(data.get("title"), f"Microsoft Defender: new {kind}")
    item = {"title": title, **data, "id": identity}
    return base.tidied(_graph(item, kind=kind))


def _graph(item: Mapping[str, Any], *, kind: str) -> ParsedAlert:
    identity = _identity(item, "id")
    status = _status(item.get("status"))
    changed_at = read_instant(item.get("lastUpdateDateTime"))
    resolved_at = read_instant(item.get("resolvedDateTime"))
    made_at = read_instant(item.get("createdDateTime"))
    incident = base.first_text(item.get("incidentId"))
    return ParsedAlert(
        dedup_key=base.key_of("defender", kind, identity),
        status=status,
        title=base.first_text(item.get("title"), item.get("displayName")),
        summary=base.first_text(item.get("description"), item.get("summary")),
        severity=base.severity_word(item.get("severity")),
        started_at=read_instant(item.get("firstActivityDateTime")) or made_at,
        ended_at=resolved_at or changed_at if status == "resolved" else None,
        event_at=changed_at or resolved_at or made_at,
        labels=base.labels_of(
            {"incident": incident},
            base.without(
                item, "id", "title", "description", "evidence", "comments", "alerts"
            ),
        ),
        url=base.safe_url(item.get("alertWebUrl"), item.get("incidentWebUrl")),
        group_key=base.key_of("defender", "incident", incident) if incident else "",
    )


def _sentinel(resource: Mapping[str, Any]) -> ParsedAlert:
    incident = base.mapping_at(resource, "properties")
    number = base.first_text(incident.get("incidentNumber"))
    identity = base.first_text(resource.get("id"), number)
    status = _status(incident.get("status"))
    changed_at = read_instant(incident.get("lastModifiedTimeUtc"))
    made_at = read_instant(incident.get("createdTimeUtc"))
    return ParsedAlert(
        dedup_key=base.key_of("sentinel", identity),
        status=status,
        title=base.first_text(incident.get("title"), f"Incident {number}"),
        summary=base.first_text(incident.get("description")),
        severity=base.severity_word(incident.get("severity")),
        started_at=read_instant(incident.get("firstActivityTimeUtc")) or made_at,
        ended_at=changed_at if status == "resolved" else None,
        event_at=changed_at or made_at,
        labels=base.labels_of(
            {"number": number},
            base.without(
                incident,
                "title",
                "description",
                "alerts",
                "relatedEntities",
                "comments",
            ),
        ),
        url=base.safe_url(incident.get("incidentUrl")),
    )


def _hunted(record: Mapping[str, Any]) -> ParsedAlert:
    alert = ParsedAlert(
        dedup_key=base.key_of("defender", "alert", _identity(record, "AlertId")),
        status="firing",
        title=base.first_text(record.get("Title"), record.get("Category")),
        severity=base.severity_word(record.get("Severity")),
        severity_told=base.told(record.get("Severity")),
        labels=base.labels_of({}, base.without(record, "AlertId", "Title")),
    )
    return base.timed(alert, read_instant(record.get("Timestamp")))


def _identity(values: Mapping[str, Any], name: str) -> str:
    identity = base.first_text(values.get(name))
    if not identity:
        remedy = "send an alert or incident of Defender or Sentinel, with its id"
        raise Unreadable(name, values.get(name), remedy)
    return identity


def _status(value: object) -> Status:
    status = _STATUSES.get(base.as_text(value).strip().lower())
    if status is None:
        remedy = "send new, active, inProgress, resolved or closed"
        raise Unreadable("status", value, remedy)
    return status


def trial(now: datetime) -> dict[str, object]:
    """Return one alert of Graph, as the test button posts it."""
    return {
        "id": TRIAL_KEY,
        "title": TRIAL_TITLE,
        "description": TRIAL_SUMMARY,
        "severity": "informational",
        "status": "new",
        "createdDateTime": now.isoformat(),
        "lastUpdateDateTime": now.isoformat(),
    }


ADAPTER = Adapter(
    "microsoft_defender",
    "Microsoft Defender and Sentinel",
    parse,
    setup="In Sentinel make an automation rule for when an incident is created or updated "
    "that runs a playbook (Logic App) with one action: HTTP, POST, the address below, and "
    "the trigger's body. A Logic App may post alerts of Microsoft Graph in the same way.",
    docs_url="https://learn.microsoft.com/azure/sentinel/automation/"
    "tutorial-respond-threats-playbook",
    snippet='{\n  "type": "Http",\n  "inputs": {\n    "method": "POST",\n'
    '    "uri": "{url}",\n    "body": "@triggerBody()"\n  }\n}',
    trial=trial,
)
