"""Write the body that a tool would post, for the test button of a source. Pure.

All trials of a source are one alert: pressing the button again while its incident is
open only counts up.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters.adapter import Adapter
from incidents.intake.adapters.paths import parse_path


def trial_body(adapter: Adapter, *, mapping: Mapping[str, str], now: datetime) -> bytes:
    """Return a body with one alert of severity *info* that began at `now`."""
    record = adapter.trial(now)
    if mapping and isinstance(record, Mapping):
        record = _mapped(record, mapping)
    return json.dumps(record).encode()


def _mapped(record: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, Any]:
    """Return the document in which a mapping finds the record's fields."""
    item: dict[str, Any] = {}
    for field, path in mapping.items():
        if field in record:
            _put(item, list(parse_path(path)), record[field])
    if "alerts" not in mapping:
        return item
    document: dict[str, Any] = {}
    _put(document, list(parse_path(mapping["alerts"])), [item])
    return document


def _put(place: Any, steps: list[str], value: object) -> None:
    """Set the value at a path, making the objects and lists on its way."""
    step, *rest = steps
    is_list = isinstance(place, list)
    if is_list:
        place.extend({} for _ in range(int(step) + 1 - len(place)))
    key: Any = int(step) if is_list else step
    if not rest:
        place[key] = value
        return
    child = place[key] if is_list else place.get(key)
    if not isinstance(child, dict | list) or (rest[0].isdigit() and not child):
        place[key] = [] if rest[0].isdigit() else {}
    _put(place[key], rest, value)
