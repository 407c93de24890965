"""Say what a mapping may hold: where another tool's body has what the product reads.

`labels.<name>` maps one label. `status.<word>` says what one of the tool's words for a
state means: it holds no path but *firing*, *resolved* or *ignored*.

>>> check_mapping({"title": "$.event.name", "status.Clear": "resolved"})
{'title': '$.event.name', 'status.clear': 'resolved'}
>>> problems_in({"titel": "$.name", "title": "$.name", "status.ok": "fine"})
{'titel': 'not a field; use title, status, dedup_key, severity, summary, url, \
started_at, ended_at, labels, group_key, group_title, test, alerts, labels.<name>, \
status.<word>', 'status.ok': "'fine' is no state; use firing, resolved, ignored"}
"""

from collections.abc import Mapping
from typing import Final

from incidents.intake.adapters.paths import parse_path

FIELDS: Final = (
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
LABEL_PREFIX: Final = "labels."
STATE_PREFIX: Final = "status."
IGNORED: Final = "ignored"
STATES: Final = ("firing", "resolved", IGNORED)
MAX_MAPPED: Final = 80


class MappingError(ValueError):
    """A mapping does not fit. The message names the field, its value and the remedy."""


def check_mapping(mapping: Mapping[str, object]) -> dict[str, str]:
    """Return the mapping if every field and path in it is good. Raises MappingError."""
    if len(mapping) > MAX_MAPPED:
        raise MappingError(f"mapping: {len(mapping)} fields; map at most {MAX_MAPPED}")
    for field, path in mapping.items():
        if problem := _problem(field, path):
            raise MappingError(f"mapping.{field}: {problem}")
    return {_named(field): str(path) for field, path in mapping.items()}


def problems_in(mapping: Mapping[str, object]) -> dict[str, str]:
    """Return {field: what is wrong with it} of all fields that do not fit."""
    found = {field: _problem(field, path) for field, path in mapping.items()}
    return {field: problem for field, problem in found.items() if problem}


def _problem(field: str, path: object) -> str:
    """Return what is wrong with one field of a mapping; nothing when it fits."""
    if not isinstance(path, str):
        return f"{path!r} is not text; write a path"
    if _is_one_of(field, STATE_PREFIX):
        return (
            "" if path in STATES else f"{path!r} is no state; use {', '.join(STATES)}"
        )
    if field not in FIELDS and not _is_one_of(field, LABEL_PREFIX):
        return f"not a field; use {', '.join(FIELDS)}, labels.<name>, status.<word>"
    try:
        parse_path(path)
    except ValueError as error:
        return str(error)
    return ""


def _is_one_of(field: str, prefix: str) -> bool:
    return field.startswith(prefix) and bool(field.removeprefix(prefix).strip())


def _named(field: str) -> str:
    """Return a field's name; the tools' words are held in small letters."""
    if not field.startswith(STATE_PREFIX):
        return field
    return STATE_PREFIX + word_of(field.removeprefix(STATE_PREFIX))


def word_of(text: str) -> str:
    """Return a tool's word as it is looked up."""
    return text.strip().lower()


def states_in(mapping: Mapping[str, str]) -> dict[str, str]:
    """Return {the tool's word: firing, resolved or ignored}."""
    return {
        field.removeprefix(STATE_PREFIX): state
        for field, state in mapping.items()
        if field.startswith(STATE_PREFIX)
    }


def paths_in(mapping: Mapping[str, str]) -> dict[str, str]:
    """Return {field: path} without the words for states."""
    return {f: path for f, path in mapping.items() if not f.startswith(STATE_PREFIX)}
