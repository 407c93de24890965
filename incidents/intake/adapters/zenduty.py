"""Read what Zenduty's outgoing webhooks post.

The incident's own status decides: 1 (triggered) and 2 (acknowledged) fire, 3
(resolved) ends; without it the event type does. Its unique id is the dedup key. An
urgency is high or low (https://zenduty.com/docs/alertfields/): 0 is low, any other
high. Bodies do not tell when a status changed.

>>> body = b'''{"payload": {"event_type": "acknowledged", "incident":
...   {"unique_id": "vuwt", "status": 2, "urgency": 1, "title": "Pod keeps crashing"}}}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity
('zenduty:vuwt', 'firing', 'high')
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
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Status
from incidents.intake.adapters.single import alone
from incidents.intake.adapters.times import read_instant

_STATES: dict[str, Status] = {
    "1": "firing",
    "2": "firing",
    "3": "resolved",
    "triggered": "firing",
    "acknowledged": "firing",
    "resolved": "resolved",
}
# What is read elsewhere, tells of people or is long: the rest become labels.
_READ = (
    "unique_id",
    "title",
    "summary",
    "status",
    "urgency",
    "creation_date",
    "incident_number",
    "incident_key",
    "service",
    "team_priority",
    "assigned_to",
    "escalation_policy",
)


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the incident of one event. Raises Unreadable."""
    message = base.read_object(body)
    payload = base.mapping_at(message, "payload")
    incident = base.mapping_at(payload, "incident")
    key = base.first_text(incident.get("unique_id"))
    if not key:
        remedy = "send the incident with its unique_id"
        value = incident.get("unique_id")
        raise base.Unreadable("payload.incident.unique_id", value, remedy)
    state = base.first_text(incident.get("status"), payload.get("event_type"))
    status = base.read_state(state, _STATES, field="payload.incident.status")
    return alone(_alert(incident, key, status))


def _alert(incident: Mapping[str, Any], key: str, status: Status) -> ParsedAlert:
    return ParsedAlert(
        dedup_key=base.key_of("zenduty", key),
        status=status,
        title=base.first_text(incident.get("title")),
        summary=base.first_text(incident.get("summary")),
        severity=_severity(incident),
        severity_told=_priority(incident) or base.first_text(incident.get("urgency")),
        started_at=read_instant(incident.get("creation_date")),
        labels=base.labels_of(
            {
                "service": base.mapping_at(incident, "service").get("name"),
                "number": incident.get("incident_number"),
                "incident_key": incident.get("incident_key"),
                "priority": _priority(incident),
            },
            base.without(incident, *_READ),
        ),
    )


def _severity(incident: Mapping[str, Any]) -> str:
    priority = base.severity_word(_priority(incident))
    if priority != "unknown":
        return priority
    urgency = base.as_text(incident.get("urgency")).strip()
    if not (urgency.isascii() and urgency.isdigit()):
        return "unknown"
    return "high" if urgency.strip("0") else "low"


def _priority(incident: Mapping[str, Any]) -> str:
    return base.first_text(base.mapping_at(incident, "team_priority").get("name"))


def trial(now: datetime) -> dict[str, object]:
    """Return a triggered incident, as the test button posts it."""
    incident = {
        "unique_id": TRIAL_KEY,
        "title": TRIAL_TITLE,
        "summary": TRIAL_SUMMARY,
        "status": 1,
        "urgency": 0,
        "team_priority": {"name": "P5"},
        "creation_date": now.isoformat(),
    }
    return {"payload": {"event_type": "triggered", "incident": incident}}


ADAPTER = Adapter(
    "zenduty",
    "Zenduty",
    parse,
    setup="In the service, under Integrations, add the outgoing integration Outgoing "
    "Webhooks and put the address below into its configuration.",
    docs_url="https://www.zenduty.com/docs/outgoingwebhooks-integration/",
    trial=trial,
)
