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
the list, whose items then are what the other paths start from. `status.<word>` says
what one of the tool's own words for a state means. A path that begins with
`$` is JSONPath; where it finds several values, keys join them with a slash and labels
with a comma, and of other fields the first that is not empty counts:

>>> mapping = check_mapping({"title": "event.name", "labels.host": "event.hosts[0]"})
>>> body = b'{"event": {"name": "Disk full", "hosts": ["gpu-7"]}}'
>>> delivery = parse(body, headers={}, options={"mapping": mapping})
>>> delivery.alerts[0].title, delivery.alerts[0].labels
('Disk full', {'host': 'gpu-7'})
>>> paths = {"title": "$.rule['title', 'id']", "labels.host": "$.hosts[*].name"}
>>> body = b'{"rule": {"id": "r7"}, "hosts": [{"name": "a"}, {"name": "b"}]}'
>>> delivery = parse(body, headers={}, options={"mapping": paths})
>>> delivery.alerts[0].title, delivery.alerts[0].labels
('r7', {'host': 'a, b'})

A body whose Content-Type is `OWN_TYPE` is the product's own document whatever the
mapping says: so does mail come to a source whose tool sends both.
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
from incidents.intake.adapters.jsonpath import Budget, TooWide
from incidents.intake.adapters.mapping import (
    IGNORED,
    LABEL_PREFIX,
    MappingError,
    check_mapping,
    paths_in,
    states_in,
    word_of,
)
from incidents.intake.adapters.paths import is_jsonpath, look_up_all, parse_path
from incidents.intake.adapters.times import parse_instant

OWN_TYPE = "application/vnd.tocsin.alert+json"
JOINED = ("dedup_key", "group_key")
IGNORED_REASON = "The mapping says that its state is no alert."

STATUS_WORDS: dict[str, Status] = {
    **dict.fromkeys(("firing", "alerting", "triggered", "open", "active"), "firing"),
    **dict.fromkeys(("problem", "down", "failed", "created"), "firing"),
    **dict.fromkeys(("resolved", "ok", "closed", "recovered", "up"), "resolved"),
    **dict.fromkeys(("cleared", "fixed", "inactive"), "resolved"),
}


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one delivery. Raises Unreadable."""
    is_own = headers.get("content-type", "").partition(";")[0].strip() == OWN_TYPE
    mapping = {} if is_own else _mapping_in(options)
    if mapping:
        records = records_of(base.read_json(body), mapping)
    else:
        document = base.read_object(body)
        records = base.read_alerts(document) if "alerts" in document else [document]
    return _delivery_of(records, states=states_in(mapping))


def _delivery_of(
    records: list[dict[str, Any]], *, states: Mapping[str, str]
) -> ParsedDelivery:
    alerts, is_test = [], bool(records)
    for index, record in enumerate(records):
        state = states.get(word_of(base.as_text(record.get("status"))))
        if state == IGNORED:
            continue
        told = {**record, "status": state} if state else record
        field = f"alerts[{index}]." if len(records) > 1 else ""
        alerts.append(parse_record(told, field=field))
        is_test = is_test and record.get("test") is True
    reason = IGNORED_REASON if records and not alerts else ""
    is_test = is_test and bool(alerts)
    return ParsedDelivery(alerts=tuple(alerts), is_test=is_test, ignored=reason)


def _mapping_in(options: Mapping[str, object]) -> dict[str, str]:
    mapping = options.get("mapping") or {}
    try:
        return check_mapping(mapping if isinstance(mapping, Mapping) else {})
    except MappingError as error:
        raise Unreadable("mapping", "", f"mend the source's mapping: {error}") from None


def records_of(document: object, mapping: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the product's own documents, filled from another tool's.

    Raises Unreadable.
    """
    budget = Budget()
    try:
        items = items_of(document, mapping, budget)
        return [_record(item, mapping, budget) for item in items]
    except TooWide:
        remedy = "name the places that its paths look at: they look at too many values"
        raise Unreadable("mapping", "", remedy) from None


def items_of(
    document: object, mapping: Mapping[str, str], budget: Budget
) -> list[dict[str, Any]]:
    """Return what holds one alert each. Raises Unreadable, TooWide."""
    if "alerts" in mapping:
        path = mapping["alerts"]
        found = look_up_all(document, parse_path(path), budget=budget)
        if is_jsonpath(path) and not _is_one_list(found):
            return base.read_alerts({path: found}, field=path)
        return base.read_alerts({path: found[0] if found else None}, field=path)
    if not isinstance(document, dict):
        remedy = "send a JSON object, or map alerts to the items of the list"
        raise Unreadable("body", document, remedy)
    return [document]


def _is_one_list(found: list[object]) -> bool:
    return len(found) == 1 and isinstance(found[0], list)


def _record(item: object, mapping: Mapping[str, str], budget: Budget) -> dict[str, Any]:
    record: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    for field, text in paths_in(mapping).items():
        if field == "alerts":
            continue
        found = look_up_all(item, parse_path(text), budget=budget)
        if field.startswith(LABEL_PREFIX):
            labels[field.removeprefix(LABEL_PREFIX)] = _joined(found, ", ")
        elif field in JOINED:
            record[field] = _joined(found, "/")
        else:
            record[field] = next((v for v in found if v not in (None, "")), None)
    # A single label is more exact than the object that all labels come from.
    record["labels"] = {**base.mapping_at(record, "labels"), **labels}
    return record


def _joined(found: list[object], mark: str) -> object:
    """Return the texts that were found as one; a single value stays what it is."""
    if len(found) == 1:
        return found[0]
    return mark.join(filter(None, map(base.as_text, found)))


def parse_record(record: Mapping[str, Any], *, field: str) -> ParsedAlert:
    """Return the alert of one document in the product's own words. Raises Unreadable."""
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
