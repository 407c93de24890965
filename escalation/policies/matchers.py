"""Compare an incident with conditions, from values alone: for routes and *if* steps.

A label that the incident does not have counts as empty. Patterns are RE2 (no
backtracking, so no pattern can hang the router) and must match the whole value.

>>> (matcher,) = parse_matchers([{"field": "severity", "op": ">=", "value": 4}])
>>> holds(matcher, IncidentFacts("aurora", "WGT", 5, "web", "AMBER"))
True
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.text_tests import (
    PATTERN_OPS,
    TEXT_OPS,
    pattern_error,
    text_holds,
)
from incidents.incident.tlp import Tlp

SEVERITY_OPS = ("=", "!=", ">=", "<=")
FIELDS = ("organisation", "category", "severity", "source", "tlp")
LABEL_PREFIX = "label:"
MAX_MATCHERS = 20
MAX_VALUE = 1_000

_SIGNS = {">=": "≥", "<=": "≤", "!=": "≠"}
_CLOSED_VALUES: dict[str, frozenset[str]] = {
    "category": frozenset(code for code, _ in CATEGORY_CHOICES),
    "tlp": frozenset(Tlp),
}


class RuleError(ValueError):
    """A matcher cannot be used. The message names field, value and remedy."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition. `value` is a whole number for severity, else text."""

    field: str
    op: str
    value: str | int


@dataclass(frozen=True, slots=True)
class IncidentFacts:
    """What matchers may look at: the owner's slug, the category's code, and so on."""

    organisation: str
    category: str
    severity: int
    source: str
    tlp: str
    labels: Mapping[str, str] = field(default_factory=dict)


def holds(matcher: Matcher, facts: IncidentFacts) -> bool:
    """Tell whether one condition is true."""
    if matcher.field == "severity":
        return _SEVERITY_TESTS[matcher.op](facts.severity, int(matcher.value))
    return text_holds(matcher.op, _text_fact(matcher.field, facts), str(matcher.value))


def _text_fact(name: str, facts: IncidentFacts) -> str:
    if name.startswith(LABEL_PREFIX):
        return facts.labels.get(name.removeprefix(LABEL_PREFIX), "")
    return str(getattr(facts, name))


_SEVERITY_TESTS: dict[str, Callable[[int, int], bool]] = {
    "=": lambda level, value: level == value,
    "!=": lambda level, value: level != value,
    ">=": lambda level, value: level >= value,
    "<=": lambda level, value: level <= value,
}


def describe(matchers: Sequence[Matcher]) -> str:
    """Write the conditions as people read them."""
    return " and ".join(_describe(matcher) for matcher in matchers) or "every incident"


def _describe(matcher: Matcher) -> str:
    name = matcher.field
    if name.startswith(LABEL_PREFIX):
        name = f"label {name.removeprefix(LABEL_PREFIX)}"
    value = matcher.value if matcher.value != "" else '""'
    return f"{name} {_SIGNS.get(matcher.op, matcher.op)} {value}"


def parse_matchers(body: object) -> tuple[Matcher, ...]:
    """Read a route's matchers from a list of objects with field, op and value.

    Raises RuleError.
    """
    if not isinstance(body, list) or len(body) > MAX_MATCHERS:
        raise RuleError(f"matchers: send a list of at most {MAX_MATCHERS} objects")
    return tuple(
        parse_matcher(item, where=f"matchers[{index}]")
        for index, item in enumerate(body)
    )


def matchers_to_body(matchers: Sequence[Matcher]) -> list[dict[str, str | int]]:
    """Return the list that `parse_matchers` reads."""
    return [{"field": m.field, "op": m.op, "value": m.value} for m in matchers]


def parse_matcher(item: object, *, where: str) -> Matcher:
    """Read one matcher. Raises RuleError with the place."""
    if not isinstance(item, Mapping) or set(item) != {"field", "op", "value"}:
        raise RuleError(f"{where}: send an object with exactly field, op and value")
    name = item["field"]
    if not isinstance(name, str) or not _is_field(name):
        known = ", ".join(FIELDS)
        raise RuleError(
            f"{where}.field: {name!r} is not known; use {known} or label:<name>"
        )
    ops = SEVERITY_OPS if name == "severity" else TEXT_OPS
    op = item["op"]
    if op not in ops:
        raise RuleError(f"{where}.op: {op!r} does not fit {name}; use {' '.join(ops)}")
    value = item["value"]
    if name == "severity":
        return Matcher(name, op, _parse_level(value, where=where))
    return Matcher(name, op, _parse_text(value, name=name, op=op, where=where))


def _is_field(name: str) -> bool:
    return name in FIELDS or name.removeprefix(LABEL_PREFIX) not in ("", name)


def _parse_level(value: object, *, where: str) -> int:
    levels = range(len(SEVERITIES))
    if isinstance(value, bool) or not isinstance(value, int) or value not in levels:
        raise RuleError(f"{where}.value: {value!r} is not a severity; use 0 to 5")
    return value


def _parse_text(value: object, *, name: str, op: str, where: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_VALUE:
        raise RuleError(f"{where}.value: send text of at most {MAX_VALUE} characters")
    if op in PATTERN_OPS:
        _check_pattern(value, where=where)
        return value
    known = _CLOSED_VALUES.get(name)
    if known is not None and value not in known:
        raise RuleError(
            f"{where}.value: {value!r} is not a {name}; use one of "
            f"{', '.join(sorted(known))}"
        )
    return value


def _check_pattern(pattern: str, *, where: str) -> None:
    if error := pattern_error(pattern):
        raise RuleError(
            f"{where}.value: {pattern!r} is not an RE2 pattern ({error}); "
            "look-around and back-references do not exist, mend or escape it"
        )
