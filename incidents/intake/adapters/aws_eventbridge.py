"""Read events that Amazon EventBridge posts to an API destination.

*GuardDuty Finding*: one alert, keyed by the finding's own id; AWS sends it again at
each change. An archived finding is resolved; a sample finding is a test. Severity 9 and
above is critical, 7 high, 4 medium, less low.

*Security Hub Findings - Imported* (and *- Custom Action*): one alert for each finding,
keyed by its Id. It is resolved when its workflow is RESOLVED or SUPPRESSED, its record
archived, or its control passed.

*AWS Health Event*: keyed by eventArn, resolved when its statusCode is closed; open and
upcoming fire. An end time resolves nothing: announcements carry one too. The schema
has no severity: https://docs.aws.amazon.com/health/latest/ug/aws-health-events-eventbridge-schema.html

*CloudWatch Alarm State Change*: keyed by the alarm's ARN, the same key as through SNS.
ALARM fires, OK resolves, INSUFFICIENT_DATA is ignored.

Insights of Security Hub are ignored. Any other event was chosen by a rule of the
customer's: it fires, keyed by account, region, source, kind and resources, and never
resolves.

>>> body = b'{"source": "aws.guardduty", "detail-type": "GuardDuty Finding", "detail": \
{"id": "f1", "title": "Port is probed", "severity": 8, "service": {"archived": false}}}'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.status, alert.severity
('guardduty:f1', 'firing', 'high')
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

NO_DATA = "The alarm has too little data and keeps its last state."
_CRITICAL_FROM, _HIGH_FROM, _MEDIUM_FROM = 9, 7, 4
_ALARM_STATES: dict[str, Status | None] = {
    "ALARM": "firing",
    "OK": "resolved",
    "INSUFFICIENT_DATA": None,
}
_WORKFLOWS_AT_REST = ("RESOLVED", "SUPPRESSED")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one event. Raises Unreadable."""
    return parse_event(base.read_object(body))


def parse_event(event: Mapping[str, Any]) -> ParsedDelivery:
    """Return the alerts of one event of EventBridge. Raises Unreadable."""
    kind = base.first_text(event.get("detail-type"))
    if not kind:
        remedy = "send the whole event of EventBridge, without an input transformer"
        raise Unreadable("detail-type", event.get("detail-type"), remedy)
    if not isinstance(event.get("detail"), dict):
        raise Unreadable("detail", event.get("detail"), "send an object")
    if kind.startswith("Security Hub Findings"):
        return _security_hub(event)
    if kind.startswith("Security Hub Insight"):
        return ParsedDelivery(
            alerts=(), ignored="An insight groups findings that were sent already."
        )
    if kind == "CloudWatch Alarm State Change":
        return _cloudwatch(event)
    if kind == "GuardDuty Finding":
        return _guardduty(event)
    alert = _health(event) if kind == "AWS Health Event" else _other(event, kind=kind)
    return ParsedDelivery(alerts=(alert,))


def _guardduty(event: Mapping[str, Any]) -> ParsedDelivery:
    finding = base.mapping_at(event, "detail")
    service = base.mapping_at(finding, "service")
    is_archived = service.get("archived") is True
    changed_at = read_instant(finding.get("updatedAt")) or _sent_at(event)
    alert = ParsedAlert(
        dedup_key=base.key_of("guardduty", _identity(finding, "id", place="detail")),
        status="resolved" if is_archived else "firing",
        title=base.first_text(finding.get("title"), finding.get("type")),
        summary=base.first_text(finding.get("description")),
        severity=_guardduty_severity(finding.get("severity")),
        severity_told=base.told(finding.get("severity")),
        started_at=read_instant(service.get("eventFirstSeen"))
        or read_instant(finding.get("createdAt")),
        ended_at=changed_at if is_archived else None,
        event_at=changed_at,
        labels=base.labels_of(
            {
                "account": base.first_text(
                    finding.get("accountId"), event.get("account")
                ),
                "region": base.first_text(finding.get("region"), event.get("region")),
                "type": finding.get("type"),
                "arn": finding.get("arn"),
                "count": service.get("count"),
            },
            {"resource": finding.get("resource"), "action": service.get("action")},
        ),
    )
    is_sample = base.mapping_at(service, "additionalInfo").get("sample") is True
    return ParsedDelivery(alerts=(base.tidied(alert),), is_test=is_sample)


def _guardduty_severity(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "unknown"
    if value >= _CRITICAL_FROM:
        return "critical"
    if value >= _HIGH_FROM:
        return "high"
    return "medium" if value >= _MEDIUM_FROM else "low"


def _security_hub(event: Mapping[str, Any]) -> ParsedDelivery:
    findings = base.read_alerts(base.mapping_at(event, "detail"), field="findings")
    return ParsedDelivery(
        alerts=tuple(
            _finding(finding, place=f"detail.findings[{index}]")
            for index, finding in enumerate(findings)
        )
    )


def _finding(finding: Mapping[str, Any], *, place: str) -> ParsedAlert:
    is_over = _is_over(finding)
    changed_at = read_instant(finding.get("UpdatedAt"))
    label = base.mapping_at(finding, "Severity").get("Label")
    resources = finding.get("Resources")
    first = resources[0] if isinstance(resources, list) and resources else {}
    alert = ParsedAlert(
        dedup_key=base.key_of("securityhub", _identity(finding, "Id", place=place)),
        status="resolved" if is_over else "firing",
        title=base.first_text(finding.get("Title")),
        summary=base.first_text(finding.get("Description")),
        severity=base.severity_word(label),
        severity_told=base.told(label),
        started_at=read_instant(finding.get("FirstObservedAt"))
        or read_instant(finding.get("CreatedAt")),
        ended_at=changed_at if is_over else None,
        event_at=changed_at,
        labels=base.labels_of(
            {
                "account": finding.get("AwsAccountId"),
                "region": finding.get("Region"),
                "product": finding.get("ProductName"),
                "resource": first.get("Id") if isinstance(first, dict) else "",
            },
            base.without(
                finding, "Id", "Title", "Description", "Resources", "ProductFields"
            ),
        ),
        url=base.safe_url(finding.get("SourceUrl")),
    )
    return base.tidied(alert)


def _is_over(finding: Mapping[str, Any]) -> bool:
    workflow = base.mapping_at(finding, "Workflow").get("Status")
    has_passed = base.mapping_at(finding, "Compliance").get("Status") == "PASSED"
    is_archived = finding.get("RecordState") == "ARCHIVED"
    return workflow in _WORKFLOWS_AT_REST or is_archived or has_passed


def _health(event: Mapping[str, Any]) -> ParsedAlert:
    detail = base.mapping_at(event, "detail")
    is_closed = base.as_text(detail.get("statusCode")).lower() == "closed"
    key = _identity(detail, "eventArn", place="detail")
    changed_at = read_instant(detail.get("lastUpdatedTime")) or _sent_at(event)
    code = base.first_text(detail.get("eventTypeCode"), "AWS Health event")
    service = base.first_text(detail.get("service"))
    alert = ParsedAlert(
        dedup_key=base.key_of("health", key),
        status="resolved" if is_closed else "firing",
        title=f"{service}: {code}" if service else code,
        summary=_description(detail),
        started_at=read_instant(detail.get("startTime")),
        ended_at=changed_at if is_closed else None,
        event_at=changed_at,
        labels=base.labels_of(
            {
                "account": event.get("account"),
                "region": base.first_text(
                    detail.get("eventRegion"), event.get("region")
                ),
            },
            base.without(detail, "eventDescription"),
        ),
    )
    return base.tidied(alert)


def _description(detail: Mapping[str, Any]) -> str:
    texts = detail.get("eventDescription")
    first = texts[0] if isinstance(texts, list) and texts else {}
    text = first.get("latestDescription") if isinstance(first, dict) else ""
    # AWS writes its line breaks as a backslash and an n.
    return base.first_text(text).replace("\\n", "\n")


def _cloudwatch(event: Mapping[str, Any]) -> ParsedDelivery:
    detail = base.mapping_at(event, "detail")
    state = base.mapping_at(detail, "state")
    status = read_alarm_state(state.get("value"), field="detail.state.value")
    if status is None:
        return ParsedDelivery(alerts=(), ignored=NO_DATA)
    name = _identity(detail, "alarmName", place="detail")
    resources = event.get("resources")
    arn = base.first_text(
        *(resources[:1] if isinstance(resources, list) else ()),
    )
    key = arn or f"{event.get('account')}:{event.get('region')}:{name}"
    changed_at = read_instant(state.get("timestamp")) or _sent_at(event)
    settings = base.mapping_at(detail, "configuration")
    alert = ParsedAlert(
        dedup_key=base.key_of("cloudwatch", key),
        status=status,
        title=name,
        summary=lines(settings.get("description"), state.get("reason")),
        started_at=changed_at if status == "firing" else None,
        ended_at=changed_at if status == "resolved" else None,
        event_at=changed_at,
        labels=base.labels_of(
            {"account": event.get("account"), "region": event.get("region")},
            {"previous_state": base.mapping_at(detail, "previousState").get("value")},
        ),
        url=alarm_url(arn, name),
    )
    return ParsedDelivery(alerts=(base.tidied(alert),))


def read_alarm_state(value: object, *, field: str) -> Status | None:
    """Return what an alarm's state means, None for too little data.

    Raises Unreadable.
    """
    state = base.as_text(value)
    if state not in _ALARM_STATES:
        raise Unreadable(field, value, f"send one of {', '.join(_ALARM_STATES)}")
    return _ALARM_STATES[state]


def alarm_url(arn: str, name: str) -> str:
    """Return the page of an alarm in the console; its ARN tells the region."""
    parts = arn.split(":")
    if parts[:3] != ["arn", "aws", "cloudwatch"] or not parts[3:4]:
        return ""
    place = f"{parts[3]}#alarmsV2:alarm/{quote(name, safe='', errors='replace')}"
    return base.safe_url(
        f"https://console.aws.amazon.com/cloudwatch/home?region={place}"
    )


def lines(*values: object) -> str:
    """Return the texts that are not empty, each on a line of its own."""
    return "\n".join(filter(None, (base.first_text(value) for value in values)))


def _other(event: Mapping[str, Any], *, kind: str) -> ParsedAlert:
    origin = base.first_text(event.get("source"))
    resources = event.get("resources")
    named = sorted(map(base.as_text, resources)) if isinstance(resources, list) else []
    place = [base.first_text(event.get(name)) for name in ("account", "region")]
    at = _sent_at(event)
    alert = ParsedAlert(
        dedup_key=base.key_of("eventbridge", *place, origin, kind, *named),
        status="firing",
        title=f"{kind} ({origin})" if origin else kind,
        started_at=at,
        event_at=at,
        labels=base.labels_of(
            {name: event.get(name) for name in ("account", "region", "source")}
            | {"resources": ", ".join(named)},
            base.mapping_at(event, "detail"),
        ),
    )
    return base.tidied(alert)


def _identity(values: Mapping[str, Any], name: str, *, place: str) -> str:
    identity = base.first_text(values.get(name))
    if not identity:
        remedy = "send the whole event: this names what it is about"
        raise Unreadable(f"{place}.{name}", values.get(name), remedy)
    return identity


def _sent_at(event: Mapping[str, Any]) -> datetime | None:
    return read_instant(event.get("time"))


def trial(now: datetime) -> dict[str, object]:
    """Return one finding of Security Hub, as the test button posts it."""
    finding = {
        "Id": TRIAL_KEY,
        "Title": TRIAL_TITLE,
        "Description": TRIAL_SUMMARY,
        "Severity": {"Label": "INFORMATIONAL"},
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
        "UpdatedAt": now.isoformat(),
    }
    return {
        "source": "aws.securityhub",
        "detail-type": "Security Hub Findings - Imported",
        "time": now.isoformat(),
        "detail": {"findings": [finding]},
    }


ADAPTER = Adapter(
    "aws_eventbridge",
    "Amazon EventBridge (GuardDuty, Security Hub, Health)",
    parse,
    setup="Make an API destination with the address below and method POST (its "
    "connection may hold any API key), and a rule with the pattern below that has it as "
    "target. Leave the input as it is: Matched event.",
    docs_url="https://docs.aws.amazon.com/eventbridge/latest/userguide/"
    "eb-api-destinations.html",
    snippet='Endpoint: {url}\n\n{\n  "source": ["aws.guardduty", "aws.securityhub", '
    '"aws.health", "aws.cloudwatch"],\n  "detail-type": [\n    "GuardDuty Finding",\n'
    '    "Security Hub Findings - Imported",\n    "AWS Health Event",\n'
    '    "CloudWatch Alarm State Change"\n  ]\n}',
    trial=trial,
)
