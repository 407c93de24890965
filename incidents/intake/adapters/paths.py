"""Look a value up in a JSON document by a path that a person wrote.

Names are joined by dots, places in a list stand in brackets or between dots. A path
that leads nowhere gives nothing: tools leave fields out.

>>> look_up({"event": {"tags": ["gpu", "egress"]}}, parse_path("event.tags[1]"))
'egress'
>>> look_up({"event": {}}, parse_path("event.name")) is None
True
"""

import re

MAX_LENGTH = 200
MAX_STEPS = 20

Path = tuple[str, ...]

_STEP = re.compile(r"[^.\[\]]+")
_WHOLE = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[[0-9]{1,6}\])*")


def parse_path(text: str) -> Path:
    """Return the steps of a path. Raises ValueError."""
    if len(text) > MAX_LENGTH or _WHOLE.fullmatch(text) is None:
        raise ValueError(f"{text[:MAX_LENGTH]!r} is not a path such as event.tags[0]")
    steps = tuple(_STEP.findall(text))
    if len(steps) > MAX_STEPS:
        raise ValueError(f"a path has at most {MAX_STEPS} steps")
    return steps


def look_up(document: object, path: Path) -> object:
    """Return what stands at the path, None where there is nothing."""
    value = document
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list):
            value = _item(value, step)
        else:
            return None
    return value


def _item(items: list[object], step: str) -> object:
    if not step.isascii() or not step.isdigit():
        return None
    index = int(step)
    return items[index] if index < len(items) else None
