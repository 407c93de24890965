"""Read what Grafana posts: unified alerting, and the legacy alerting before version 9.

Unified alerting uses Alertmanager's shape with links to dashboards added. Two rules
of Grafana's own, *no data* and *error*, tell of the rule and not of what it watches:
they are keyed by the rule's name and count as low.

Legacy alerting has one rule per body and no times. Its states *pending* and *paused*
change nothing and give no alert.

>>> body = b'''{"orgId": 4, "alerts": [{"status": "firing", "fingerprint": "a1", "labels":
...   {"alertname": "DatasourceNoData", "rulename": "Refusal rate"}}]}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.severity, alert.title
('grafana:4:DatasourceNoData:Refusal rate', 'low', 'Refusal rate: no data')
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from incidents.intake.adapters import alertmanager, base
from incidents.intake.adapters.adapter import Adapter
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Status

_RULE_TROUBLE = {
    "DatasourceNoData": "no data",
    "DatasourceError": "the rule cannot be evaluated",
}
_LEGACY_STATES: dict[str, Status | None] = {
    "alerting": "firing",
    "no_data": "firing",
    "ok": "resolved",
    "pending": None,
    "paused": None,
}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one notification. Raises Unreadable."""
    message = base.read_object(body)
    if "alerts" not in message and ("ruleId" in message or "ruleName" in message):
        return _parse_legacy(message)
    alerts = base.read_alerts(message)
    return ParsedDelivery(
        alerts=tuple(
            _parse_alert(alert, message, field=f"alerts[{index}]")
            for index, alert in enumerate(alerts)
        ),
        is_test=bool(alerts) and all(_is_test(alert) for alert in alerts),
        truncated=alertmanager.truncated_count(message),
    )


def _is_test(alert: Mapping[str, Any]) -> bool:
    labels = base.mapping_at(alert, "labels")
    return (
        labels.get("alertname") == "TestAlert" and labels.get("instance") == "Grafana"
    )


def _parse_alert(
    alert: Mapping[str, Any], group: Mapping[str, Any], *, field: str
) -> ParsedAlert:
    labels = base.mapping_at(alert, "labels")
    annotations = base.mapping_at(alert, "annotations")
    status = alertmanager.read_status(alert, group, field=field)
    started_at, ended_at, event_at = alertmanager.read_times(alert, status=status)
    dedup_key = _dedup_key(alert, group, field=field)
    title = _title(labels)
    return ParsedAlert(
        dedup_key=dedup_key,
        status=status,
        title=title,
        summary=_summary(annotations),
        severity=_severity(labels),
        started_at=started_at,
        ended_at=ended_at,
        event_at=event_at,
        labels=base.clean_labels(labels),
        url=base.safe_url(
            alert.get("panelURL"), alert.get("dashboardURL"), alert.get("generatorURL")
        ),
        group_key=alertmanager.read_group_key(group, prefix="grafana") or dedup_key,
        group_title=alertmanager.read_group_title(group) or title,
    )


def _dedup_key(
    alert: Mapping[str, Any], group: Mapping[str, Any], *, field: str
) -> str:
    labels = base.mapping_at(alert, "labels")
    org_id = base.first_text(alert.get("orgId"), group.get("orgId"))
    name = base.first_text(labels.get("alertname"))
    rule = base.first_text(labels.get("rulename"))
    if name in _RULE_TROUBLE and rule:
        return base.key_of("grafana", org_id, name, rule)
    fingerprint = alertmanager.read_fingerprint(alert, field=field)
    return base.key_of("grafana", org_id, fingerprint)


def _title(labels: Mapping[str, Any]) -> str:
    name = base.first_text(labels.get("alertname"), "Alert without a name")
    if name in _RULE_TROUBLE:
        name = f"{base.first_text(labels.get('rulename'), name)}: {_RULE_TROUBLE[name]}"
    return base.one_line(name)


def _summary(annotations: Mapping[str, Any]) -> str:
    parts = [base.first_text(annotations.get("summary"))]
    parts.append(alertmanager.read_summary(annotations))
    return base.many_lines("\n".join(part for part in parts if part))


def _severity(labels: Mapping[str, Any]) -> str:
    if base.first_text(labels.get("alertname")) in _RULE_TROUBLE:
        return "low"
    return base.severity_word(labels.get("severity"))


def _parse_legacy(message: Mapping[str, Any]) -> ParsedDelivery:
    state = base.as_text(message.get("state")).strip().lower()
    if state not in _LEGACY_STATES:
        known = ", ".join(_LEGACY_STATES)
        raise base.Unreadable("state", message.get("state"), f"send one of {known}")
    status = _LEGACY_STATES[state]
    if status is None:
        return ParsedDelivery(alerts=(), ignored=f"The state {state} changes nothing.")
    return ParsedDelivery(alerts=(_legacy_alert(message, status, state=state),))


def _legacy_alert(
    message: Mapping[str, Any], status: Status, *, state: str
) -> ParsedAlert:
    key = _legacy_key(message)
    title = base.one_line(
        base.first_text(message.get("ruleName"), message.get("title"), "Grafana alert")
    )
    labels = _legacy_labels(message)
    severity = (
        "low" if state == "no_data" else base.severity_word(labels.get("severity"))
    )
    return ParsedAlert(
        dedup_key=key,
        status=status,
        title=title,
        summary=base.many_lines(base.as_text(message.get("message"))),
        severity=severity,
        labels=labels,
        url=base.safe_url(message.get("ruleUrl")),
        group_key=key,
        group_title=title,
    )


def _legacy_key(message: Mapping[str, Any]) -> str:
    rule = base.first_text(message.get("ruleId"), message.get("ruleName"))
    if not rule:
        raise base.Unreadable("ruleId", message.get("ruleId"), "send the rule's number")
    host, org_in_url = _host_and_org(base.as_text(message.get("ruleUrl")))
    org_id = base.first_text(message.get("orgId"), org_in_url)
    return base.key_of("grafana-legacy", host, org_id, rule)


def _host_and_org(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
    except ValueError:
        return "", ""
    return parts.netloc.rpartition("@")[2], query.get("orgId", [""])[0]


def _legacy_labels(message: Mapping[str, Any]) -> dict[str, str]:
    matches = message.get("evalMatches")
    first = matches[0] if isinstance(matches, list) and matches else {}
    match_tags = base.mapping_at(first, "tags") if isinstance(first, dict) else {}
    return base.clean_labels({**match_tags, **base.mapping_at(message, "tags")})


ADAPTER = Adapter(
    "grafana",
    "Grafana Alerting",
    parse,
    setup="Add a contact point of type Webhook, put the address below as URL, method "
    "POST, and leave Disable resolved message off.",
    docs_url="https://grafana.com/docs/grafana/latest/alerting/configure-notifications/"
    "manage-contact-points/integrations/webhook-notifier/",
    trial=alertmanager.trial,
)
