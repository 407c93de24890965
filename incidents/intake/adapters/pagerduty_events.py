"""Read events for PagerDuty's Events API v2, which is answered at `/v2/enqueue`.

Every client of that API becomes a source by changing its address and key. *trigger* is
firing, *resolve* is resolved, *acknowledge* is noted and pauses the paths of whoever
owns the source. The dedup key is the client's; a trigger without one got one with its
answer. An event counts by its receipt, not by its `timestamp`: after a resolve the same
key opens a new incident, however old the trigger says it is. A change event tells of a
deployment and opens nothing.

>>> body = b'{"event_action": "trigger", "dedup_key": "srv01/HTTP", "payload": '
>>> body += b'{"summary": "HTTP is down", "source": "srv01", "severity": "critical"}}'
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.status, alert.title, alert.severity, alert.dedup_key
('firing', 'HTTP is down', 'critical', 'pd:srv01/HTTP')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from incidents.intake.adapters import base, marks
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

CHANGE: Final = "change"
ACTIONS: Final = ("trigger", "acknowledge", "resolve")
SEVERITIES: Final = ("critical", "warning", "error", "info")
MAX_DEDUP_KEY: Final = 255

_NAMED: Final = ("source", "component", "group", "class")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one event. Raises Unreadable."""
    event = base.read_object(body)
    if headers.get(marks.ACTION) == CHANGE:
        return ParsedDelivery((), ignored="A change event opens no incident.")
    if problems := problems_of(event):
        remedy = "send an event as PagerDuty's Events API v2 describes it"
        raise Unreadable("event", "; ".join(problems), remedy)
    key = key_in(event) or given_key(headers, options)
    if not key:
        raise Unreadable("dedup_key", None, "send one, or post to /v2/enqueue")
    dedup_key = base.key_of("pd", key)
    action = event["event_action"]
    if action == "trigger":
        return ParsedDelivery((_fired(event, dedup_key),))
    status: Status = "resolved" if action == "resolve" else "acknowledged"
    title = base.one_line(f"{key} {status}")
    return ParsedDelivery((_bare(dedup_key, status, title),))


def key_in(event: Mapping[str, Any]) -> str:
    """Return the client's key of the alert; what shows nothing is none."""
    return base.first_text(event.get("dedup_key"))


def given_key(headers: Mapping[str, str], options: Mapping[str, object]) -> str:
    """Return the key that was answered to a trigger without one: its delivery's id."""
    if marks.GIVEN_KEY not in headers:
        return ""
    uid = options.get("uid")
    return uid.hex if isinstance(uid, UUID) else headers[marks.GIVEN_KEY]


def _bare(dedup_key: str, status: Status, title: str) -> ParsedAlert:
    return ParsedAlert(
        dedup_key=dedup_key,
        status=status,
        title=title,
        group_key=dedup_key,
        is_bare=True,
    )


def problems_of(event: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an event, in PagerDuty's words; its key is not looked at."""
    action = event.get("event_action")
    if action in (None, ""):
        return ["'event_action' is missing or blank"]
    if action not in ACTIONS:
        words = "'trigger', 'acknowledge' or 'resolve'"
        return [f"'event_action' is invalid (must be one of the following: {words})"]
    problems = _problems_of_dedup_key(event, is_needed=action != "trigger")
    if action != "trigger":
        return problems
    payload = event.get("payload")
    if not isinstance(payload, dict):
        return [*problems, "'payload' is missing or blank"]
    return [*problems, *_problems_of_payload(payload)]


def _problems_of_dedup_key(event: Mapping[str, Any], *, is_needed: bool) -> list[str]:
    told = event.get("dedup_key")
    if told is not None and not isinstance(told, str | int | float):
        return ["'dedup_key' is invalid (must be a string)"]
    key = key_in(event)
    if not key:
        return ["'dedup_key' is missing or blank"] if is_needed else []
    if len(key) > MAX_DEDUP_KEY:
        return [f"Length of 'dedup_key' is incorrect (should be <= {MAX_DEDUP_KEY})"]
    return []


def _problems_of_payload(payload: Mapping[str, Any]) -> list[str]:
    problems = [
        f"'payload.{name}' is missing or blank"
        for name in ("summary", "source", "severity")
        if not base.first_text(payload.get(name))
    ]
    severity = base.first_text(payload.get("severity"))
    if severity and severity not in SEVERITIES:
        words = "'critical', 'warning', 'error' or 'info'"
        problems.append(
            f"'payload.severity' is invalid (must be one of the following: {words})"
        )
    return problems


def _fired(event: Mapping[str, Any], dedup_key: str) -> ParsedAlert:
    payload = base.mapping_at(event, "payload")
    title = base.one_line(base.as_text(payload["summary"])) or "Alert without a summary"
    return ParsedAlert(
        dedup_key=dedup_key,
        status="firing",
        title=title,
        summary=_details_text(payload.get("custom_details")),
        severity=base.severity_word(payload.get("severity")),
        started_at=read_instant(payload.get("timestamp")),
        labels=_labels(event, payload),
        url=base.safe_url(*_links(event), event.get("client_url")),
        group_key=dedup_key,
        group_title=title,
    )


def _labels(event: Mapping[str, Any], payload: Mapping[str, Any]) -> dict[str, str]:
    details = base.mapping_at(payload, "custom_details")
    named = {name: payload.get(name) for name in _NAMED}
    told = {**details, **named, "client": event.get("client")}
    return base.clean_labels(
        {name: value for name, value in told.items() if base.as_text(value)}
    )


def _details_text(details: object) -> str:
    if isinstance(details, dict):
        told = ((name, base.as_text(value)) for name, value in details.items())
        return base.many_lines(
            "\n".join(f"{name}: {text}" for name, text in told if text)
        )
    return base.many_lines(base.as_text(details))


def _links(event: Mapping[str, Any]) -> list[object]:
    links = event.get("links")
    if not isinstance(links, list):
        return []
    return [link.get("href") for link in links if isinstance(link, dict)]


def trial(now: datetime) -> dict[str, object]:
    """Return one trigger, as the test button posts it."""
    payload = {
        "summary": TRIAL_TITLE,
        "source": "Tocsin",
        "severity": "info",
        "timestamp": now.isoformat(),
        "custom_details": TRIAL_SUMMARY,
    }
    return {"event_action": "trigger", "dedup_key": TRIAL_KEY, "payload": payload}


ADAPTER = Adapter(
    "pagerduty_events",
    "Clients of PagerDuty's Events API v2",
    parse,
    setup="Set the client's address of the Events API to the one below, and its "
    "integration key (routing key) to the key below.",
    docs_url="https://developer.pagerduty.com/docs/events-api-v2-overview",
    snippet="receivers:\n  - name: tocsin\n    pagerduty_configs:\n"
    "      - url: {url}\n        routing_key: {key}",
    trial=trial,
    address="{base}/v2/enqueue",
)
