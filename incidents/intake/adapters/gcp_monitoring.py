"""Read what Google Cloud Monitoring posts to a webhook channel.

One body is one incident of an alerting policy, keyed by incident_id. State *open* fires,
*closed* resolves; an *acknowledged* one still fires. The severity is that of the policy,
or a user label named severity; most policies have none. Times are epoch seconds. The
console's test carries the version *test*.

>>> body = b'{"version": "1.2", "incident": {"incident_id": "0.ab", "state": "open", \
"policy_name": "Egress", "severity": "Warning"}}'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.status, alert.title, alert.severity
('gcp:0.ab', 'firing', 'Egress', 'medium')
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

_STATES: dict[str, Status] = {
    "open": "firing",
    "acknowledged": "firing",
    "closed": "resolved",
}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one notification. Raises Unreadable."""
    message = base.read_object(body)
    incident = base.mapping_at(message, "incident")
    if not incident:
        remedy = "send the body of a webhook channel"
        raise Unreadable("incident", message.get("incident"), remedy)
    is_test = base.as_text(message.get("version")).lower() == "test"
    return ParsedDelivery(alerts=(_parse_incident(incident),), is_test=is_test)


def _parse_incident(incident: Mapping[str, Any]) -> ParsedAlert:
    identity = base.first_text(incident.get("incident_id"))
    if not identity:
        remedy = "send the incident's number"
        raise Unreadable("incident.incident_id", incident.get("incident_id"), remedy)
    status = _STATES.get(base.as_text(incident.get("state")).strip().lower())
    if status is None:
        raise Unreadable(
            "incident.state", incident.get("state"), f"send {', '.join(_STATES)}"
        )
    started_at = read_instant(incident.get("started_at"))
    ended_at = read_instant(incident.get("ended_at")) if status == "resolved" else None
    alert = ParsedAlert(
        dedup_key=base.key_of("gcp", identity),
        status=status,
        title=_title(incident),
        summary=_summary(incident),
        severity=_severity(incident),
        started_at=started_at,
        ended_at=ended_at,
        event_at=ended_at or (started_at if status == "firing" else None),
        labels=_labels(incident),
        url=base.safe_url(incident.get("url")),
    )
    return base.tidied(alert)


def _title(incident: Mapping[str, Any]) -> str:
    subject = base.mapping_at(incident, "documentation").get("subject")
    policy = base.first_text(incident.get("policy_name"))
    condition = base.first_text(incident.get("condition_name"))
    both = ": ".join(filter(None, (policy, condition if condition != policy else "")))
    return base.first_text(subject, both, incident.get("summary"))


def _summary(incident: Mapping[str, Any]) -> str:
    document = incident.get("documentation")
    text = document.get("content") if isinstance(document, dict) else document
    parts = (base.first_text(incident.get("summary")), base.first_text(text))
    return "\n\n".join(filter(None, parts))


def _severity(incident: Mapping[str, Any]) -> str:
    stated = base.severity_word(incident.get("severity"))
    if stated != "unknown":
        return stated
    return base.severity_word(
        base.mapping_at(incident, "policy_user_labels").get("severity")
    )


def _labels(incident: Mapping[str, Any]) -> dict[str, str]:
    resource = base.mapping_at(incident, "resource")
    known: dict[str, object] = {
        "project": incident.get("scoping_project_id"),
        "policy": incident.get("policy_name"),
        "condition": incident.get("condition_name"),
        "resource": base.first_text(
            incident.get("resource_name"), resource.get("type")
        ),
        **base.mapping_at(resource, "labels"),
        **base.mapping_at(incident, "policy_user_labels"),
    }
    rest = base.without(
        incident,
        *("incident_id", "state", "summary", "documentation", "url", "ended_at"),
        *("policy_name", "condition_name", "resource_name", "scoping_project_id"),
        *("resource", "policy_user_labels", "started_at"),
    )
    return base.labels_of(known, rest)


def trial(now: datetime) -> dict[str, object]:
    """Return one open incident, as the test button posts it."""
    incident = {
        "incident_id": TRIAL_KEY,
        "state": "open",
        "started_at": int(now.timestamp()),
        "ended_at": None,
        "policy_name": TRIAL_TITLE,
        "summary": TRIAL_SUMMARY,
        "severity": "Info",
    }
    return {"version": "1.2", "incident": incident}


ADAPTER = Adapter(
    "gcp_monitoring",
    "Google Cloud Monitoring",
    parse,
    setup="Under Alerting, Edit notification channels, add a Webhook with the address "
    "below as endpoint, and choose it in the policies. Leave Notify on incident closure "
    "on.",
    docs_url="https://cloud.google.com/monitoring/support/notification-options#webhooks",
    snippet="gcloud beta monitoring channels create --display-name=Tocsin \\\n"
    "  --type=webhook_tokenauth --channel-labels=url={url}",
    trial=trial,
)
