"""Read the alerts of Wazuh, alone or in the envelope of its Shuffle integration.

An alert is a moment, not a state: it fires and nothing ever ends it. The dedup key is
the rule, the agent, and whom it is about (the source address, else the user), so that
one attack counts up while its incident is open. The rule's level decides the severity:
15 and more critical, 12 high, 7 medium, 4 low, below that info.

>>> body = b'''{"rule": {"id": "5551", "level": 10, "description": "Failed logins"},
...   "agent": {"id": "003", "name": "gpu-7"}, "data": {"srcip": "192.0.2.30"}}'''
>>> [alert] = parse(body, headers={}, options={}).alerts
>>> alert.dedup_key, alert.severity
('wazuh:5551:003:192.0.2.30', 'medium')
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import TRIAL_SUMMARY, TRIAL_TITLE, Adapter
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery
from incidents.intake.adapters.single import alone
from incidents.intake.adapters.times import read_instant

# What is read elsewhere, is long or differs in each alert: the rest become labels.
_READ = (
    "timestamp",
    "rule",
    "agent",
    "manager",
    "id",
    "full_log",
    "previous_output",
    "previous_log",
    "predecoder",
    "decoder",
    "data",
    "location",
)
# The lowest level of each severity, the worst first.
_LEVELS = ((15, "critical"), (12, "high"), (7, "medium"), (4, "low"), (0, "info"))


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one message. Raises Unreadable."""
    message = base.read_object(body)
    inner = base.mapping_at(message, "all_fields")
    return alone(_alert(inner or message))


def _alert(message: Mapping[str, Any]) -> ParsedAlert:
    rule = base.mapping_at(message, "rule")
    agent = base.mapping_at(message, "agent")
    number = base.first_text(rule.get("id"))
    if not number:
        remedy = "send one alert of alerts.json, with alert_format json"
        raise base.Unreadable("rule.id", rule.get("id"), remedy)
    happened_at = read_instant(message.get("timestamp"))
    return ParsedAlert(
        dedup_key=base.key_of(
            "wazuh", number, base.first_text(agent.get("id")), _whom(message)
        ),
        status="firing",
        title=_title(rule, agent, number),
        summary=base.first_text(message.get("full_log")),
        severity=_severity(rule.get("level")),
        severity_told=base.first_text(rule.get("level")),
        started_at=happened_at,
        event_at=happened_at,
        labels=_labels(message, rule, agent),
    )


def _title(rule: Mapping[str, Any], agent: Mapping[str, Any], number: str) -> str:
    what = base.first_text(rule.get("description"), f"Wazuh rule {number}").rstrip(".")
    where = base.first_text(agent.get("name"))
    return f"{what} on {where}" if where else what


def _whom(message: Mapping[str, Any]) -> str:
    data = base.mapping_at(message, "data")
    return base.first_text(data.get("srcip"), data.get("dstuser"))


def _severity(level: object) -> str:
    text = base.as_text(level).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 2):  # noqa: PLR2004 (0-16)
        return "unknown"
    return next(word for lowest, word in _LEVELS if int(text) >= lowest)


def _labels(
    message: Mapping[str, Any], rule: Mapping[str, Any], agent: Mapping[str, Any]
) -> dict[str, str]:
    data = base.mapping_at(message, "data")
    return base.labels_of(
        {
            "rule": rule.get("id"),
            "level": rule.get("level"),
            "groups": _joined(rule.get("groups")),
            "mitre": _joined(base.mapping_at(rule, "mitre").get("id")),
            "agent": agent.get("name"),
            "agent_ip": agent.get("ip"),
            "manager": base.mapping_at(message, "manager").get("name"),
            "srcip": data.get("srcip"),
            "dstuser": data.get("dstuser"),
            "location": message.get("location"),
        },
        {"data": base.without(data, "srcip", "dstuser")}
        | base.without(message, *_READ),
    )


def _joined(value: object) -> str:
    items = value if isinstance(value, list) else [value]
    return ", ".join(text for item in items if (text := base.first_text(item)))


def trial(now: datetime) -> dict[str, object]:
    """Return an alert of level 3, as the test button posts it."""
    return {
        "timestamp": now.isoformat(),
        "rule": {"id": "0", "level": 3, "description": TRIAL_TITLE},
        "agent": {"id": "000"},
        "full_log": TRIAL_SUMMARY,
    }


ADAPTER = Adapter(
    "wazuh",
    "Wazuh",
    parse,
    setup="Put this into ossec.conf of the manager and restart it. It uses the integration "
    "that Wazuh brings for Shuffle, which leaves out a few rules such as 5710; a script "
    "of your own that posts the alert's JSON is read as well.",
    docs_url="https://documentation.wazuh.com/current/user-manual/manager/"
    "integration-with-external-apis.html",
    snippet="""<integration>
  <name>shuffle</name>
  <hook_url>{url}</hook_url>
  <level>10</level>
  <alert_format>json</alert_format>
</integration>""",
    trial=trial,
    sends_resolved=False,
)
