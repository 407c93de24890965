"""Say what a mapping makes of one body, and why not where it makes nothing of it. Pure.

>>> seen = preview(b'{"rule": {"name": "Egress"}, "state": "clear"}', tool="generic",
...     reading=Reading(mapping={"title": "$.rule.name", "status": "$.state"}))
>>> seen.problems[0].field, seen.problems[0].found, seen.found["title"]
('status', '"clear"', '"Egress"')
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from incidents.intake.adapters import base, generic
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.jsonpath import Budget, TooWide
from incidents.intake.adapters.mapping import MAX_MAPPED, paths_in, problems_in
from incidents.intake.adapters.paths import look_up_all, parse_path
from incidents.intake.adapters.preset_reading import Preset, shape_for
from incidents.intake.adapters.presets import PRESETS
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.handling import severity_of

OUTCOMES: Final = ("read", "ignored", "unreadable")
MAX_ALERTS: Final = 20
MAX_VALUES: Final = 3
PRESET_OF: Final[Mapping[str, Preset]] = {preset.tool: preset for preset in PRESETS}


@dataclass(frozen=True, slots=True)
class Reading:
    """How bodies are read: by which paths and words, and how bad an alert is then."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    severity_map: Mapping[str, int] = field(default_factory=dict)
    default_severity: int = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """What cannot be used: the field, what stands there and what to do."""

    field: str
    found: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What one body means.

    `alerts` are pairs of an alert and our severity; `more` counts those that are left out.
    `found` holds, for each mapped field, what its path finds for the first alert.
    """

    outcome: str
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    alerts: tuple[tuple[ParsedAlert, int], ...] = ()
    more: int = 0
    found: Mapping[str, str] = field(default_factory=dict)


def preview(
    body: bytes,
    *,
    tool: str,
    reading: Reading,
    headers: Mapping[str, str] | None = None,
) -> Seen:
    """Return what a body would mean, without storing anything."""
    problems = _problems_of(reading.mapping)
    if len(reading.mapping) > MAX_MAPPED:
        return Seen("unreadable", problems=problems)
    found = _found(body, _mapping_used(body, tool, reading.mapping))
    if problems:
        return Seen("unreadable", problems=problems, found=found)
    options = {"mapping": reading.mapping}
    try:
        parsed = ADAPTERS[tool].parse(body, headers=headers or {}, options=options)
    except Unreadable as error:
        problem = Problem(error.field, error.value, error.remedy)
        return Seen("unreadable", problems=(problem,), found=found)
    return _seen(parsed, reading, found)


def _problems_of(mapping: Mapping[str, str]) -> tuple[Problem, ...]:
    if len(mapping) > MAX_MAPPED:
        remedy = f"map at most {MAX_MAPPED} fields"
        return (Problem("mapping", f"{len(mapping)} fields", remedy),)
    return tuple(
        Problem(name, base.shown(mapping[name]), remedy)
        for name, remedy in problems_in(mapping).items()
    )


def _seen(parsed: ParsedDelivery, reading: Reading, found: Mapping[str, str]) -> Seen:
    rows = [
        (
            alert,
            severity_of(
                alert, table=reading.severity_map, default=reading.default_severity
            ),
        )
        for alert in parsed.alerts[:MAX_ALERTS]
    ]
    return Seen(
        "read" if rows else "ignored",
        reason=parsed.ignored or _test_reason(parsed),
        alerts=tuple(rows),
        more=max(0, len(parsed.alerts) - MAX_ALERTS),
        found=found,
    )


def _test_reason(parsed: ParsedDelivery) -> str:
    if parsed.is_test:
        return "The tool calls it a test: it opens nothing."
    return "" if parsed.alerts else "It holds no alert."


def _mapping_used(body: bytes, tool: str, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the paths that read this body: a preset's own, or the given ones that fit."""
    preset = PRESET_OF.get(tool)
    if preset is not None:
        return shape_of(body, preset)
    bad = problems_in(mapping)
    return {f: p for f, p in paths_in(mapping).items() if f not in bad}


def shape_of(body: bytes, preset: Preset) -> dict[str, str]:
    """Return the paths of a preset that read this body; none where it does not fit."""
    try:
        shape = shape_for(base.read_json(body), preset)
    except Unreadable:
        return {}
    return dict(shape.mapping) if shape else {}


def _found(body: bytes, paths: Mapping[str, str]) -> dict[str, str]:
    budget = Budget()
    try:
        document = base.read_json(body)
        items = generic.items_of(document, paths, budget)
        found = {name: _values(items, name, paths, budget) for name in paths}
    except (Unreadable, TooWide):
        return {}
    if "alerts" in paths:
        found["alerts"] = f"{len(items)} alert{'' if len(items) == 1 else 's'}"
    return found


def _values(
    items: list[dict[str, Any]], name: str, paths: Mapping[str, str], budget: Budget
) -> str:
    if not items or name == "alerts":
        return ""
    values = look_up_all(items[0], parse_path(paths[name]), budget=budget)
    told = [value for value in values if value not in (None, "")]
    more = f" and {len(told) - MAX_VALUES} more" if len(told) > MAX_VALUES else ""
    return ", ".join(base.shown(value) for value in told[:MAX_VALUES]) + more
