"""Write a document in which the paths of a mapping find given values.

It is the reverse of reading through a mapping, for the test button. A filter is met when
it compares values of `@` with constants by `==`; whoever writes another has to try it
with a body of the tool's.

>>> document_for({"title": "Egress", "severity": "info"},
...     {"title": "$.events[?@.kind == 'alert'].name", "severity": "event.level[1]"})
{'events': [{'name': 'Egress', 'kind': 'alert'}], 'event': {'level': [{}, 'info']}}
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from incidents.intake.adapters.jsonpath import parts_in
from incidents.intake.adapters.paths import parse_path

_EQUALITY = re.compile(
    r"@((?:\.\w+)+)\s*==\s*('[^'\\]*'|\"[^\"\\]*\"|true|false|null|-?[0-9.]+)"
)


@dataclass(frozen=True, slots=True)
class _Step:
    """One step down: a name, or a place in a list with what its item must hold."""

    name: str | int
    conditions: tuple[tuple[tuple[str, ...], object], ...] = ()


def document_for(
    record: Mapping[str, object],
    mapping: Mapping[str, str],
    *,
    items_at: str = "alerts",
) -> Any:
    """Return a document from which the mapping reads the record."""
    item = _filled(record, {f: p for f, p in mapping.items() if f != items_at})
    if items_at not in mapping:
        return item
    steps = steps_of(mapping[items_at])
    # A path that ends at the list itself, and one that ends at its items.
    is_at_items = bool(steps) and isinstance(steps[-1].name, int)
    return _put(None, steps, item if is_at_items else [item])


def with_value(document: Any, path: str, value: object) -> Any:
    """Return the document with a value where a path looks for it. Raises ValueError."""
    return _put(document, steps_of(path), value)


def _filled(record: Mapping[str, object], mapping: Mapping[str, str]) -> Any:
    document: Any = None
    for field, path in mapping.items():
        if field in record:
            document = _put(document, steps_of(path), record[field])
    return {} if document is None else document


def steps_of(text: str) -> list[_Step]:
    """Return the first way that a path may take. Raises ValueError."""
    path = parse_path(text)
    if path.query is None:
        return [_Step(int(s) if s.isdigit() else s) for s in path.steps]
    return list(_steps_in(text))


def _steps_in(text: str) -> Iterator[_Step]:
    depth, inside = 0, ""
    for part in parts_in(text):
        depth -= part == "]"
        if depth:
            inside += part if part != "," or depth > 1 else "\n"
        elif part == "]":
            yield _in_brackets(inside.partition("\n")[0])
            inside = ""
        elif part not in ("[", "$", ".", ".."):
            yield _Step(0 if part == "*" else part)
        depth += part == "["


def _in_brackets(inside: str) -> _Step:
    if inside[:1] in ("'", '"'):
        return _Step(inside[1:-1])
    # A place, or a slice from one.
    first = inside.partition(":")[0]
    if first.isdigit():
        return _Step(int(first))
    return _Step(0, tuple(_conditions(inside)))


def _conditions(inside: str) -> Iterator[tuple[tuple[str, ...], object]]:
    for way, constant in _EQUALITY.findall(inside.partition("||")[0]):
        is_text = constant[0] in ("'", '"')
        value = constant[1:-1] if is_text else json.loads(constant)
        yield tuple(way.split(".")[1:]), value


def _put(place: Any, steps: list[_Step], value: object) -> Any:
    """Return the place with the value at the end of the steps, made where it is not."""
    if not steps:
        return value
    step, *rest = steps
    if isinstance(step.name, int):
        items = place if isinstance(place, list) else []
        items.extend({} for _ in range(step.name + 1 - len(items)))
        items[step.name] = _put(items[step.name], rest, value)
        for way, constant in step.conditions:
            steps_to = [_Step(name) for name in way]
            items[step.name] = _put(items[step.name], steps_to, constant)
        return items
    members = place if isinstance(place, dict) else {}
    members[step.name] = _put(members.get(step.name), rest, value)
    return members
