"""Say how the alerts of a source become incidents, from values alone.

How bad an alert is by the source's table, which alerts belong into one incident, and how
long an alert lives of which nothing more is heard.

>>> level_in({"warning": 1}, ["Warning", "medium"])
1
>>> group_in(["cluster", "alertname"], {"cluster": "a", "alertname": "Disk"}).title
'cluster a, alertname Disk'
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from incidents.incident.severity import SEVERITIES, severity_from_tool
from incidents.intake.adapters.base import ParsedAlert, one_line

MAX_WORDS: Final = 100
MAX_WORD: Final = 80
MAX_GROUP_LABELS: Final = 10
MAX_LABEL: Final = 128
MAX_WINDOW_MINUTES: Final = 7 * 24 * 60
MAX_EXPIRY_MINUTES: Final = 366 * 24 * 60
MAX_FLAP_CHANGES: Final = 100
MAX_FLAP_MINUTES: Final = 24 * 60
MAX_QUIET_HOURS: Final = 31 * 24
# A tool that never says "resolved" leaves its alerts firing for ever.
EXPIRY_WITHOUT_RESOLVED: Final = 24 * 60

_NOTHING: Final = "(none)"


class HandlingError(ValueError):
    """A setting cannot be used: which, its value, and what to write instead."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        self.field, self.value, self.remedy = field, value, remedy
        super().__init__(f"{field}: {value!r} cannot be used. {remedy}")


@dataclass(frozen=True, slots=True)
class Group:
    """Which incident an alert belongs to, and that incident's title when it has several."""

    key: str
    title: str


def level_in(table: Mapping[str, int], words: Iterable[str]) -> int | None:
    """Return our level for the first of the tool's words that the table has."""
    if not table:
        return None
    for word in words:
        level = table.get(word.strip().casefold())
        if level is not None:
            return level
    return None


def group_in(names: Sequence[str], labels: Mapping[str, str]) -> Group:
    """Return the group of alerts that have the same values of these labels.

    A label that an alert lacks counts as empty.
    """
    values = [(name, labels.get(name, "")) for name in names]
    title = ", ".join(f"{name} {value or _NOTHING}" for name, value in values)
    return Group(f"labels:{json.dumps(values)}", title)


def grouped(alert: ParsedAlert, names: Sequence[str]) -> ParsedAlert:
    """Return the alert in the group that its source asks for; without names as it is."""
    if not names:
        return alert
    group = group_in(names, alert.labels)
    return replace(alert, group_key=group.key, group_title=one_line(group.title))


def severity_of(alert: ParsedAlert, *, table: Mapping[str, int], default: int) -> int:
    """Return our level for an alert: by the table, else by the usual words."""
    words = (alert.severity_told, alert.labels.get("severity", ""), alert.severity)
    level = level_in(table, words)
    if level is None:
        level = severity_from_tool(alert.severity)
    return default if level is None else level


def expiry_of(
    told: datetime | None, *, minutes: int, received_at: datetime
) -> datetime | None:
    """Return when an alert ends of which nothing more is heard; the tool's word counts."""
    if told is not None or not minutes:
        return told
    return received_at + timedelta(minutes=minutes)


def checked_severity_map(value: object) -> dict[str, int]:
    """Return the table with its words in small letters. Raises HandlingError."""
    if not isinstance(value, Mapping) or len(value) > MAX_WORDS:
        remedy = f"Give at most {MAX_WORDS} of the tool's words, each with a number."
        raise HandlingError("severity_map", value, remedy)
    table: dict[str, int] = {}
    for word, level in value.items():
        name = str(word).strip().casefold()
        if not name or len(name) > MAX_WORD or not name.isprintable():
            remedy = f"Give words of 1 to {MAX_WORD} characters."
            raise HandlingError("severity_map", word, remedy)
        if isinstance(level, bool) or level not in range(len(SEVERITIES)):
            remedy = "Give a whole number from 0 to 5."
            raise HandlingError(f"severity_map.{name}", level, remedy)
        table[name] = int(level)
    return dict(sorted(table.items()))


def checked_group_by(value: object) -> list[str]:
    """Return the names of the labels to group by. Raises HandlingError."""
    if not isinstance(value, list | tuple) or len(value) > MAX_GROUP_LABELS:
        remedy = f"Give a list of at most {MAX_GROUP_LABELS} names of labels."
        raise HandlingError("group_by", value, remedy)
    names: list[str] = []
    for item in value:
        name = item.strip() if isinstance(item, str) else ""
        if not name or len(name) > MAX_LABEL or not name.isprintable():
            remedy = f"Give names of 1 to {MAX_LABEL} characters."
            raise HandlingError("group_by", item, remedy)
        if name in names:
            raise HandlingError("group_by", item, "Name each label once.")
        names.append(name)
    return names


def checked_number(field: str, value: object, *, least: int, most: int) -> int:
    """Return a whole number within bounds. Raises HandlingError."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not least <= value <= most:  # type: ignore[operator]  # is whole
        remedy = f"Give a whole number from {least} to {most}."
        raise HandlingError(field, value, remedy)
    return value  # type: ignore[return-value]  # is whole


def checked_flap_changes(value: object) -> int:
    """Return how many changes make an alert flap, 0 for never. Raises HandlingError."""
    number = checked_number("flap_changes", value, least=0, most=MAX_FLAP_CHANGES)
    if number in (1, 2):
        remedy = "Give 0, or 3 and more: an alert that came and went has changed twice."
        raise HandlingError("flap_changes", value, remedy)
    return number


def checked_minutes(
    field: str, value: object, *, most: int, unit: str = "minutes"
) -> int:
    """Return a number of minutes, or of another unit, 0 for never. Raises HandlingError."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not 0 <= value <= most:  # type: ignore[operator]  # is whole
        remedy = f"Give whole {unit} from 0 to {most}."
        raise HandlingError(field, value, remedy)
    return value  # type: ignore[return-value]  # is whole
