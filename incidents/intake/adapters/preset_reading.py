"""Read a tool whose bodies need no code by a preset: a table of paths and words.

A preset has one or more shapes. The first whose `when` finds something in the body
reads it, through its mapping, as `generic` does with a customer's. Words for states and
severities that are not listed mean what they usually do; a state that nobody knows
fires. A shape, or one of its states, may also say why it gives no alert.

>>> shape = Shape(when="$.check", mapping={"title": "$.check", "status": "$.state"})
>>> preset = Preset("x", "X", docs_url="", setup="", shapes=(shape,))
>>> parse_preset(b'{"check": "Disk", "state": "OK"}', preset).alerts[0].status
'resolved'
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from incidents.intake.adapters import base, generic
from incidents.intake.adapters.adapter import TRIAL_KEY, Adapter
from incidents.intake.adapters.base import (
    ParsedAlert,
    ParsedDelivery,
    Status,
    Unreadable,
)
from incidents.intake.adapters.examples import document_for, with_value
from incidents.intake.adapters.jsonpath import TooWide
from incidents.intake.adapters.paths import look_up_all, parse_path
from incidents.intake.adapters.times import read_instant


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of body of a tool. Words of states and severities are in lower case.

    `ignored` is why the whole shape gives no alert, `ignored_states` why a state gives
    none.
    """

    when: str
    mapping: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, Status] = field(default_factory=dict)
    severities: Mapping[str, str] = field(default_factory=dict)
    ignored: str = ""
    ignored_states: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Preset:
    """One tool. `setup` says what to enter where, `snippet` what to copy there.

    The first shape is what the test button posts.
    """

    tool: str
    name: str
    docs_url: str
    setup: str
    shapes: tuple[Shape, ...]
    snippet: str = ""
    sends_resolved: bool = True


def parse_preset(body: bytes, preset: Preset) -> ParsedDelivery:
    """Return the alerts of one body of a preset's tool. Raises Unreadable."""
    document = base.read_json(body)
    shape = shape_for(document, preset)
    if shape is None:
        raise Unreadable("body", document, f"send what {preset.name} posts")
    if shape.ignored:
        return ParsedDelivery(alerts=(), ignored=shape.ignored)
    records = generic.records_of(document, shape.mapping)
    states = [_word(record.get("status")) for record in records]
    reasons = [shape.ignored_states.get(state, "") for state in states]
    alerts = tuple(
        _alert(record, shape)
        for record, reason in zip(records, reasons, strict=True)
        if not reason
    )
    return ParsedDelivery(alerts=alerts, ignored=next(filter(None, reasons), ""))


def shape_for(document: object, preset: Preset) -> Shape | None:
    """Return the shape that reads a document, None where none does."""
    return next((shape for shape in preset.shapes if _fits(document, shape)), None)


def _fits(document: object, shape: Shape) -> bool:
    try:
        found = look_up_all(document, parse_path(shape.when))
    except TooWide:
        return False
    return any(value is not None for value in found)


def _alert(record: Mapping[str, Any], shape: Shape) -> ParsedAlert:
    alert = generic.parse_record(_translated(record, shape), field="")
    return replace(alert, severity_told=base.told(record.get("severity")))


def _translated(record: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
    """Return the record with our words, and without a time that is none."""
    state, severity = _word(record.get("status")), _word(record.get("severity"))
    usual = generic.STATUS_WORDS.get(state, "firing")
    times = {name: _time(record.get(name)) for name in ("started_at", "ended_at")}
    labels = base.labels_of({}, base.mapping_at(record, "labels"))
    return {
        **record,
        **times,
        "status": shape.statuses.get(state, usual),
        "severity": shape.severities.get(severity, severity),
        "labels": labels,
    }


def _word(value: object) -> str:
    return base.as_text(value).strip().lower()


def _time(value: object) -> str | None:
    moment = read_instant(value)
    return moment.isoformat() if moment else None


def adapter_of(preset: Preset) -> Adapter:
    """Return the adapter that reads a preset's tool."""

    def parse(
        body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
    ) -> ParsedDelivery:
        return parse_preset(body, preset)

    def trial(now: datetime) -> Any:
        shape = preset.shapes[0]
        document = document_for(generic.trial(now), shape.mapping)
        if _fits(document, shape):
            return document
        return with_value(document, shape.when, TRIAL_KEY)

    return Adapter(
        preset.tool,
        preset.name,
        parse,
        setup=preset.setup,
        docs_url=preset.docs_url,
        snippet=preset.snippet,
        trial=trial,
        sends_resolved=preset.sends_resolved,
    )
