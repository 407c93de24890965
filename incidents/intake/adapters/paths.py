"""Look values up in a JSON document by a path that a person wrote.

A path that begins with `$` is JSONPath (RFC 9535, see `jsonpath`). Any other is the
short form: names joined by dots, places in a list in brackets or between dots. A path
that leads nowhere gives nothing: tools leave fields out.

>>> look_up({"event": {"tags": ["gpu", "egress"]}}, parse_path("event.tags[1]"))
'egress'
>>> look_up({"event": {}}, parse_path("event.name")) is None
True
>>> look_up({"title": "", "name": "Egress"}, parse_path("$['title', 'name']"))
'Egress'
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from incidents.intake.adapters.jsonpath import Budget, Query, compile_path, select

MAX_LENGTH = 200
MAX_STEPS = 20

_STEP = re.compile(r"[^.\[\]]+")
_WHOLE = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[[0-9]{1,6}\])*")


@dataclass(frozen=True, slots=True)
class Path:
    """A path in one of its two forms: steps, or a query of JSONPath."""

    text: str
    steps: tuple[str, ...] = ()
    query: Query | None = None


@lru_cache(maxsize=2_000)
def parse_path(text: str) -> Path:
    """Return the path that a text stands for. Raises ValueError."""
    if is_jsonpath(text):
        return Path(text, query=compile_path(text))
    if len(text) > MAX_LENGTH or _WHOLE.fullmatch(text) is None:
        raise ValueError(f"{text[:MAX_LENGTH]!r} is not a path such as event.tags[0]")
    steps = tuple(_STEP.findall(text))
    if len(steps) > MAX_STEPS:
        raise ValueError(f"a path has at most {MAX_STEPS} steps")
    return Path(text, steps=steps)


def is_jsonpath(text: str) -> bool:
    """Whether a path is read as JSONPath: it is `$` alone or goes on as such."""
    return text == "$" or text.startswith(("$.", "$["))


def look_up(document: object, path: Path, *, budget: Budget | None = None) -> object:
    """Return the first thing at the path that is not empty, None where there is none.

    Raises TooWide.
    """
    found = look_up_all(document, path, budget=budget)
    return next((value for value in found if value not in (None, "")), None)


def look_up_all(
    document: object, path: Path, *, budget: Budget | None = None
) -> list[object]:
    """Return all that stands at the path. Raises TooWide."""
    if path.query is not None:
        return select(path.query, document, budget or Budget())
    value = document
    for step in path.steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list):
            value = _item(value, step)
        else:
            return []
    return [value]


def _item(items: list[object], step: str) -> object:
    if not step.isascii() or not step.isdigit():
        return None
    index = int(step)
    return items[index] if index < len(items) else None
