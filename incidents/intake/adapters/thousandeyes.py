"""Read what ThousandEyes' webhooks post, one notification or a list of them.

The event type decides: *…NOTIFICATION_TRIGGER* fires and *…NOTIFICATION_CLEAR* ends, of
tests and of agents. The alert's id is the dedup key. *WEBHOOK_TEST* gives no alert.
Severities are critical, major (high), minor (low) and info. Times are UTC.

>>> body = b'''{"eventType": "ALERT_NOTIFICATION_TRIGGER", "alert": {"alertId": 35541,
...   "ruleName": "Packet loss", "testName": "Lab to agency", "severity": "Major",
...   "dateStart": "2026-11-23 04:00:00"}}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity, alert.title
('thousandeyes:35541', 'firing', 'high', 'Packet loss: Lab to agency')
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
from incidents.intake.adapters.single import finished
from incidents.intake.adapters.times import read_instant

_EVENTS: dict[str, Status | None] = {
    "alert_notification_trigger": "firing",
    "alert_notification_clear": "resolved",
    "agent_alert_notification_trigger": "firing",
    "agent_alert_notification_clear": "resolved",
    "webhook_test": None,
}
# What is read elsewhere or tells nothing new: the rest become labels.
_READ = (
    "alertId",
    "agentNotificationId",
    "ruleExpression",
    "ruleName",
    "testName",
    "agentName",
    "violationCount",
    "severity",
    "dateStart",
    "dateStartZoned",
    "dateEnd",
    "dateEndZoned",
    "permalink",
    "apiLinks",
    "agents",
)


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one request. Raises Unreadable."""
    messages = base.read_objects(body)
    alerts = []
    for index, message in enumerate(messages):
        at = f"[{index}]." if len(messages) > 1 else ""
        value = message.get("eventType")
        status = base.read_state(value, _EVENTS, field=f"{at}eventType")
        if status is not None:
            alerts.append(finished(_alert(message, status, field=f"{at}alert")))
    if alerts:
        return ParsedDelivery(tuple(alerts))
    reason = "This is ThousandEyes' test of the webhook."
    return ParsedDelivery((), is_test=True, ignored=reason)


def _alert(message: Mapping[str, Any], status: Status, *, field: str) -> ParsedAlert:
    alert = base.mapping_at(message, "alert") or base.mapping_at(message, "agentAlert")
    key = base.first_text(alert.get("alertId"), alert.get("agentNotificationId"))
    if not key:
        remedy = "send the alert with its id"
        raise base.Unreadable(f"{field}.alertId", alert.get("alertId"), remedy)
    started_at = read_instant(alert.get("dateStart"))
    ended_at = read_instant(alert.get("dateEnd"))
    return ParsedAlert(
        dedup_key=base.key_of("thousandeyes", key),
        status=status,
        title=_title(alert),
        summary=base.first_text(alert.get("ruleExpression")),
        severity=base.severity_word(alert.get("severity")),
        severity_told=base.first_text(alert.get("severity")),
        started_at=started_at,
        ended_at=ended_at,
        event_at=started_at if status == "firing" else ended_at,
        labels=base.labels_of(
            {
                "rule": alert.get("ruleName"),
                "test": alert.get("testName"),
                "type": alert.get("type"),
                "agent": alert.get("agentName"),
                "hostname": alert.get("hostname"),
                "violations": alert.get("violationCount"),
            },
            base.without(alert, *_READ),
        ),
        url=base.safe_url(alert.get("permalink")),
    )


def _title(alert: Mapping[str, Any]) -> str:
    what = base.first_text(alert.get("testName"), alert.get("agentName"))
    rule = base.first_text(alert.get("ruleName"), "ThousandEyes alert")
    return f"{rule}: {what}" if what else rule


def trial(now: datetime) -> dict[str, object]:
    """Return an alert of severity Info, as the test button posts it."""
    alert = {
        "alertId": TRIAL_KEY,
        "ruleName": TRIAL_TITLE,
        "ruleExpression": TRIAL_SUMMARY,
        "severity": "Info",
        "dateStart": now.strftime("%Y-%m-%d %H:%M:%S"),
    }
    return {"eventType": "ALERT_NOTIFICATION_TRIGGER", "alert": alert}


ADAPTER = Adapter(
    "thousandeyes",
    "ThousandEyes",
    parse,
    setup="In an alert rule, under Notifications, add a webhook with the address below as "
    "URL and no authentication, and leave the notification on clearing on.",
    docs_url="https://docs.thousandeyes.com/product-documentation/integration-guides/"
    "custom-webhooks",
    trial=trial,
)
