"""Read detections and incidents of CrowdStrike Falcon.

Falcon has no fixed webhook body. Three shapes are read: an event of the event stream
(metadata and event), the event alone, and what a Fusion workflow posts with the
template of the set-up, which has the event's names.

A detection is keyed by CompositeId, DetectId, AggregateId or IncidentId. Status closed,
false_positive and ignored resolve; new, in_progress, true_positive and reopened fire, as
does an event without a status. The severity is SeverityName, else the number: from 80
critical, 60 high, 40 medium, 20 low on the scale to 100, or 5 to 1.

Audit events (sign-ins, remote sessions, changes of users) are ignored.

>>> body = b'{"CompositeId": "c1", "Name": "Known malware", "Hostname": "gpu-7", \
"Severity": 70}'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.title, alert.severity
('crowdstrike:c1', 'Known malware on gpu-7', 'high')
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

_STATUSES: dict[str, Status] = {
    **dict.fromkeys(("", "new", "in_progress", "true_positive", "reopened"), "firing"),
    **dict.fromkeys(("closed", "false_positive", "ignored"), "resolved"),
}
_KEYS = ("CompositeId", "DetectId", "DetectionId", "IncidentId", "IncidentID")
_AUDITS = ("AuditEvent", "SessionStartEvent", "SessionEndEvent", "ActivityEvent")
_SMALL_SCALE = ("", "info", "low", "medium", "high", "critical")
_LARGE_SCALE = ((80, "critical"), (60, "high"), (40, "medium"), (20, "low"))
# The words of newer versions besides the numbers.
_NAMES = ("SeverityName", "severity_name", "Severity")
_MOMENTS = ("UTCTimestamp", "eventCreationTime", "ContextTimeStamp", "timestamp")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alert of one event. Raises Unreadable."""
    message = base.read_object(body)
    metadata = base.mapping_at(message, "metadata")
    event = base.mapping_at(message, "event") or message
    kind = base.first_text(metadata.get("eventType"), event.get("ExternalApiType"))
    if kind.endswith(_AUDITS):
        reason = f"{base.one_line(kind)} is kept for audit and tells of no detection."
        return ParsedDelivery(alerts=(), ignored=reason)
    return ParsedDelivery(alerts=(_parse_detection(event, metadata),))


def _parse_detection(
    event: Mapping[str, Any], metadata: Mapping[str, Any]
) -> ParsedAlert:
    identity = base.first_text(*(event.get(name) for name in _KEYS))
    if not identity:
        remedy = "send the detection's CompositeId, as in the template of the set-up"
        raise Unreadable("CompositeId", event.get("CompositeId"), remedy)
    host = base.first_text(event.get("Hostname"), event.get("ComputerName"))
    alert = ParsedAlert(
        dedup_key=base.key_of("crowdstrike", identity),
        status=_status(event.get("Status")),
        title=_title(event, host=host),
        summary=base.first_text(
            event.get("Description"), event.get("DetectDescription")
        ),
        severity=_severity(event),
        severity_told=base.told(event.get("SeverityName", event.get("Severity"))),
        labels=_labels(event, host=host),
        url=base.safe_url(event.get("FalconHostLink")),
    )
    return base.tidied(base.timed(alert, _moment({**metadata, **event})))


def _status(value: object) -> Status:
    word = base.as_text(value).strip().lower().replace(" ", "_")
    if word not in _STATUSES:
        known = ", ".join(filter(None, _STATUSES))
        raise Unreadable("Status", value, f"send one of {known}, or none")
    return _STATUSES[word]


def _title(event: Mapping[str, Any], *, host: str) -> str:
    names = ("Name", "DetectName", "DisplayName", "Technique", "IncidentType")
    name = base.first_text(*(event.get(key) for key in names), "CrowdStrike detection")
    return f"{name} on {host}" if host else name


def _severity(event: Mapping[str, Any]) -> str:
    for name in _NAMES:
        word = base.severity_word(event.get(name))
        if word != "unknown":
            return word
    value = event.get("Severity", event.get("FineScore"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "unknown"
    if value in range(1, len(_SMALL_SCALE)):
        return _SMALL_SCALE[int(value)]
    return next((word for least, word in _LARGE_SCALE if value >= least), "info")


def _labels(event: Mapping[str, Any], *, host: str) -> dict[str, str]:
    known = {
        "host": host,
        "user": event.get("UserName"),
        "tactic": event.get("Tactic"),
        "technique": event.get("Technique"),
        "file": event.get("FileName"),
        "sha256": event.get("SHA256String"),
        "command": event.get("CommandLine"),
        "disposition": event.get("PatternDispositionDescription"),
    }
    used = ("Description", "PatternDispositionFlags", "FalconHostLink", *_KEYS)
    shown = ("Hostname", "UserName", "Tactic", "Technique", "FileName", "CommandLine")
    rest = base.without(event, *used, *shown, "SHA256String", "Name")
    return base.labels_of(known, base.without(rest, "PatternDispositionDescription"))


def _moment(values: Mapping[str, Any]) -> datetime | None:
    for name in _MOMENTS:
        moment = read_instant(values.get(name))
        if moment is not None:
            return moment
    return None


def trial(now: datetime) -> dict[str, object]:
    """Return one detection, as the test button posts it."""
    return {
        "CompositeId": TRIAL_KEY,
        "Name": TRIAL_TITLE,
        "Description": TRIAL_SUMMARY,
        "SeverityName": "Informational",
        "Status": "new",
        "UTCTimestamp": now.isoformat(),
    }


ADAPTER = Adapter(
    "crowdstrike",
    "CrowdStrike Falcon",
    parse,
    setup="Add a Webhook action with the address below to a Fusion workflow that starts "
    "with a new or an updated alert, and build its JSON from the template, choosing the "
    "variable for each value. An event stream can be forwarded as it is.",
    docs_url="https://www.crowdstrike.com/platform/next-gen-siem/falcon-fusion/",
    snippet='URL: {url}\n\n{\n  "CompositeId": "<Alert ID>",\n  "Name": "<Alert name>",\n'
    '  "Description": "<Alert description>",\n  "SeverityName": "<Severity>",\n'
    '  "Status": "<Status>",\n  "Hostname": "<Host name>",\n'
    '  "FalconHostLink": "<Alert URL>",\n  "UTCTimestamp": "<Updated time>"\n}',
    trial=trial,
)
