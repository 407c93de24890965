"""Read what action groups of Azure Monitor post: the common schema and the older ones.

*Common schema*: keyed by alertId, which *Fired* and *Resolved* share; Sev0 is critical,
Sev4 info. Alerts from the activity log only ever fire, so two kinds get their own rule:
Service Health is keyed by its tracking id and ends with its stage, Resource Health is
keyed by rule and resource and ends when the resource is Available.

*Metric alerts before the common schema*: keyed by rule, resource and the values of the
dimensions; Activated fires, Deactivated resolves. *Classic alerts*: keyed by rule and
resource; Activated and Resolved. *Activity log*: keyed by operation and resource, never
resolves. *Log search before the common schema*: keyed by rule, never resolves.

The portal's *Test action group* names a subscription of ones only: that is a test.

>>> body = b'{"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": \
{"alertId": "a1", "alertRule": "Egress", "severity": "Sev1", \
"monitorCondition": "Fired"}}}'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.status, alert.severity
('azure:a1', 'firing', 'high')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

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
    "fired": "firing",
    "activated": "firing",
    "resolved": "resolved",
    "deactivated": "resolved",
}
_SEVERITIES = ("critical", "high", "medium", "low", "info")
_STAGES_AT_END = ("resolved", "complete", "canceled", "rca")
_TEST_SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111/"
_PORTAL = "https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetails"


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one notification. Raises Unreadable."""
    message = base.read_object(body)
    schema = base.as_text(message.get("schemaId")).lower()
    data = base.mapping_at(message, "data")
    if schema == "azuremonitorcommonalertschema":
        return _common(data)
    if schema == "azuremonitormetricalert":
        alert = _metric(data, place="data.")
    elif schema == "microsoft.insights/activitylogs":
        alert = _activity(data)
    elif schema == "microsoft.insights/logalert":
        alert = _log_search(data)
    elif not schema and "context" in message:
        alert = _metric(message, place="")
    else:
        remedy = "turn the common alert schema on in the action group"
        raise Unreadable("schemaId", message.get("schemaId"), remedy)
    return ParsedDelivery(alerts=(base.tidied(alert),))


def _common(data: Mapping[str, Any]) -> ParsedDelivery:
    essentials = base.mapping_at(data, "essentials")
    context = base.mapping_at(data, "alertContext")
    properties = base.mapping_at(context, "properties")
    alert_id = base.first_text(essentials.get("alertId"))
    key, status = _identity(essentials, properties, alert_id=alert_id)
    fired_at = read_instant(essentials.get("firedDateTime"))
    resolved_at = read_instant(essentials.get("resolvedDateTime"))
    ended_at = resolved_at or fired_at if status == "resolved" else None
    rule = base.first_text(essentials.get("alertRule"))
    alert = ParsedAlert(
        dedup_key=key,
        status=status,
        title=base.first_text(properties.get("title"), rule),
        summary=base.first_text(
            essentials.get("description"), properties.get("communication")
        ),
        severity=_severity(essentials.get("severity")),
        severity_told=base.told(essentials.get("severity")),
        started_at=fired_at if resolved_at or not ended_at else None,
        ended_at=ended_at,
        event_at=ended_at or fired_at,
        labels=_common_labels(data, essentials, context),
        url=base.safe_url(essentials.get("investigationLink"), _portal_page(alert_id)),
    )
    is_test = alert_id.startswith(_TEST_SUBSCRIPTION)
    return ParsedDelivery(alerts=(base.tidied(alert),), is_test=is_test)


def _identity(
    essentials: Mapping[str, Any], properties: Mapping[str, Any], *, alert_id: str
) -> tuple[str, Status]:
    """Return the key and the status; alerts of the activity log have their own."""
    service = base.as_text(essentials.get("monitoringService")).lower()
    service = service.replace(" ", "")
    status = _status(
        essentials.get("monitorCondition"), field="data.essentials.monitorCondition"
    )
    tracking_id = base.first_text(properties.get("trackingId"))
    if service == "servicehealth" and tracking_id:
        stage = base.as_text(properties.get("stage")).lower()
        is_over = stage in _STAGES_AT_END
        key = base.key_of("azure", "health", tracking_id)
        return key, "resolved" if is_over else status
    health = base.as_text(properties.get("currentHealthStatus")).lower()
    targets = _texts(essentials.get("alertTargetIDs"))
    if service == "resourcehealth" and targets:
        rule = base.as_text(essentials.get("alertRule"))
        key = base.key_of("azure", "resource", rule, targets[0].lower())
        return key, "resolved" if health == "available" else status
    key = alert_id or base.first_text(essentials.get("originAlertId"))
    if not key:
        remedy = "send the essentials of the common alert schema"
        raise Unreadable("data.essentials.alertId", None, remedy)
    return base.key_of("azure", key), status


def _common_labels(
    data: Mapping[str, Any], essentials: Mapping[str, Any], context: Mapping[str, Any]
) -> dict[str, str]:
    known: dict[str, object] = {
        "rule": essentials.get("alertRule"),
        "target": ", ".join(_texts(essentials.get("alertTargetIDs"))),
        "item": ", ".join(_texts(essentials.get("configurationItems"))),
        "signal": essentials.get("signalType"),
        "service": essentials.get("monitoringService"),
    }
    for name, value in base.mapping_at(data, "customProperties").items():
        known.setdefault(name, value)
    known |= _dimensions(context)
    rest = base.without(
        essentials,
        *("alertId", "alertRule", "description", "investigationLink", "signalType"),
        *("alertTargetIDs", "configurationItems", "monitoringService"),
    )
    return base.labels_of(known, {**rest, "context": context})


def _dimensions(context: Mapping[str, Any]) -> dict[str, object]:
    criteria = base.mapping_at(context, "condition").get("allOf")
    found: dict[str, object] = {}
    for criterion in criteria if isinstance(criteria, list) else ():
        if not isinstance(criterion, dict):
            continue
        found.setdefault("metric", criterion.get("metricName"))
        dimensions = criterion.get("dimensions")
        for dimension in dimensions if isinstance(dimensions, list) else ():
            if isinstance(dimension, dict):
                name = f"dimension.{base.as_text(dimension.get('name'))}"
                found.setdefault(name, dimension.get("value"))
    return found


def _portal_page(alert_id: str) -> str:
    if not alert_id.startswith("/subscriptions/"):
        return ""
    return f"{_PORTAL}/alertId/{quote(alert_id, safe='', errors='replace')}"


def _metric(data: Mapping[str, Any], *, place: str) -> ParsedAlert:
    """Read a metric alert of the second version or a classic one."""
    context = base.mapping_at(data, "context")
    status = _status(data.get("status"), field=f"{place}status")
    rule = _required(context, "id", "name", place=f"{place}context")
    resource = base.first_text(context.get("resourceId")).lower()
    dimensions = _dimensions(context)
    parts = [base.as_text(dimensions[name]) for name in sorted(dimensions)]
    at = read_instant(context.get("timestamp"))
    alert = ParsedAlert(
        dedup_key=base.key_of("azure-metric", rule, resource, *parts),
        status=status,
        title=base.first_text(context.get("name"), rule),
        summary=base.first_text(context.get("description")),
        severity=_severity(context.get("severity")),
        severity_told=base.told(context.get("severity")),
        labels=base.labels_of(
            {"rule": context.get("name"), "resource": resource} | dimensions,
            base.without(context, "id", "name", "description", "portalLink")
            | base.mapping_at(data, "properties"),
        ),
        url=base.safe_url(context.get("portalLink")),
    )
    return base.timed(alert, at)


def _activity(data: Mapping[str, Any]) -> ParsedAlert:
    log = base.mapping_at(base.mapping_at(data, "context"), "activityLog")
    place = "data.context.activityLog"
    operation = _required(log, "operationName", place=place)
    resource = base.first_text(log.get("resourceId"), log.get("subscriptionId"))
    alert = ParsedAlert(
        dedup_key=base.key_of("azure-activity", operation, resource.lower()),
        status=_status(data.get("status"), field="data.status"),
        title=f"{operation} {base.first_text(log.get('status'))}",
        summary=base.first_text(log.get("description"), log.get("statusMessage")),
        severity=base.severity_word(log.get("level")),
        severity_told=base.told(log.get("level")),
        labels=base.labels_of(
            {"resource": resource, "caller": log.get("caller")},
            base.without(log, "description", "claims", "httpRequest"),
        ),
    )
    return base.timed(alert, read_instant(log.get("eventTimestamp")))


def _log_search(data: Mapping[str, Any]) -> ParsedAlert:
    rule = _required(data, "AlertRuleName", place="data")
    workspace = base.first_text(data.get("WorkspaceId"), data.get("ApplicationId"))
    alert = ParsedAlert(
        dedup_key=base.key_of("azure-log", workspace, rule),
        status="firing",
        title=rule,
        summary=base.first_text(data.get("Description"), data.get("SearchQuery")),
        severity=_severity(data.get("Severity")),
        severity_told=base.told(data.get("Severity")),
        labels=base.labels_of(
            {}, base.without(data, "SearchResult", "SearchQuery", "Description")
        ),
        url=base.safe_url(data.get("LinkToSearchResults")),
    )
    return base.timed(alert, read_instant(data.get("SearchIntervalEndtimeUtc")))


def _status(value: object, *, field: str) -> Status:
    status = _STATUSES.get(base.as_text(value).strip().lower())
    if status is None:
        remedy = "send Fired, Activated, Resolved or Deactivated"
        raise Unreadable(field, value, remedy)
    return status


def _severity(value: object) -> str:
    text = base.as_text(value).strip().lower().removeprefix("sev")
    is_level = text.isascii() and text.isdigit() and len(text) == 1
    if is_level and int(text) < len(_SEVERITIES):
        return _SEVERITIES[int(text)]
    # Log searches before the common schema say Error, Warning, Informational.
    return base.severity_word(value)


def _texts(value: object) -> list[str]:
    return [base.as_text(item) for item in value] if isinstance(value, list) else []


def _required(values: Mapping[str, Any], *names: str, place: str) -> str:
    text = base.first_text(*(values.get(name) for name in names))
    if not text:
        remedy = "send the whole body of the action group"
        raise Unreadable(f"{place}.{names[0]}", values.get(names[0]), remedy)
    return text


def trial(now: datetime) -> dict[str, object]:
    """Return one alert of the common schema, as the test button posts it."""
    essentials = {
        "alertId": TRIAL_KEY,
        "alertRule": TRIAL_TITLE,
        "description": TRIAL_SUMMARY,
        "severity": "Sev4",
        "monitorCondition": "Fired",
        "firedDateTime": now.isoformat(),
    }
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {"essentials": essentials, "alertContext": {}},
    }


ADAPTER = Adapter(
    "azure_monitor",
    "Azure Monitor",
    parse,
    setup="Add an action of type Webhook to the action group, put the address below as "
    "URI and turn the common alert schema on.",
    docs_url="https://learn.microsoft.com/azure/azure-monitor/alerts/"
    "alerts-common-schema",
    snippet="az monitor action-group update --resource-group GROUP --name ACTION_GROUP \\\n"
    "  --add-action webhook tocsin '{url}' usecommonalertschema",
    trial=trial,
)
