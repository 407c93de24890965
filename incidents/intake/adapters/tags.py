"""Turn the tags of a tool into labels.

Tools write a tag as text, as a pair, or as an object with a name and a value. One with
a value becomes a label; those without share the label `tags`. So a tool that has no
severities of its own can still say one, in a tag.

>>> labels_of_tags("team:weights, gpu, severity=critical, eu")
{'team': 'weights', 'severity': 'critical', 'tags': 'gpu, eu'}
>>> labels_of_tags(["severity-low", ["region", "eu"], {"name": "tier", "value": "1"}])
{'severity': 'low', 'region': 'eu', 'tier': '1'}
"""

import re
from collections.abc import Iterator

from incidents.intake.adapters import base

MAX_TAGS = 200

_SEPARATED = re.compile(r"([^:=]+)[:=](.+)", re.DOTALL)
# Some tools allow neither colon nor equals sign in a tag.
_SEVERITY = re.compile(r"(severity)[-_](.+)", re.IGNORECASE | re.DOTALL)


def labels_of_tags(tags: object) -> dict[str, str]:
    """Return the tags as labels; what is not a tag is left out."""
    labels: dict[str, str] = {}
    plain: list[str] = []
    for name, value in _pairs(tags):
        if value:
            labels[name] = value
        elif name:
            plain.append(name)
    if plain:
        labels["tags"] = ", ".join(plain)
    return labels


def _pairs(tags: object) -> Iterator[tuple[str, str]]:
    items = tags.split(",") if isinstance(tags, str) else tags
    if isinstance(items, dict):
        items = list(items.items())
    if not isinstance(items, list):
        return
    for item in items[:MAX_TAGS]:
        yield _pair(item)


def _pair(item: object) -> tuple[str, str]:
    if isinstance(item, dict):
        name = base.first_text(item.get("name"), item.get("key"), item.get("tag"))
        return name, base.first_text(item.get("value")) if name else ""
    if isinstance(item, list | tuple) and len(item) == 2:  # noqa: PLR2004  (a pair)
        name = base.first_text(item[0])
        return name, base.first_text(item[1]) if name else ""
    text = base.first_text(item)
    match = _SEPARATED.fullmatch(text) or _SEVERITY.fullmatch(text)
    return (match[1].strip(), match[2].strip()) if match else (text, "")
