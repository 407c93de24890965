"""Read logs that an OpenTelemetry collector exports as OTLP over HTTP in JSON.

A record of severityNumber 17 or more (ERROR) fires and is high, from 21 (FATAL) it is
critical. Lower records are ignored. A log never says that it is over, so none resolves.

A record is keyed by its service, scope and event: the record's eventName, else the
attribute event.name or exception.type, else its text. All records of a service are one
group. The collector must send JSON; its protobuf encoding cannot be read.

>>> body = b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"severityNumber": 17, \
"body": {"stringValue": "Checkpoint lost"}}, {"severityNumber": 9}]}]}]}'
>>> delivery = parse(body, headers={}, options={})
>>> [(alert.title, alert.severity) for alert in delivery.alerts]
[('Checkpoint lost', 'high')]
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base
from incidents.intake.adapters.adapter import (
    TRIAL_KEY,
    TRIAL_SUMMARY,
    TRIAL_TITLE,
    Adapter,
)
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.times import read_instant

BELOW_ERROR = "All records are below the severity ERROR."
NO_RECORDS = "There are no log records in it."

_ERROR, _FATAL, _LAST = 17, 21, 24
_ENUM = "SEVERITY_NUMBER_"
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_STEPS_OF_A_LEVEL = 4
_VALUES = ("stringValue", "intValue", "boolValue", "doubleValue")
# Which attribute says that the product's own test button sent a record.
_TRIAL = "tocsin.trial"


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one export. Raises Unreadable."""
    message = base.read_object(body)
    resources = base.read_alerts(message, field="resourceLogs")
    readings = [
        _parse_record(record, scope, resource)
        for resource in resources
        for scope in _objects(resource, "scopeLogs", place="resourceLogs")
        for record in _objects(scope, "logRecords", place="scopeLogs")
    ]
    alerts = tuple(found for found in readings if found is not None)
    ignored = "" if alerts else BELOW_ERROR if readings else NO_RECORDS
    return ParsedDelivery(alerts=alerts, ignored=ignored)


def _objects(holder: Mapping[str, Any], name: str, *, place: str) -> Iterator[Any]:
    items = holder.get(name, [])
    is_good = isinstance(items, list) and all(isinstance(i, dict) for i in items)
    if not is_good:
        raise Unreadable(f"{place}.{name}", items, "send a list of objects")
    yield from items


def _parse_record(
    record: Mapping[str, Any], scope: Mapping[str, Any], resource: Mapping[str, Any]
) -> ParsedAlert | None:
    attributes = _attributes(record)
    number = _severity_number(record.get("severityNumber"))
    is_trial = _TRIAL in attributes
    if number < _ERROR and not is_trial:
        return None
    about = _attributes(base.mapping_at(resource, "resource"))
    service = base.first_text(about.get("service.name"), "unknown service")
    scope_name = base.first_text(base.mapping_at(scope, "scope").get("name"))
    text = _text(record.get("body"))
    event = base.first_text(
        record.get("eventName"),
        attributes.get("event.name"),
        attributes.get("exception.type"),
        text,
    )
    moment = read_instant(record.get("timeUnixNano"))
    alert = ParsedAlert(
        dedup_key=base.key_of("otlp", service, scope_name, event),
        status="firing",
        title=text.partition("\n")[0] or event or f"Error of {service}",
        summary=base.first_text(attributes.get("exception.stacktrace"), text),
        severity=_severity(number),
        severity_told=base.told(
            base.first_text(record.get("severityText"), record.get("severityNumber"))
        ),
        labels=base.labels_of(
            {"scope": scope_name},
            about
            | base.without(attributes, "exception.stacktrace")
            | {"traceId": record.get("traceId"), "spanId": record.get("spanId")},
        ),
        group_key=base.key_of("otlp", "service", service),
        group_title=f"Errors of {service}",
    )
    moment = moment or read_instant(record.get("observedTimeUnixNano"))
    return base.tidied(base.timed(alert, moment))


def _severity_number(value: object) -> int:
    """Read a severity as a number or by its name in the protocol, such as ERROR2."""
    text = base.as_text(value).strip().upper().removeprefix(_ENUM)
    if text.isascii() and text.isdigit() and int(text[:4]) <= _LAST:
        return int(text[:4])
    level = text.rstrip("234")
    if level not in _LEVELS:
        return 0
    step = int(text[len(level) :] or "1") if len(text) <= len(level) + 1 else 1
    return _LEVELS.index(level) * _STEPS_OF_A_LEVEL + step


def _severity(number: int) -> str:
    if number >= _FATAL:
        return "critical"
    return "high" if number >= _ERROR else "info"


def _attributes(holder: Mapping[str, Any]) -> dict[str, str]:
    pairs = holder.get("attributes")
    found: dict[str, str] = {}
    for pair in pairs if isinstance(pairs, list) else ():
        if isinstance(pair, dict):
            found[base.as_text(pair.get("key"))] = _text(pair.get("value"))
    return found


def _text(value: object) -> str:
    """Write a value of the protocol as text; lists and maps are left out."""
    if not isinstance(value, dict):
        return base.as_text(value)
    return base.first_text(*(value.get(name) for name in _VALUES))


def trial(now: datetime) -> dict[str, object]:
    """Return one record that says that it is a trial, as the test button posts it."""
    nanoseconds = str(int(now.timestamp()) * 10**9)
    record = {
        "timeUnixNano": nanoseconds,
        "severityNumber": 9,
        "severityText": "INFO",
        "body": {"stringValue": f"{TRIAL_TITLE}\n{TRIAL_SUMMARY}"},
        "attributes": [{"key": _TRIAL, "value": {"stringValue": TRIAL_KEY}}],
    }
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


ADAPTER = Adapter(
    "otlp",
    "OpenTelemetry logs (OTLP/HTTP)",
    parse,
    setup="Add an exporter otlphttp with the address below as logs_endpoint and encoding "
    "json, behind a filter that passes only errors.",
    docs_url="https://opentelemetry.io/docs/specs/otlp/#otlphttp",
    snippet="processors:\n  filter/errors:\n    logs:\n      log_record:\n"
    "        - severity_number < SEVERITY_NUMBER_ERROR\n"
    "exporters:\n  otlphttp/tocsin:\n    logs_endpoint: {url}\n    encoding: json\n"
    "    compression: none",
    trial=trial,
    sends_resolved=False,
)
