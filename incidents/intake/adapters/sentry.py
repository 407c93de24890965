"""Read what Sentry posts: issues, issue alerts, metric alerts, and the legacy plugin.

The header `Sentry-Hook-Resource` says which it is; without it the shape does.

* `issue` follows one issue: *created* and *unresolved* fire, *resolved* ends it, and so
  does *archived* (*ignored*), by which a person said that it needs nobody for now: an
  issue that was archived until it escalates comes back as *unresolved*.
* `event_alert` fires when an alert rule of issues does. It never ends; the issue's own
  *resolved* does it, so both share the issue's id as dedup key.
* `metric_alert` fires as *critical* or *warning* until *resolved*; its key is the rule.
* The legacy plugin posts one flat body for each event of an issue and never an end.

See https://docs.sentry.io/organization/integrations/integration-platform/webhooks/issues/

Assignments, comments, single errors and installations give no alert. Bodies do not
tell when a state changed, but the header `Sentry-Hook-Timestamp` does.

>>> body = b'''{"action": "created", "data": {"issue": {"id": "81", "level": "fatal",
...   "status": "unresolved", "title": "Refusal filter is off", "shortId": "API-4"}}}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity
('sentry:issue:81', 'firing', 'critical')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import TRIAL_KEY, TRIAL_TITLE, Adapter
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Status
from incidents.intake.adapters.single import alone
from incidents.intake.adapters.tags import labels_of_tags
from incidents.intake.adapters.times import read_instant

_RESOURCE = "sentry-hook-resource"
_SENT_AT = "sentry-hook-timestamp"
_QUIET = {"comment", "error", "installation", "seer"}
_ISSUE_ACTIONS: dict[str, Status | None] = {
    "created": "firing",
    "unresolved": "firing",
    "resolved": "resolved",
    "archived": "resolved",
    "ignored": "resolved",
    "assigned": None,
}
_METRIC_ACTIONS: dict[str, Status] = {
    "critical": "firing",
    "warning": "firing",
    "open": "firing",
    "resolved": "resolved",
}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one webhook. Raises Unreadable."""
    message = base.read_object(body)
    resource = headers.get(_RESOURCE, "").strip().lower()
    if resource in _QUIET:
        return _ignored(f"Sentry's {resource} webhooks give no alert; issue does.")
    sent_at = read_instant(headers.get(_SENT_AT))
    data = base.mapping_at(message, "data")
    if "metric_alert" in data:
        return alone(_metric_alert(message, data, sent_at=sent_at))
    if "event" in data:
        return alone(_event_alert(message, data, sent_at=sent_at))
    if "issue" in data:
        return _issue(message, base.mapping_at(data, "issue"), sent_at=sent_at)
    if "data" not in message and "event" in message:
        return alone(_legacy(message))
    remedy = "send an issue, an event_alert or a metric_alert webhook"
    raise base.Unreadable("data", message.get("data"), remedy)


def _ignored(reason: str) -> ParsedDelivery:
    return ParsedDelivery((), ignored=reason)


def _issue(
    message: Mapping[str, Any], issue: Mapping[str, Any], *, sent_at: datetime | None
) -> ParsedDelivery:
    status = base.read_state(message.get("action"), _ISSUE_ACTIONS, field="action")
    if status is None:
        return _ignored("Who is assigned to an issue changes nothing here.")
    project = base.mapping_at(issue, "project")
    labels = {
        "project": project.get("slug"),
        "level": issue.get("level"),
        "platform": issue.get("platform"),
        "short_id": issue.get("shortId"),
    }
    alert = ParsedAlert(
        dedup_key=_issue_key(issue.get("id"), field="data.issue.id"),
        status=status,
        title=base.first_text(issue.get("title"), issue.get("shortId")),
        summary=base.first_text(issue.get("culprit")),
        severity=base.severity_word(issue.get("level")),
        severity_told=base.first_text(issue.get("level")),
        started_at=read_instant(issue.get("firstSeen")),
        ended_at=sent_at,
        event_at=sent_at,
        labels=base.labels_of(labels, {"metadata": base.mapping_at(issue, "metadata")}),
        url=base.safe_url(issue.get("web_url"), issue.get("permalink")),
    )
    return alone(alert)


def _event_alert(
    message: Mapping[str, Any], data: Mapping[str, Any], *, sent_at: datetime | None
) -> ParsedAlert:
    base.read_state(message.get("action"), {"triggered": True}, field="action")
    event = base.mapping_at(data, "event")
    issue_alert = base.mapping_at(data, "issue_alert")
    rule = base.first_text(data.get("triggered_rule"), issue_alert.get("title"))
    return ParsedAlert(
        dedup_key=_issue_key(event.get("issue_id"), field="data.event.issue_id"),
        status="firing",
        title=base.first_text(event.get("title"), rule),
        summary=_lines(event.get("culprit"), event.get("message")),
        severity=base.severity_word(event.get("level")),
        severity_told=base.first_text(event.get("level")),
        started_at=read_instant(event.get("datetime")),
        event_at=sent_at,
        labels=base.labels_of(
            {
                "environment": event.get("environment"),
                "level": event.get("level"),
                "platform": event.get("platform"),
                "rule": rule,
            },
            labels_of_tags(event.get("tags")),
        ),
        url=base.safe_url(event.get("web_url"), event.get("url")),
    )


def _metric_alert(
    message: Mapping[str, Any], data: Mapping[str, Any], *, sent_at: datetime | None
) -> ParsedAlert:
    action = base.as_text(message.get("action"))
    status = base.read_state(action, _METRIC_ACTIONS, field="action")
    alert = base.mapping_at(data, "metric_alert")
    rule = base.mapping_at(alert, "alert_rule")
    key = base.first_text(rule.get("id"), alert.get("id"))
    if not key:
        remedy = "send the number of the alert rule"
        raise base.Unreadable("data.metric_alert.alert_rule.id", rule.get("id"), remedy)
    return ParsedAlert(
        dedup_key=base.key_of("sentry", "metric", key),
        status=status,
        title=base.first_text(
            data.get("description_title"), alert.get("title"), rule.get("name")
        ),
        summary=base.first_text(data.get("description_text")),
        severity=base.severity_word(action),
        severity_told=action,
        started_at=read_instant(alert.get("date_started")),
        ended_at=read_instant(alert.get("date_closed")) or sent_at,
        event_at=sent_at,
        labels=base.labels_of(
            {"rule": rule.get("name"), "dataset": rule.get("dataset")}
        ),
        url=base.safe_url(data.get("web_url")),
    )


def _legacy(message: Mapping[str, Any]) -> ParsedAlert:
    event = base.mapping_at(message, "event")
    return ParsedAlert(
        dedup_key=_issue_key(message.get("id"), field="id"),
        status="firing",
        title=base.first_text(
            event.get("title"), message.get("message"), message.get("culprit")
        ),
        summary=_lines(message.get("culprit"), message.get("message")),
        severity=base.severity_word(message.get("level")),
        severity_told=base.first_text(message.get("level")),
        started_at=read_instant(event.get("timestamp")),
        labels=base.labels_of(
            {
                "project": base.first_text(
                    message.get("project_slug"), message.get("project")
                ),
                "level": message.get("level"),
                "environment": event.get("environment"),
            },
            labels_of_tags(event.get("tags")),
        ),
        url=base.safe_url(message.get("url")),
    )


def _issue_key(value: object, *, field: str) -> str:
    key = base.first_text(value)
    if not key:
        raise base.Unreadable(field, value, "send the number of the issue")
    return base.key_of("sentry", "issue", key)


def _lines(*values: object) -> str:
    return "\n".join(text for value in values if (text := base.first_text(value)))


def trial(now: datetime) -> dict[str, object]:
    """Return the creation of an issue, as the test button posts it."""
    issue = {
        "id": TRIAL_KEY,
        "title": TRIAL_TITLE,
        "level": "info",
        "status": "unresolved",
        "firstSeen": now.isoformat(),
    }
    return {"action": "created", "data": {"issue": issue}}


ADAPTER = Adapter(
    "sentry",
    "Sentry",
    parse,
    setup="Under Settings, Developer Settings, create an internal integration: the address "
    "below as Webhook URL, Alert Rule Action on, the permission Issue & Event read, and "
    "the webhook issue ticked (leave error off: it posts every event). Then add the "
    "integration as an action to the alert rules that shall page.",
    docs_url="https://docs.sentry.io/organization/integrations/integration-platform/"
    "webhooks/",
    headers=(_RESOURCE, _SENT_AT),
    trial=trial,
    trial_headers={_RESOURCE: "issue"},
)
