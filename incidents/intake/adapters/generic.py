"""Read the product's own alert document, or any JSON through a mapping to it.

    {"title": "Egress anomaly on gpu-7",      required
     "status": "firing" | "resolved",          firing when left out
     "dedup_key": "egress-gpu-7",              from title and labels when left out
     "severity": "critical" | "high" | "medium" | "low" | "info",
     "summary": "…", "url": "https://…",
     "started_at": "…", "ended_at": "…",       RFC 3339 or epoch number
     "labels": {"team": "weights"},
     "group_key": "…", "group_title": "…",     one incident for each group key
     "test": true}                             a trial that opens nothing

Several at once: `{"alerts": [ … ]}`. A mapping names, for each field, the path at
which another tool's document holds it; `labels.<name>` maps one label and `alerts`
the list, whose items then are what the other paths start from:

>>> mapping = check_mapping({"title": "event.name", "labels.host": "event.hosts[0]"})
>>> body = b'{"event": {"name": "Disk full", "hosts": ["gpu-7"]}}'
>>> delivery = parse(body, headers={}, options={"mapping": mapping})
>>> delivery.alerts[0].title, delivery.alerts[0].labels
('Disk full', {'host': 'gpu-7'})
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
from incidents.intake.adapters.paths import look_up, parse_path
from incidents.intake.adapters.times import parse_instant

FIELDS = (
    "title",
    "status",
    "dedup_key",
    "severity",
    "summary",
    "url",
    "started_at",
    "ended_at",
    "labels",
    "group_key",
    "group_title",
    "test",
    "alerts",
)
LABEL_PREFIX = "labels."
MAX_MAPPED = 80

STATUS_WORDS: dict[str, Status] = {
    **dict.fromkeys(("firing", "alerting", "triggered", "open", "active"), "firing"),
    **dict.fromkeys(("problem", "down", "failed", "created"), "firing"),
    **dict.fromkeys(("resolved", "ok", "closed", "recovered", "up"), "resolved"),
    **dict.fromkeys(("cleared", "fixed", "inactive"), "resolved"),
}


class MappingError(ValueError):
    """A mapping does not fit. The message names the field, its value and the remedy."""


def check_mapping(mapping: Mapping[str, object]) -> dict[str, str]:
    """Return the mapping if every field and path in it is good. Raises MappingError."""
    if len(mapping) > MAX_MAPPED:
        raise MappingError(f"mapping: {len(mapping)} fields; map at most {MAX_MAPPED}")
    checked: dict[str, str] = {}
    for field, path in mapping.items():
        is_label = field.startswith(LABEL_PREFIX) and field != LABEL_PREFIX
        if field not in FIELDS and not is_label:
            known = ", ".join(FIELDS)
            raise MappingError(
                f"mapping.{field}: not a field; use {known}, labels.<name>"
            )
        if not isinstance(path, str):
            raise MappingError(f"mapping.{field}: {path!r} is not text; write a path")
        try:
            parse_path(path)
        except ValueError as error:
            raise MappingError(f"mapping.{field}: {error}") from None
        checked[field] = path
    return checked


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one delivery. Raises Unreadable."""
    document = base.read_object(body)
    mapping = _mapping_in(options)
    items = _items(document, mapping)
    records = [_record(item, mapping) if mapping else item for item in items]
    alerts = [
        _parse_alert(record, field=f"alerts[{index}]." if len(items) > 1 else "")
        for index, record in enumerate(records)
    ]
    is_test = bool(records) and all(record.get("test") is True for record in records)
    return ParsedDelivery(alerts=tuple(alerts), is_test=is_test)


def _mapping_in(options: Mapping[str, object]) -> dict[str, str]:
    mapping = options.get("mapping") or {}
    try:
        return check_mapping(mapping if isinstance(mapping, Mapping) else {})
    except MappingError as error:
        raise Unreadable("mapping", "", f"mend the source's mapping: {error}") from None


def _items(document: dict[str, Any], mapping: dict[str, str]) -> list[Any]:
    if "alerts" in mapping:
        path = mapping["alerts"]
        return base.read_alerts({path: look_up(document, parse_path(path))}, field=path)
    if not mapping and "alerts" in document:
        return base.read_alerts(document)
    return [document]


def _record(item: object, mapping: dict[str, str]) -> dict[str, Any]:
    """Return the product's own document, filled from another tool's."""
    record: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    for field, path in mapping.items():
        value = look_up(item, parse_path(path))
        if field.startswith(LABEL_PREFIX):
            labels[field.removeprefix(LABEL_PREFIX)] = value
        elif field != "alerts":
            record[field] = value
    # A single label is more exact than the object that all labels come from.
    record["labels"] = {**base.mapping_at(record, "labels"), **labels}
    return record


def _parse_alert(record: Mapping[str, Any], *, field: str) -> ParsedAlert:
    title = base.one_line(base.first_text(record.get("title")))
    if not title:
        remedy = "send a title, or map one in the source's settings"
        raise Unreadable(f"{field}title", record.get("title"), remedy)
    status = _status(record, field=field)
    started_at = parse_instant(record.get("started_at"), field=f"{field}started_at")
    ended_at = parse_instant(record.get("ended_at"), field=f"{field}ended_at")
    labels = _labels(record, field=field)
    dedup_key = _dedup_key(record, title=title, labels=labels)
    group_key = base.first_text(record.get("group_key"))
    return ParsedAlert(
        dedup_key=dedup_key,
        status=status,
        title=title,
        summary=base.many_lines(base.as_text(record.get("summary"))),
        severity=base.severity_word(record.get("severity")),
        severity_told=base.one_line(base.as_text(record.get("severity")), limit=80),
        started_at=started_at,
        ended_at=ended_at if status == "resolved" else None,
        event_at=started_at if status == "firing" else ended_at,
        labels=labels,
        url=base.safe_url(record.get("url")),
        group_key=base.key_of("group", group_key) if group_key else dedup_key,
        group_title=base.one_line(base.first_text(record.get("group_title"), title)),
    )


def _status(record: Mapping[str, Any], *, field: str) -> Status:
    value = record.get("status")
    if value is None or value == "":
        return "firing"
    status = STATUS_WORDS.get(base.as_text(value).strip().lower())
    if status is None:
        raise Unreadable(f"{field}status", value, "send firing or resolved")
    return status


def _labels(record: Mapping[str, Any], *, field: str) -> dict[str, str]:
    labels = record.get("labels")
    if labels is None:
        return {}
    if not isinstance(labels, dict):
        raise Unreadable(f"{field}labels", labels, "send an object of names and texts")
    return base.clean_labels(labels)


def _dedup_key(record: Mapping[str, Any], *, title: str, labels: dict[str, str]) -> str:
    key = base.first_text(record.get("dedup_key"))
    if key:
        return base.key_of("key", key)
    return base.key_of("title", base.fingerprint_of({**labels, "": title}))


def trial(now: datetime) -> dict[str, object]:
    """Return one alert in the product's own words, as the test button posts it."""
    return {
        "title": TRIAL_TITLE,
        "summary": TRIAL_SUMMARY,
        "status": "firing",
        "severity": "info",
        "dedup_key": TRIAL_KEY,
        "started_at": now.isoformat(),
    }


ADAPTER = Adapter(
    "generic",
    "Any tool that sends JSON",
    parse,
    setup="Post a JSON object with at least a title; status, dedup_key, severity, summary, "
    "started_at, url and labels are read too. A mapping in the source's settings reads "
    "other shapes.",
    docs_url="",
    snippet='curl -d \'{"title": "Disk is full", "status": "firing", '
    '"dedup_key": "disk-7"}\' \\\n  {url}',
    trial=trial,
)
