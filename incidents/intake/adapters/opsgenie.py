"""Read what Opsgenie's outgoing webhook posts for each action on an alert.

*Close* and *Delete* end the alert. Actions that touch neither its state nor its message
nor its priority (notes, tags, recipients, owners) give no alert; any other, also
*Acknowledge*, says that it is open. `alertId` is the dedup key: it stays the same when
an alias is used again. Actions other than *Create* may carry only a part of the alert.
`createdAt` counts milliseconds, `updatedAt` nanoseconds.

>>> body = b'''{"action": "Create", "alert": {"alertId": "7391", "priority": "P2",
...   "message": "Egress from the training subnet", "tags": ["team:weights"]}}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity, alert.labels
('opsgenie:7391', 'firing', 'high', {'priority': 'P2', 'team': 'weights'})
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
from incidents.intake.adapters.tags import labels_of_tags
from incidents.intake.adapters.times import read_instant

_ENDING = {"close", "delete"}
_CHANGING_NOTHING = {
    "adddetails",
    "addnote",
    "addrecipient",
    "addresponder",
    "addtags",
    "addteam",
    "assignownership",
    "removedetails",
    "removetags",
    "snooze",
    "takeownership",
    "testaction",
}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one action. Raises Unreadable."""
    message = base.read_object(body)
    action = base.first_text(message.get("action"))
    if not action:
        remedy = "send Opsgenie's name of the action, such as Create or Close"
        raise base.Unreadable("action", message.get("action"), remedy)
    if action.lower() in _CHANGING_NOTHING:
        return ParsedDelivery((), ignored=f"The action {action} changes nothing here.")
    return alone(_alert(message, action.lower()))


def _alert(message: Mapping[str, Any], action: str) -> ParsedAlert:
    alert = base.mapping_at(message, "alert")
    key = base.first_text(alert.get("alertId"))
    if not key:
        raise base.Unreadable(
            "alert.alertId", alert.get("alertId"), "send the alert's id"
        )
    status: Status = "resolved" if action in _ENDING else "firing"
    labels = _labels(alert)
    changed_at = read_instant(alert.get("updatedAt"))
    return ParsedAlert(
        dedup_key=base.key_of("opsgenie", key),
        status=status,
        title=base.first_text(alert.get("message"), f"Opsgenie alert {key}"),
        summary=base.first_text(alert.get("description")),
        severity=base.severity_word(alert.get("priority")),
        severity_told=base.first_text(alert.get("priority")),
        started_at=read_instant(alert.get("createdAt")),
        ended_at=changed_at,
        event_at=changed_at,
        labels=labels,
    )


def _labels(alert: Mapping[str, Any]) -> dict[str, str]:
    return base.labels_of(
        {
            "priority": alert.get("priority"),
            "entity": alert.get("entity"),
            "source": alert.get("source"),
            "team": alert.get("team"),
            "tiny_id": alert.get("tinyId"),
            "alias": alert.get("alias"),
        },
        {**labels_of_tags(alert.get("tags")), **base.mapping_at(alert, "details")},
    )


def trial(now: datetime) -> dict[str, object]:
    """Return the creation of an alert, as the test button posts it."""
    milliseconds = int(now.timestamp() * 1_000)
    alert = {
        "alertId": TRIAL_KEY,
        "message": TRIAL_TITLE,
        "description": TRIAL_SUMMARY,
        "priority": "P5",
        "createdAt": milliseconds,
        "updatedAt": milliseconds * 1_000_000,
    }
    return {"action": "Create", "alert": alert, "integrationType": "Webhook"}


ADAPTER = Adapter(
    "opsgenie",
    "Opsgenie webhooks",
    parse,
    setup="Add an outgoing Webhook integration with the address below as its URL, switch on "
    "Add alert description and Add alert details, and leave all alert actions selected.",
    docs_url="https://support.atlassian.com/opsgenie/docs/integrate-opsgenie-with-webhook/",
    trial=trial,
)
