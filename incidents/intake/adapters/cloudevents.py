"""Read CloudEvents 1.0 over HTTP: structured, in batches, and binary.

A binary event has its attributes in headers named ce-…, its data is the body. An event
is keyed by its source and subject; where it has no subject, by its source and type.
CloudEvents knows no state and no severity, so both are looked for in this order:

- data in the words of the `generic` tool (title, status, dedup_key, severity, …);
- the extensions *severity* or *priority*, the state in *status*;
- a type that ends in a word for the end, such as *com.example.alert.resolved*.

Without any of them the event fires, has no severity and never resolves. Falco's events
are keyed by rule and host.

>>> body = b'{"specversion": "1.0", "id": "7", "source": "/gpu/7", "subject": "egress", \
"type": "com.example.alert.resolved", "data": {"severity": "high"}}'
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.dedup_key, alert.status, alert.severity
('ce:/gpu/7:egress', 'resolved', 'high')
"""

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
from incidents.intake.adapters.base import (
    ParsedAlert,
    ParsedDelivery,
    Status,
    Unreadable,
)
from incidents.intake.adapters.generic import STATUS_WORDS
from incidents.intake.adapters.times import read_instant

_PREFIX = "ce-"
_ATTRIBUTES = ("id", "source", "type", "specversion", "subject", "time")
_EXTENSIONS = ("severity", "priority", "status", "rule", "title", "hostname")
_IDENTIFYING = ("id", "source", "type")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one event or batch. Raises Unreadable."""
    if f"{_PREFIX}type" in headers:
        return ParsedDelivery(alerts=(_parse_event(_binary(body, headers), place=""),))
    value = base.read_json(body)
    is_batch = isinstance(value, list)
    events = base.read_objects(body) if is_batch else [base.read_object(body)]
    return ParsedDelivery(
        alerts=tuple(
            _parse_event(event, place=f"body[{index}]." if is_batch else "")
            for index, event in enumerate(events)
        )
    )


def _binary(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    event: dict[str, Any] = {
        name.removeprefix(_PREFIX): unquote(value, errors="replace")
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    try:
        event["data"] = base.read_json(body)
    except Unreadable:  # data may be of any type
        event["data"] = body[: base.MAX_SUMMARY].decode("utf-8", "replace")
    return event


def _parse_event(event: Mapping[str, Any], *, place: str) -> ParsedAlert:
    for name in _IDENTIFYING:
        if not base.first_text(event.get(name)):
            remedy = "send the attributes that CloudEvents 1.0 requires"
            raise Unreadable(f"{place}{name}", event.get(name), remedy)
    data = base.mapping_at(event, "data")
    status = _status(event, data)
    alert = ParsedAlert(
        dedup_key=_key(event, data),
        status=status,
        title=_title(event, data),
        summary=_summary(event, data),
        severity=_severity(event, data),
        severity_told=base.told(_severity_told(event, data)),
        labels=_labels(event, data),
        url=base.safe_url(data.get("url"), event.get("url")),
        group_key=_group_key(data),
        group_title=base.first_text(data.get("group_title")),
    )
    at = read_instant(event.get("time"))
    if status == "firing":
        alert = base.timed(alert, read_instant(data.get("started_at")) or at)
    else:
        alert = base.timed(alert, read_instant(data.get("ended_at")) or at)
    return base.tidied(alert)


def _key(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    own = base.first_text(data.get("dedup_key"), event.get("dedupkey"))
    if own:
        return base.key_of("ce", "key", own)
    source, kind = base.first_text(event["source"]), base.first_text(event["type"])
    rule = base.first_text(event.get("rule"), data.get("rule"))
    if rule:
        host = base.first_text(event.get("hostname"), data.get("hostname"))
        return base.key_of("ce", source, rule, host)
    subject = base.first_text(event.get("subject"))
    return base.key_of("ce", source, subject or _stem(kind))


def _stem(kind: str) -> str:
    """Return the type without a last word that only tells the state."""
    stem, _, last = kind.rpartition(".")
    return stem if stem and last.lower() in STATUS_WORDS else kind


def _status(event: Mapping[str, Any], data: Mapping[str, Any]) -> Status:
    last_word = base.first_text(event["type"]).rpartition(".")[2]
    for value in (data.get("status"), event.get("status"), last_word):
        status = STATUS_WORDS.get(base.as_text(value).strip().lower())
        if status is not None:
            return status
    return "firing"


def _title(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    rule = base.first_text(event.get("rule"), data.get("rule"))
    named = base.first_text(data.get("title"), event.get("title"), rule)
    kind, subject = (
        base.first_text(event["type"]),
        base.first_text(event.get("subject")),
    )
    return named or (f"{kind}: {subject}" if subject else kind)


def _summary(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    names = ("summary", "description", "message", "output")
    return base.first_text(*(data.get(name) for name in names), event.get("data"))


def _severity(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    return base.severity_word(_severity_told(event, data))


def _severity_told(event: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    names = ("severity", "priority")
    return base.first_text(
        *(values.get(name) for values in (data, event) for name in names)
    )


def _group_key(data: Mapping[str, Any]) -> str:
    key = base.first_text(data.get("group_key"))
    return base.key_of("ce", "group", key) if key else ""


def _labels(event: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    attributes = base.without(event, "data", "data_base64", "specversion", "id", "time")
    told = base.without(data, "title", "summary", "description", "message", "output")
    given = base.mapping_at(data, "labels")
    return base.labels_of({**attributes, **given}, base.without(told, "labels"))


def trial(now: datetime) -> dict[str, object]:
    """Return one structured event, as the test button posts it."""
    return {
        "specversion": "1.0",
        "id": f"{TRIAL_KEY}-{int(now.timestamp())}",
        "source": "tocsin",
        "type": "tocsin.trial",
        "subject": TRIAL_KEY,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": {"title": TRIAL_TITLE, "summary": TRIAL_SUMMARY, "severity": "info"},
    }


ADAPTER = Adapter(
    "cloudevents",
    "CloudEvents",
    parse,
    setup="Send events to the address below, structured, in batches or binary. Give the "
    "extension severity, and status or a type that ends in .resolved when it is over.",
    docs_url="https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/"
    "http-protocol-binding.md",
    snippet="curl -H 'Content-Type: application/cloudevents+json' {url} -d '{\n"
    '  "specversion": "1.0", "id": "1", "source": "/gpu/7", "subject": "egress",\n'
    '  "type": "com.example.alert.firing", "severity": "high"\n}\'',
    trial=trial,
    headers=tuple(f"{_PREFIX}{name}" for name in (*_ATTRIBUTES, *_EXTENSIONS)),
    trial_headers={"content-type": "application/cloudevents+json"},
)
