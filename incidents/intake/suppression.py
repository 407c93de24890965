"""Decide whether an alert is held back: by a silence or in a maintenance window.

>>> matchers = parse_matchers([{"field": "label:cluster", "op": "=", "value": "a"}])
>>> silence = Suppressor("silence:1", 7, None, matchers, datetime.max, "silence of Ada")
>>> facts = AlertFacts(7, 3, "prod", "Disk full", 2, {"cluster": "a"})
>>> hold_of([silence], facts).by
'silence:1'
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from incidents.incident.severity import SEVERITIES
from incidents.incident.text_tests import (
    PATTERN_OPS,
    TEXT_OPS,
    pattern_error,
    text_holds,
)

SEVERITY_OPS: Final = ("=", "!=", ">=", "<=")
TEXT_FIELDS: Final = ("source", "title")
LABEL_PREFIX: Final = "label:"
MAX_MATCHERS: Final = 20
MAX_VALUE: Final = 1_000
MAX_NAME: Final = 128
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")

_LINE: Final = re.compile(r"(.+?)\s*(=~|!~|!=|>=|<=|=)\s*(.*)")
_LEVEL_TESTS: Final[dict[str, Callable[[int, int], bool]]] = {
    "=": lambda level, value: level == value,
    "!=": lambda level, value: level != value,
    ">=": lambda level, value: level >= value,
    "<=": lambda level, value: level <= value,
}


class MatcherError(ValueError):
    """A matcher cannot be used: where, its value, and what to write instead."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        self.field, self.value, self.remedy = field, value, remedy
        super().__init__(f"{field}: {value!r} cannot be used. {remedy}")


@dataclass(frozen=True, slots=True)
class AlertMatcher:
    """One condition. `field` is source, title, severity or label:<name>."""

    field: str
    op: str
    value: str | int


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What matchers may look at. `source` is its slug, `severity` our level."""

    organisation_id: int
    source_id: int
    source: str
    title: str
    severity: int
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suppressor:
    """A silence or a maintenance window that is on now, until `until`.

    `by` is its kind and id as the alert's row names it. Without a source it counts for
    all of the organisation's.
    """

    by: str
    organisation_id: int
    source_id: int | None
    matchers: tuple[AlertMatcher, ...]
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """That an alert is held back: by what, until when and why."""

    by: str
    until: datetime
    reason: str


def hold_of(suppressors: Iterable[Suppressor], facts: AlertFacts) -> Hold | None:
    """Return what holds the alert back the longest, None when nothing does."""
    fitting = [one for one in suppressors if _fits(one, facts)]
    if not fitting:
        return None
    longest = max(fitting, key=lambda one: (one.until, one.by))
    return Hold(longest.by, longest.until, longest.reason)


def _fits(suppressor: Suppressor, facts: AlertFacts) -> bool:
    return (
        suppressor.organisation_id == facts.organisation_id
        and suppressor.source_id in (None, facts.source_id)
        and all(_holds(matcher, facts) for matcher in suppressor.matchers)
    )


def _holds(matcher: AlertMatcher, facts: AlertFacts) -> bool:
    if matcher.field == "severity":
        return _LEVEL_TESTS[matcher.op](facts.severity, int(matcher.value))
    if matcher.field.startswith(LABEL_PREFIX):
        text = facts.labels.get(matcher.field.removeprefix(LABEL_PREFIX), "")
    else:
        text = facts.source if matcher.field == "source" else facts.title
    return text_holds(matcher.op, text, str(matcher.value))


def describe(matchers: Sequence[AlertMatcher]) -> str:
    """Write the conditions as people read them, labels by their bare names."""
    return ", ".join(line_of(matcher) for matcher in matchers) or "every alert"


def line_of(matcher: AlertMatcher) -> str:
    """Write one condition as `parse_line` reads it."""
    return f"{matcher.field.removeprefix(LABEL_PREFIX)} {matcher.op} {matcher.value}"


def parse_lines(text: str) -> tuple[AlertMatcher, ...]:
    """Read a condition from each line: `cluster = a`, `severity <= 2`, `title =~ Disk.*`.

    A name that is none of our fields is a label's. Raises MatcherError.
    """
    items: list[dict[str, object]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.fullmatch(line)
        if match is None:
            raise MatcherError("matchers", line[:80], "Write a name, = and a value.")
        name, op, written = match.groups()
        value: object = written
        if name == "severity" and written.isdecimal():
            value = int(written)
        is_ours = name == "severity" or name in TEXT_FIELDS
        is_whole = is_ours or name.startswith(LABEL_PREFIX)
        field_name = name if is_whole else f"{LABEL_PREFIX}{name}"
        items.append({"field": field_name, "op": op, "value": value})
    return parse_matchers(items)


def parse_matchers(body: object) -> tuple[AlertMatcher, ...]:
    """Read a list of objects with field, op and value. Raises MatcherError."""
    if not isinstance(body, list | tuple) or len(body) > MAX_MATCHERS:
        remedy = f"Send a list of at most {MAX_MATCHERS} objects."
        raise MatcherError("matchers", body, remedy)
    return tuple(
        _parse(item, where=f"matchers[{index}]") for index, item in enumerate(body)
    )


def matchers_to_body(matchers: Sequence[AlertMatcher]) -> list[dict[str, str | int]]:
    """Return the list that `parse_matchers` reads."""
    return [{"field": m.field, "op": m.op, "value": m.value} for m in matchers]


def _parse(item: object, *, where: str) -> AlertMatcher:
    if not isinstance(item, Mapping) or set(item) != {"field", "op", "value"}:
        remedy = "Send an object with exactly field, op and value."
        raise MatcherError(where, item, remedy)
    name, op, value = item["field"], item["op"], item["value"]
    if not isinstance(name, str) or not _is_field(name):
        remedy = "Use source, title, severity or label:<name>."
        raise MatcherError(f"{where}.field", name, remedy)
    ops = SEVERITY_OPS if name == "severity" else TEXT_OPS
    if op not in ops:
        raise MatcherError(f"{where}.op", op, f"For {name} use {' '.join(ops)}.")
    place = f"{where}.value"
    if name == "severity":
        return AlertMatcher(name, op, _level(value, place))
    return AlertMatcher(name, op, _text(value, op, place))


def _is_field(name: str) -> bool:
    if name in TEXT_FIELDS or name == "severity":
        return True
    label = name.removeprefix(LABEL_PREFIX)
    return label not in ("", name) and len(label) <= MAX_NAME and label.isprintable()


def _level(value: object, place: str) -> int:
    levels = range(len(SEVERITIES))
    if isinstance(value, bool) or not isinstance(value, int) or value not in levels:
        raise MatcherError(place, value, "Give a whole number from 0 to 5.")
    return value


def _text(value: object, op: str, place: str) -> str:
    if (
        not isinstance(value, str)
        or len(value) > MAX_VALUE
        or _UNSTORABLE.search(value)
    ):
        remedy = f"Send text of at most {MAX_VALUE} characters that can be stored."
        raise MatcherError(place, value, remedy)
    if op in PATTERN_OPS and (error := pattern_error(value)):
        remedy = f"It is not an RE2 pattern ({error}); look-around does not exist."
        raise MatcherError(place, value, remedy)
    return value
