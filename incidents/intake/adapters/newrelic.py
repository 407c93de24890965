"""Read what New Relic posts: the template of workflows, and the older channels.

A workflow's template can be edited; `id`, `state` and `priority` must stay in it. The
issue's id is the dedup key. *CREATED*, *ACTIVATED* and *ACKNOWLEDGED* fire, *CLOSED*
ends; `updatedAt` orders them. The older channels tell of an incident as *open*,
*acknowledged* or *closed*. Incident 0 is their test button's: it is shown and opens
nothing.

>>> body = b'''{"id": "9844-1886", "state": "ACTIVATED", "priority": "CRITICAL",
...   "title": "Checkpoint store unreachable", "updatedAt": 1795446245123}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity
('newrelic:9844-1886', 'firing', 'critical')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import TRIAL_KEY, TRIAL_TITLE, Adapter
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Status
from incidents.intake.adapters.single import alone
from incidents.intake.adapters.times import read_instant

_STATES: dict[str, Status] = {
    "created": "firing",
    "activated": "firing",
    "acknowledged": "firing",
    "closed": "resolved",
}
# What is read elsewhere or differs each time: the rest become labels.
_READ = (
    "id",
    "issueId",
    "issueUrl",
    "title",
    "description",
    "priority",
    "state",
    "createdAt",
    "updatedAt",
    "closedAt",
    "alertConditionNames",
    "alertPolicyNames",
    "impactedEntities",
    "workflowName",
)
_LEGACY_STATES: dict[str, Status] = {
    "open": "firing",
    "acknowledged": "firing",
    "closed": "resolved",
}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the issue or the incident of one notification. Raises Unreadable."""
    message = base.read_object(body)
    if "current_state" in message:
        alert = _legacy(message)
        return alone(alert, is_test=base.as_text(message.get("incident_id")) == "0")
    return alone(_issue(message))


def _issue(message: Mapping[str, Any]) -> ParsedAlert:
    key = base.first_text(message.get("id"), message.get("issueId"))
    if not key:
        remedy = "leave id in the template of the workflow"
        raise base.Unreadable("id", message.get("id"), remedy)
    changed_at = read_instant(message.get("updatedAt"))
    return ParsedAlert(
        dedup_key=base.key_of("newrelic", key),
        status=base.read_state(message.get("state"), _STATES, field="state"),
        title=_joined(message.get("title"))
        or _joined(message.get("alertConditionNames")),
        summary=_joined(message.get("description")),
        severity=base.severity_word(message.get("priority")),
        severity_told=base.first_text(message.get("priority")),
        started_at=read_instant(message.get("createdAt")),
        ended_at=read_instant(message.get("closedAt")) or changed_at,
        event_at=changed_at,
        labels=base.labels_of(
            {
                "condition": _joined(message.get("alertConditionNames")),
                "entities": _joined(message.get("impactedEntities")),
                "policy": _joined(message.get("alertPolicyNames")),
                "workflow": message.get("workflowName"),
                "trigger": message.get("trigger"),
            },
            base.without(message, *_READ),
        ),
        url=base.safe_url(message.get("issueUrl")),
    )


def _legacy(message: Mapping[str, Any]) -> ParsedAlert:
    key = base.first_text(message.get("incident_id"))
    if not key:
        remedy = "send the incident's number"
        raise base.Unreadable("incident_id", message.get("incident_id"), remedy)
    state = message.get("current_state")
    status = base.read_state(state, _LEGACY_STATES, field="current_state")
    changed_at = read_instant(message.get("timestamp"))
    return ParsedAlert(
        dedup_key=base.key_of("newrelic", "incident", key),
        status=status,
        title=base.first_text(message.get("condition_name"), message.get("details")),
        summary=base.first_text(message.get("details")),
        severity=base.severity_word(message.get("severity")),
        severity_told=base.first_text(message.get("severity")),
        started_at=changed_at if status == "firing" else None,
        ended_at=changed_at,
        event_at=changed_at,
        labels=base.labels_of(
            {
                "account": message.get("account_name"),
                "condition": message.get("condition_name"),
                "policy": message.get("policy_name"),
            }
        ),
        url=base.safe_url(message.get("incident_url"), message.get("runbook_url")),
    )


def _joined(value: object) -> str:
    """Return a text, or the different ones of a list in their order."""
    if not isinstance(value, list):
        return base.first_text(value)
    texts = (base.first_text(item) for item in value)
    return ", ".join(dict.fromkeys(text for text in texts if text))


def trial(now: datetime) -> dict[str, object]:
    """Return an activated issue, as the test button posts it."""
    milliseconds = int(now.timestamp() * 1_000)
    return {
        "id": TRIAL_KEY,
        "title": TRIAL_TITLE,
        "priority": "INFO",
        "state": "ACTIVATED",
        "createdAt": milliseconds,
        "updatedAt": milliseconds,
    }


ADAPTER = Adapter(
    "newrelic",
    "New Relic",
    parse,
    setup="Under Alerts, Destinations, add a Webhook with the address below, and add it as "
    "a channel to a workflow. The default template works; one of your own must keep the "
    "names below.",
    docs_url="https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/",
    snippet="""{
  "id": {{ json issueId }},
  "issueUrl": {{ json issuePageUrl }},
  "title": {{ json annotations.title.[0] }},
  "priority": {{ json priority }},
  "state": {{ json state }},
  "createdAt": {{ createdAt }},
  "updatedAt": {{ updatedAt }},
  "impactedEntities": {{ json entitiesData.names }},
  "alertPolicyNames": {{ json accumulations.policyName }},
  "alertConditionNames": {{ json accumulations.conditionName }},
  "workflowName": {{ json workflowName }}
}""",
    trial=trial,
)
