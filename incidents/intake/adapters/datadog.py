"""Read what Datadog's webhooks integration posts with our payload template.

The template names what pairs the messages about one alert: the monitor and its group
make the dedup key. The transition is the state: *Recovered* ends, *Triggered*, *Warn*,
*No Data*, their repetitions and *Renotify* fire. The priority decides the severity,
the kind of transition where the monitor has none. All values are text.

Without the template Datadog sends a body of its own without state or key. Both are
then taken from its title (`[P1] [Triggered on {host:a}] name`) and from the monitor's
link in its text; if the title has no state, the body is unreadable.

>>> body = b'''{"dedup_key": "82:host:gpu-7", "transition": "Recovered",
...   "priority": "P2", "title": "[Recovered on {host:gpu-7}] GPU load",
...   "date": "1795446245000", "tags": "host:gpu-7,team:weights"}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.status, alert.title, alert.labels["team"]
('datadog:82:host:gpu-7', 'resolved', 'GPU load', 'weights')
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

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

_TRANSITIONS: dict[str, Status] = {
    "triggered": "firing",
    "re-triggered": "firing",
    "warn": "firing",
    "re-warn": "firing",
    "no data": "firing",
    "re-no data": "firing",
    "renotify": "firing",
    "recovered": "resolved",
}
# What is read elsewhere or differs each time: the rest become labels.
_READ = (
    "dedup_key",
    "cycle",
    "transition",
    "status",
    "type",
    "title",
    "body",
    "link",
    "date",
    "tags",
    "id",
    "last_updated",
)
_KINDS = {"warn": "medium", "re-warn": "medium"}
_NO_TRANSITION = ("", "null", "none")
_TEMPLATE_REMEDY = (
    "put the payload template from this source's page into the webhook, "
    "with Use custom payload on"
)

_PRIORITY = re.compile(r"\s*\[(P[1-5])\]", re.IGNORECASE)
_TEST = re.compile(r"\s*\[TEST\]", re.IGNORECASE)
_STATE = re.compile(
    r"\s*\[([A-Za-z][A-Za-z -]{0,20}?)(?: on \{([^\[\]]{0,400})\})?\]\s*(.*)", re.DOTALL
)
_MONITOR = re.compile(r"/monitors/([0-9]{1,20})(?:\?group=([^&)\s]{1,400}))?")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one notification. Raises Unreadable."""
    message = base.read_object(body)
    is_test, priority, title = _start_of(base.as_text(message.get("title")))
    if "transition" not in message:
        return alone(_without_template(message, priority, title), is_test=is_test)
    transition = base.as_text(message.get("transition")).strip().lower()
    if transition in _NO_TRANSITION:
        return ParsedDelivery((), ignored="An event that is no monitor gives no alert.")
    key = base.first_text(message.get("dedup_key"))
    if not key:
        raise base.Unreadable("dedup_key", message.get("dedup_key"), _TEMPLATE_REMEDY)
    found = _STATE.match(title)
    alert = _alert(
        message,
        base.key_of("datadog", key),
        transition,
        title=found[3] if found and found[1].lower() in _TRANSITIONS else title,
        priority=base.first_text(message.get("priority")) or priority,
    )
    return alone(alert, is_test=is_test)


def _start_of(title: str) -> tuple[bool, str, str]:
    """Take the marks of a test and of a priority off a title, in either order."""
    is_test, priority = False, ""
    for _ in range(2):
        if found := _TEST.match(title):
            is_test, title = True, title[found.end() :]
        if found := _PRIORITY.match(title):
            priority, title = found[1], title[found.end() :]
    return is_test, priority, title.strip()


def _without_template(
    message: Mapping[str, Any], priority: str, title: str
) -> ParsedAlert:
    found = _STATE.match(title)
    transition = found[1].lower() if found else ""
    if found is None or transition not in _TRANSITIONS:
        raise base.Unreadable("title", message.get("title"), _TEMPLATE_REMEDY)
    link = _MONITOR.search(base.as_text(message.get("body")))
    scope = unquote(link[2]) if link and link[2] else found[2] or ""
    key = base.key_of("datadog", link[1] if link else found[3], scope)
    told = {**message, "scope": scope}
    return _alert(told, key, transition, title=found[3], priority=priority)


def _alert(
    message: Mapping[str, Any], key: str, transition: str, *, title: str, priority: str
) -> ParsedAlert:
    status = base.read_state(transition, _TRANSITIONS, field="transition")
    happened_at = read_instant(message.get("date"))
    return ParsedAlert(
        dedup_key=key,
        status=status,
        title=title,
        summary=base.as_text(message.get("body")).replace("%%%", ""),
        severity=_severity(message, transition, priority),
        severity_told=priority or base.first_text(message.get("type")),
        started_at=happened_at if status == "firing" else None,
        ended_at=happened_at,
        event_at=happened_at,
        labels=base.labels_of(
            {
                "host": message.get("host"),
                "scope": message.get("scope"),
                "priority": priority,
                "event_type": message.get("event_type"),
            },
            base.without(message, *_READ) | labels_of_tags(message.get("tags")),
        ),
        url=base.safe_url(message.get("link")),
    )


def _severity(message: Mapping[str, Any], transition: str, priority: str) -> str:
    word = base.severity_word(priority)
    if word != "unknown":
        return word
    return _KINDS.get(transition) or base.severity_word(message.get("type"))


def trial(now: datetime) -> dict[str, object]:
    """Return a triggered monitor of lowest priority, as the test button posts it."""
    return {
        "dedup_key": TRIAL_KEY,
        "transition": "Triggered",
        "priority": "P5",
        "type": "info",
        "title": f"[P5] [Triggered] {TRIAL_TITLE}",
        "body": TRIAL_SUMMARY,
        "date": str(int(now.timestamp() * 1_000)),
    }


ADAPTER = Adapter(
    "datadog",
    "Datadog",
    parse,
    setup="Under Integrations, Webhooks, add a webhook with the address below as URL, tick "
    "Use custom payload and paste the template. Then name it in the monitors, "
    "such as @webhook-tocsin.",
    docs_url="https://docs.datadoghq.com/integrations/webhooks/",
    snippet="""{
  "dedup_key": "$ALERT_ID:$AGGREG_KEY",
  "cycle": "$ALERT_CYCLE_KEY",
  "transition": "$ALERT_TRANSITION",
  "status": "$ALERT_STATUS",
  "priority": "$ALERT_PRIORITY",
  "type": "$ALERT_TYPE",
  "title": "$EVENT_TITLE",
  "body": "$TEXT_ONLY_MSG",
  "link": "$LINK",
  "date": "$DATE",
  "scope": "$ALERT_SCOPE",
  "tags": "$TAGS",
  "host": "$HOSTNAME"
}""",
    trial=trial,
)
