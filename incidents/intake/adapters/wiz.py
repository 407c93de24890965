"""Read issues of Wiz: what an automation rule posts, and the issue of its API.

An automation's body is a template; Wiz's own has *trigger*, *issue*, *resource* and
*control*. The issue is the key in both shapes. OPEN and IN_PROGRESS fire, RESOLVED and
REJECTED resolve. Severity CRITICAL, HIGH, MEDIUM, LOW or INFORMATIONAL.

>>> body = b'{"issue": {"id": "i1", "status": "OPEN", "severity": "HIGH"}, \
"control": {"name": "Public bucket with weights"}, "resource": {"name": "ckpt"}}'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.title, alert.severity
('wiz:i1', 'Public bucket with weights on ckpt', 'high')
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
    "open": "firing",
    "in_progress": "firing",
    "resolved": "resolved",
    "rejected": "resolved",
}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one issue. Raises Unreadable."""
    message = base.read_object(body)
    issue = base.mapping_at(message, "issue") or message
    identity = base.first_text(issue.get("id"))
    if not identity:
        remedy = "send the issue with its id, as Wiz's own template has it"
        raise Unreadable("issue.id", issue.get("id"), remedy)
    return ParsedDelivery(alerts=(_parse_issue(issue, message, identity=identity),))


def _parse_issue(
    issue: Mapping[str, Any], message: Mapping[str, Any], *, identity: str
) -> ParsedAlert:
    status = _status(issue.get("status"))
    control = base.mapping_at(message, "control") or base.mapping_at(
        issue, "sourceRule"
    )
    resource = base.mapping_at(message, "resource")
    resource = resource or base.mapping_at(issue, "entitySnapshot")
    began_at = read_instant(issue.get("createdAt")) or read_instant(
        issue.get("created")
    )
    changed_at = read_instant(issue.get("statusChangedAt"))
    alert = ParsedAlert(
        dedup_key=base.key_of("wiz", identity),
        status=status,
        title=_title(control, resource),
        summary=_summary(control),
        severity=base.severity_word(
            base.first_text(issue.get("severity"), control.get("severity"))
        ),
        started_at=began_at,
        ended_at=changed_at if status == "resolved" else None,
        event_at=changed_at or (began_at if status == "firing" else None),
        labels=_labels(issue, resource),
        url=_page(issue, identity=identity),
    )
    return base.tidied(alert)


def _status(value: object) -> Status:
    status = _STATUSES.get(base.as_text(value).strip().lower())
    if status is None:
        known = ", ".join(_STATUSES).upper()
        raise Unreadable("issue.status", value, f"send one of {known}")
    return status


def _title(control: Mapping[str, Any], resource: Mapping[str, Any]) -> str:
    name = base.first_text(control.get("name"), "Wiz issue")
    where = base.first_text(resource.get("name"))
    return f"{name} on {where}" if where else name


def _summary(control: Mapping[str, Any]) -> str:
    described = (control.get("description"), control.get("controlDescription"))
    advice = control.get("resolutionRecommendation")
    texts = (base.first_text(*described), base.first_text(advice))
    return "\n\n".join(filter(None, texts))


def _page(issue: Mapping[str, Any], *, identity: str) -> str:
    page = f"https://app.wiz.io/issues#~(issue~'{quote(identity, errors='replace')})"
    return base.safe_url(issue.get("url"), page)


def _labels(issue: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, str]:
    projects = issue.get("projects")
    names = [
        base.first_text(project.get("name") if isinstance(project, dict) else project)
        for project in (projects if isinstance(projects, list) else ())
    ]
    known = {
        "type": issue.get("type"),
        "project": ", ".join(names) or base.as_text(projects),
        "resource": resource.get("name"),
        "resource_type": resource.get("type"),
        "cloud": resource.get("cloudPlatform"),
        "region": resource.get("region"),
        "subscription": base.first_text(
            resource.get("subscriptionName"), resource.get("subscriptionId")
        ),
    }
    used = ("id", "projects", "type", "sourceRule", "entitySnapshot", "notes", "url")
    shown = ("name", "type", "cloudPlatform", "region", "subscriptionName")
    entity = base.without(resource, *shown, "subscriptionId")
    return base.labels_of(known, {**base.without(issue, *used), "entity": entity})


def trial(now: datetime) -> dict[str, object]:
    """Return one issue in the shape of Wiz's template, as the test button posts it."""
    return {
        "trigger": {"source": "ISSUES", "type": "Created"},
        "issue": {
            "id": TRIAL_KEY,
            "status": "OPEN",
            "severity": "INFORMATIONAL",
            "created": now.isoformat(),
        },
        "control": {"name": TRIAL_TITLE, "description": TRIAL_SUMMARY},
    }


ADAPTER = Adapter(
    "wiz",
    "Wiz",
    parse,
    setup="Add an integration of type Webhook with the address below, and automation rules "
    "for issues that are created, reopened, resolved and ignored that run it. Leave the "
    "body as Wiz proposes it.",
    docs_url="https://www.wiz.io/integrations",
    snippet='URL: {url}\n\n{\n  "issue": {"id": "{{issue.id}}", '
    '"status": "{{issue.status}}",\n    "severity": "{{issue.severity}}", '
    '"created": "{{issue.createdAt}}"},\n'
    '  "resource": {"name": "{{issue.entitySnapshot.name}}", '
    '"type": "{{issue.entitySnapshot.type}}"},\n'
    '  "control": {"name": "{{issue.control.name}}", '
    '"description": "{{issue.control.description}}"}\n}',
    trial=trial,
)
