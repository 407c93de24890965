"""Read GitHub's security alerts: code scanning, secret scanning and Dependabot.

The header `X-GitHub-Event` names the event; without it the alert's fields tell. The
alert's own `state` counts and not the action: *open* fires; *fixed*, *dismissed* and
*resolved* end it. The dedup key is the repository, the kind and the alert's number.
Secret scanning has no severities (the schema of its webhook holds none): a secret
counts as high, one that leaked publicly as critical, which is our choice. `updated_at` orders the messages; GitHub never sends one again by itself.

Any other event, such as the ping of a new webhook, gives no alert. A webhook set to
forms sends the JSON in the field `payload`.

>>> body = b'''{"action": "created", "repository": {"full_name": "aurora/evals"},
...   "alert": {"number": 3, "state": "open", "secret_type": "openai_api_key"}}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.severity
('github:aurora/evals:secret_scanning_alert:3', 'firing', 'high')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import TRIAL_TITLE, Adapter
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Status
from incidents.intake.adapters.forms import read_body
from incidents.intake.adapters.single import alone
from incidents.intake.adapters.times import read_instant

_EVENT = "x-github-event"
_CODE = "code_scanning_alert"
_DEPENDENCY = "dependabot_alert"
_SECRET = "secret_scanning_alert"  # noqa: S105  (the name of an event)
_KINDS = (_CODE, _DEPENDENCY, _SECRET)

_STATES: dict[str, Status] = {
    "open": "firing",
    "fixed": "resolved",
    "dismissed": "resolved",
    "auto_dismissed": "resolved",
    "resolved": "resolved",
    "closed": "resolved",
}
# What is read elsewhere, tells of people, or is long: the rest become labels.
_READ = (
    "number",
    "state",
    "url",
    "html_url",
    "rule",
    "tool",
    "dependency",
    "security_advisory",
    "security_vulnerability",
    "secret_type_display_name",
    "created_at",
    "updated_at",
    "instances",
    "instances_url",
    "locations_url",
    "dismissed_by",
    "resolved_by",
    "push_protection_bypassed_by",
    "fixed_at",
    "dismissed_at",
    "auto_dismissed_at",
    "resolved_at",
)
_ENDS = ("fixed_at", "dismissed_at", "auto_dismissed_at", "resolved_at")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one event. Raises Unreadable."""
    message = read_body(body, headers=headers, field="payload")
    alert = base.mapping_at(message, "alert")
    event = headers.get(_EVENT, "").strip().lower() or _event_of(message, alert)
    if not event:
        remedy = "send a GitHub event with its header X-GitHub-Event"
        raise base.Unreadable("alert", message.get("alert"), remedy)
    if event not in _KINDS:
        return ParsedDelivery((), ignored=f"The event {event} gives no alert.")
    return alone(_alert(message, alert, event))


def _event_of(message: Mapping[str, Any], alert: Mapping[str, Any]) -> str:
    if "zen" in message:
        return "ping"
    if "location" in message:
        return f"{_SECRET}_location"
    if "rule" in alert:
        return _CODE
    if "security_advisory" in alert or "dependency" in alert:
        return _DEPENDENCY
    return _SECRET if "secret_type" in alert else ""


def _alert(
    message: Mapping[str, Any], alert: Mapping[str, Any], event: str
) -> ParsedAlert:
    number = base.first_text(alert.get("number"))
    if not number:
        remedy = "send the alert with its number"
        raise base.Unreadable("alert.number", alert.get("number"), remedy)
    repository = base.mapping_at(message, "repository")
    name = base.first_text(repository.get("full_name"))
    status = _status(alert)
    subject = _subject(alert, event)
    told = _told(alert, event)
    return ParsedAlert(
        dedup_key=base.key_of("github", name, event, number),
        status=status,
        title=f"{subject} in {name}" if name else subject,
        summary=_summary(alert, event),
        severity=_severity(told, message, event),
        severity_told=told,
        started_at=read_instant(alert.get("created_at")),
        ended_at=read_instant(base.first_text(*(alert.get(end) for end in _ENDS))),
        event_at=read_instant(alert.get("updated_at")),
        labels=_labels(message, alert, event, repository=name),
        url=base.safe_url(alert.get("html_url"), repository.get("html_url")),
    )


def _status(alert: Mapping[str, Any]) -> Status:
    """Return the alert's state; older bodies only tell when and how it ended."""
    if alert.get("state") is not None:
        return base.read_state(alert["state"], _STATES, field="alert.state")
    ends = (alert.get("resolution"), *(alert.get(end) for end in _ENDS))
    return "resolved" if base.first_text(*ends) else "firing"


def _subject(alert: Mapping[str, Any], event: str) -> str:
    if event == _CODE:
        rule = base.mapping_at(alert, "rule")
        return base.first_text(
            rule.get("description"),
            rule.get("name"),
            rule.get("id"),
            "Code scanning alert",
        )
    if event == _DEPENDENCY:
        advisory = base.mapping_at(alert, "security_advisory")
        return base.first_text(advisory.get("summary"), "Vulnerable dependency")
    secret = base.first_text(
        alert.get("secret_type_display_name"),
        alert.get("secret_type"),
        "of unknown type",
    )
    return f"Secret found: {secret}"


def _summary(alert: Mapping[str, Any], event: str) -> str:
    if event == _CODE:
        return base.first_text(base.mapping_at(alert, "rule").get("full_description"))
    return base.first_text(
        base.mapping_at(alert, "security_advisory").get("description")
    )


def _severity(told: str, message: Mapping[str, Any], event: str) -> str:
    if event != _SECRET:
        return "info" if told == "note" else base.severity_word(told)
    alert = base.mapping_at(message, "alert")
    is_public = message.get("action") == "publicly_leaked" or alert.get(
        "publicly_leaked"
    )
    return "critical" if is_public is True else "high"


def _told(alert: Mapping[str, Any], event: str) -> str:
    """Return GitHub's own word for how bad it is; secrets have none."""
    if event == _CODE:
        rule = base.mapping_at(alert, "rule")
        return base.first_text(
            rule.get("security_severity_level"), rule.get("severity")
        )
    places = ("security_advisory", "security_vulnerability")
    return base.first_text(*(base.mapping_at(alert, p).get("severity") for p in places))


def _labels(
    message: Mapping[str, Any], alert: Mapping[str, Any], event: str, *, repository: str
) -> dict[str, str]:
    dependency = base.mapping_at(alert, "dependency")
    package = base.mapping_at(dependency, "package")
    advisory = base.mapping_at(alert, "security_advisory")
    return base.labels_of(
        {
            "event": event,
            "repository": repository,
            "rule": base.mapping_at(alert, "rule").get("id"),
            "tool": base.mapping_at(alert, "tool").get("name"),
            "ref": message.get("ref"),
            "ecosystem": package.get("ecosystem"),
            "package": package.get("name"),
            "manifest": dependency.get("manifest_path"),
            "ghsa_id": advisory.get("ghsa_id"),
            "cve_id": advisory.get("cve_id"),
            "type": alert.get("secret_type"),
            "validity": alert.get("validity"),
            "resolution": base.first_text(
                alert.get("resolution"), alert.get("dismissed_reason")
            ),
        },
        base.without(alert, *_READ),
    )


def trial(now: datetime) -> dict[str, object]:
    """Return a code scanning alert that is only a note, as the test button posts it."""
    alert = {
        "number": 0,
        "state": "open",
        "created_at": now.isoformat(),
        "updated_at": now.isoformat(),
        "rule": {"id": "tocsin/trial", "description": TRIAL_TITLE, "severity": "note"},
        "tool": {"name": "Tocsin"},
    }
    repository = {"full_name": "tocsin/trial"}
    return {"action": "created", "alert": alert, "repository": repository}


ADAPTER = Adapter(
    "github",
    "GitHub security alerts",
    parse,
    setup="In the repository or the organisation, under Settings, Webhooks, add a webhook "
    "with the address below as Payload URL, content type application/json, and the "
    "events Code scanning alerts, Dependabot alerts and Secret scanning alerts. The command does the same.",
    docs_url="https://docs.github.com/en/webhooks/webhook-events-and-payloads"
    "#code_scanning_alert",
    snippet="""gh api repos/OWNER/REPOSITORY/hooks \\
  -f name=web -F active=true \\
  -f 'events[]=code_scanning_alert' -f 'events[]=dependabot_alert' \\
  -f 'events[]=secret_scanning_alert' \\
  -f 'config[url]={url}' \\
  -f 'config[content_type]=json'""",
    headers=(_EVENT,),
    trial=trial,
    trial_headers={_EVENT: _CODE},
)
