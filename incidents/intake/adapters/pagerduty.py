"""Read what PagerDuty posts to a webhook subscription (v3), and the older v2 extension.

Events about an incident itself carry it whole, so its own `status` counts and not the
event's name: *triggered* and *acknowledged* fire, *resolved* ends. The incident's id is
the dedup key; `incident_key` is often empty. Its priority decides the severity, its
urgency where it has none. Notes, responders, status updates, services and the ping of
a new subscription give no alert.

>>> body = b'''{"event": {"event_type": "incident.acknowledged",
...   "occurred_at": "2026-11-23T04:05:00Z", "data": {"type": "incident",
...   "id": "Q1", "status": "acknowledged", "title": "Weights read at night",
...   "priority": {"summary": "P1"}, "urgency": "low"}}}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity
('pagerduty:Q1', 'firing', 'critical')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import (
    TRIAL_KEY,
    TRIAL_TITLE,
    Adapter,
)
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Status
from incidents.intake.adapters.single import alone, finished
from incidents.intake.adapters.tags import labels_of_tags
from incidents.intake.adapters.times import read_instant

_STATES: dict[str, Status] = {
    "triggered": "firing",
    "acknowledged": "firing",
    "resolved": "resolved",
}
_FAMILIES = ("incident.", "service.", "pagey.")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the incident that one event is about. Raises Unreadable."""
    message = base.read_object(body)
    if "messages" in message:
        return _parse_v2(message)
    event = base.mapping_at(message, "event")
    kind = base.as_text(event.get("event_type"))
    if not kind.startswith(_FAMILIES):
        remedy = "send the event of a v3 webhook subscription"
        raise base.Unreadable("event.event_type", event.get("event_type"), remedy)
    data = base.mapping_at(event, "data")
    if data.get("type", "incident") != "incident" or not kind.startswith("incident."):
        return ParsedDelivery((), ignored=f"The event {kind} changes no incident.")
    return alone(_alert(data, at=event.get("occurred_at"), field="event.data"))


def _parse_v2(message: Mapping[str, Any]) -> ParsedDelivery:
    alerts = tuple(
        finished(
            _alert(
                base.mapping_at(item, "incident"),
                at=item.get("created_on"),
                field=f"messages[{index}].incident",
            )
        )
        for index, item in enumerate(base.read_alerts(message, field="messages"))
        if item.get("event") != "incident.annotate"
    )
    if alerts:
        return ParsedDelivery(alerts)
    return ParsedDelivery((), ignored="A note on an incident changes no incident.")


def _alert(incident: Mapping[str, Any], *, at: object, field: str) -> ParsedAlert:
    key = base.first_text(incident.get("id"))
    if not key:
        raise base.Unreadable(
            f"{field}.id", incident.get("id"), "send the incident's id"
        )
    status = base.read_state(incident.get("status"), _STATES, field=f"{field}.status")
    changed_at = read_instant(at)
    return ParsedAlert(
        dedup_key=base.key_of("pagerduty", key),
        status=status,
        title=base.first_text(incident.get("title"), incident.get("summary")),
        severity=_severity(incident),
        severity_told=_name(incident, "priority")
        or base.first_text(incident.get("urgency")),
        started_at=read_instant(incident.get("created_at")),
        ended_at=changed_at,
        event_at=changed_at,
        labels=_labels(incident),
        url=base.safe_url(incident.get("html_url")),
    )


def _severity(incident: Mapping[str, Any]) -> str:
    priority = base.severity_word(_name(incident, "priority"))
    if priority != "unknown":
        return priority
    return base.severity_word(incident.get("urgency"))


def _labels(incident: Mapping[str, Any]) -> dict[str, str]:
    return base.labels_of(
        {
            "service": _name(incident, "service"),
            "escalation_policy": _name(incident, "escalation_policy"),
            "priority": _name(incident, "priority"),
            "urgency": incident.get("urgency"),
            "number": incident.get("number") or incident.get("incident_number"),
            "incident_key": incident.get("incident_key"),
            "type": _name(incident, "incident_type"),
        },
        labels_of_tags(incident.get("custom_fields")),
    )


def _name(incident: Mapping[str, Any], key: str) -> str:
    reference = base.mapping_at(incident, key)
    return base.first_text(reference.get("summary"), reference.get("name"))


def trial(now: datetime) -> dict[str, object]:
    """Return the event of a triggered incident, as the test button posts it."""
    incident = {
        "id": TRIAL_KEY,
        "type": "incident",
        "status": "triggered",
        "title": TRIAL_TITLE,
        "created_at": now.isoformat(),
        "priority": {"summary": "P5", "type": "priority_reference"},
        "urgency": "low",
    }
    return {
        "event": {
            "event_type": "incident.triggered",
            "resource_type": "incident",
            "occurred_at": now.isoformat(),
            "data": incident,
        }
    }


ADAPTER = Adapter(
    "pagerduty",
    "PagerDuty webhooks",
    parse,
    setup="Under Integrations, Generic Webhooks (v3), add a webhook with the address below "
    "and the incident events triggered, acknowledged, unacknowledged, reopened, "
    "priority_updated and resolved; the command does the same.",
    docs_url="https://support.pagerduty.com/main/docs/webhooks",
    snippet="""curl https://api.pagerduty.com/webhook_subscriptions \\
  -H 'Authorization: Token token=YOUR_KEY' -H 'Content-Type: application/json' \\
  -d '{"webhook_subscription": {"type": "webhook_subscription",
       "delivery_method": {"type": "http_delivery_method", "url": "{url}"},
       "events": ["incident.triggered", "incident.acknowledged",
         "incident.unacknowledged", "incident.reopened",
         "incident.priority_updated", "incident.resolved"],
       "filter": {"type": "account_reference"}}}'""",
    trial=trial,
)
