"""Read threats and alerts of SentinelOne: activities, threats, and its own alerts.

Names are read in any case: activities are forwarded in the console's own spelling and
in lower case.

- An activity with an alert (*data.alertId*, of a custom rule) is keyed by that alert;
  its severity is E_CRITICAL, E_HIGH, E_MEDIUM, E_LOW or E_INFO.
- An activity with a threat is keyed by the threat. A threat that was mitigated keeps
  firing until an analyst resolves it: mitigation status and incident status are two
  things in SentinelOne, and only a person changes the second (as the client
  https://github.com/NETWAYS/check_sentinelone reads them too, mitigated as a warning).
  *newIncidentStatus* resolved resolves. Confidence malicious is high, suspicious medium;
  of a threat that was mitigated, one step less.
- A threat of the API (*threatInfo*) is keyed the same way; incidentStatus resolved
  resolves.
- Other activities, such as sign-ins to the console, are ignored.

>>> body = b'{"activityType": 3608, "primaryDescription": "Rule hit", \
"data": {"alertId": "a1", "ruleName": "Weights copied", "severity": "E_CRITICAL"}}'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.title, alert.severity
('sentinelone:alert:a1', 'Weights copied', 'critical')
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
from incidents.intake.adapters.base import (
    ParsedAlert,
    ParsedDelivery,
    Status,
    Unreadable,
)
from incidents.intake.adapters.times import read_instant

_CONFIDENCES = {"malicious": "high", "suspicious": "medium"}
_ONE_STEP_LESS = {"high": "medium", "medium": "low"}
_MITIGATED_ACTIVITY = "18"
_MITIGATED = ("mitigated", "blocked")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one message. Raises Unreadable."""
    message = _in_lower_case(base.read_object(body))
    if "threatinfo" in message:
        return ParsedDelivery(alerts=(_threat(message),))
    data = base.mapping_at(message, "data")
    if "activitytype" not in message and "alertid" not in data:
        remedy = "send an activity, or a threat with its threatInfo"
        raise Unreadable("activityType", message.get("activitytype"), remedy)
    if base.first_text(data.get("alertid")):
        return ParsedDelivery(alerts=(_rule_alert(message, data),))
    if base.first_text(message.get("threatid")):
        return ParsedDelivery(alerts=(_threat_activity(message, data),))
    return ParsedDelivery(
        alerts=(), ignored="The activity is about no threat and no alert."
    )


def _in_lower_case(message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.lower(): {key.lower(): item for key, item in value.items()}
        if isinstance(value, dict)
        else value
        for name, value in message.items()
    }


def _rule_alert(activity: Mapping[str, Any], data: Mapping[str, Any]) -> ParsedAlert:
    severity = base.as_text(data.get("severity")).strip().lower().removeprefix("e_")
    alert = ParsedAlert(
        dedup_key=base.key_of("sentinelone", "alert", base.first_text(data["alertid"])),
        status=_status(data),
        title=base.first_text(data.get("rulename"), activity.get("primarydescription")),
        summary=_text(activity),
        severity=base.severity_word(severity),
        severity_told=base.told(data.get("severity")),
        labels=_labels(activity, data),
    )
    moment = read_instant(data.get("detectedat")) or _moment(activity)
    return base.tidied(base.timed(alert, moment))


def _threat_activity(
    activity: Mapping[str, Any], data: Mapping[str, Any]
) -> ParsedAlert:
    confidence = base.as_text(data.get("confidencelevel")).lower()
    is_mitigated = base.as_text(activity.get("activitytype")) == _MITIGATED_ACTIVITY
    threat = base.first_text(activity["threatid"])
    alert = ParsedAlert(
        dedup_key=base.key_of("sentinelone", "threat", threat),
        status=_status(data),
        title=_threat_title(data.get("filedisplayname"), data.get("computername")),
        summary=_text(activity),
        severity=_severity(confidence, is_mitigated=is_mitigated),
        severity_told=base.told(confidence),
        labels=_labels(activity, data),
    )
    return base.tidied(base.timed(alert, _moment(activity)))


def _threat(message: Mapping[str, Any]) -> ParsedAlert:
    threat = base.mapping_at(message, "threatinfo")
    agent = base.mapping_at(message, "agentrealtimeinfo")
    identity = base.first_text(threat.get("threatid"), message.get("id"))
    if not identity:
        remedy = "send the threat's number"
        raise Unreadable("threatInfo.threatId", threat.get("threatid"), remedy)
    is_over = base.as_text(threat.get("incidentstatus")).lower() == "resolved"
    changed_at = read_instant(threat.get("updatedat"))
    began_at = read_instant(threat.get("identifiedat"))
    began_at = began_at or read_instant(threat.get("createdat"))
    mitigation = base.as_text(threat.get("mitigationstatus")).lower()
    confidence = base.as_text(threat.get("confidencelevel")).lower()
    alert = ParsedAlert(
        dedup_key=base.key_of("sentinelone", "threat", identity),
        status="resolved" if is_over else "firing",
        title=_threat_title(threat.get("threatname"), agent.get("agentcomputername")),
        summary=base.first_text(threat.get("classification")),
        severity=_severity(confidence, is_mitigated=mitigation in _MITIGATED),
        severity_told=base.told(confidence),
        started_at=began_at,
        ended_at=changed_at if is_over else None,
        event_at=changed_at or began_at,
        labels=base.labels_of(
            {"host": agent.get("agentcomputername")},
            {**base.without(threat, "threatid"), "agent": agent},
        ),
    )
    return base.tidied(alert)


def _status(data: Mapping[str, Any]) -> Status:
    states = (data.get("newincidentstatus"), data.get("newstatus"))
    is_over = any(base.as_text(state).lower() == "resolved" for state in states)
    return "resolved" if is_over else "firing"


def _threat_title(name: object, host: object) -> str:
    what = base.first_text(name, "Threat without a name")
    where = base.first_text(host)
    return f"{what} on {where}" if where else what


def _severity(confidence: str, *, is_mitigated: bool) -> str:
    word = _CONFIDENCES.get(confidence, "unknown")
    return _ONE_STEP_LESS.get(word, word) if is_mitigated else word


def _text(activity: Mapping[str, Any]) -> str:
    names = ("primarydescription", "secondarydescription")
    return "\n".join(filter(None, (base.first_text(activity.get(n)) for n in names)))


def _labels(activity: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    known = {
        "account": activity.get("accountname"),
        "site": activity.get("sitename"),
        "group": activity.get("groupname"),
        "host": data.get("computername"),
        "activity": activity.get("activitytype"),
    }
    used = ("accountname", "sitename", "groupname", "computername", "alertid")
    return base.labels_of(known, base.without(data, *used))


def _moment(activity: Mapping[str, Any]) -> datetime | None:
    return read_instant(activity.get("createdat"))


def trial(now: datetime) -> dict[str, object]:
    """Return an activity with one alert of a rule, as the test button posts it."""
    return {
        "activityType": 3608,
        "primaryDescription": TRIAL_SUMMARY,
        "createdAt": now.isoformat(),
        "data": {"alertId": TRIAL_KEY, "ruleName": TRIAL_TITLE, "severity": "E_INFO"},
    }


ADAPTER = Adapter(
    "sentinelone",
    "SentinelOne",
    parse,
    setup="Post threats or activities of the management console to the address below, with "
    "a Singularity Marketplace webhook or from whatever collects its activities, each as "
    "one JSON object.",
    docs_url="https://www.sentinelone.com/platform/singularity-marketplace/",
    snippet="curl -H 'Content-Type: application/json' --data @threat.json \\\n  {url}",
    trial=trial,
)
