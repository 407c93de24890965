"""Conditions of an *if* step: about the incident, the hours, the clocks, who is on call.

    {"field": "severity", "op": ">=", "value": 4}
    {"field": "calendar", "op": "=", "value": "office"}     within its hours; != outside
    {"field": "clock", "op": "<", "value": 25}              a clock has under 25 % left
    {"field": "on_call", "op": "=", "value": "primary"}     somebody is; != nobody is

A calendar or schedule that is not there counts as closed, and as nobody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from escalation.policies.matchers import (
    FIELDS,
    IncidentFacts,
    Matcher,
    RuleError,
    describe,
    holds,
    parse_matcher,
)
from escalation.policies.reading import (
    PolicyError,
    read_integer,
    read_list,
    read_object,
    read_slug,
    shown,
)

MAX_CONDITIONS = 10
CALENDAR, CLOCK, ON_CALL = "calendar", "clock", "on_call"

_OPS = {CALENDAR: ("=", "!="), CLOCK: ("<",), ON_CALL: ("=", "!=")}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What conditions look at, as it is at one instant."""

    incident: IncidentFacts = IncidentFacts("", "", 0, "", "")  # noqa: RUF009  (frozen)
    # When each calendar opens next, the instant itself while it is open, None for never.
    openings: Mapping[str, datetime | None] = field(default_factory=dict)
    # The least share of its time that a running clock has left, in percent.
    clock_left: int | None = None
    # The schedules on which somebody is on call.
    on_call: frozenset[str] = frozenset()


def parse_conditions(items: object, *, where: str) -> tuple[Matcher, ...]:
    """Read the conditions of a step; all of them must hold. Raises PolicyError."""
    found = read_list(items, most=MAX_CONDITIONS, what="conditions", where=where)
    return tuple(
        _parse_condition(item, where=f"{where}[{index}]")
        for index, item in enumerate(found)
    )


def conditions_body(conditions: Sequence[Matcher]) -> list[dict[str, str | int]]:
    """Return what `parse_conditions` reads."""
    return [{"field": c.field, "op": c.op, "value": c.value} for c in conditions]


def describe_conditions(conditions: Sequence[Matcher]) -> str:
    """Return the conditions as people read them."""
    return " and ".join(_describe(condition) for condition in conditions)


def condition_holds(condition: Matcher, around: Circumstances, now: datetime) -> bool:
    """Tell whether one condition is true at `now`."""
    test = _TESTS.get(condition.field)
    if test is not None:
        return test(condition, around, now)
    return holds(condition, around.incident)


def _parse_condition(item: object, *, where: str) -> Matcher:
    members = read_object(item, where=where)
    name = members.get("field")
    if not isinstance(name, str) or name not in _OPS:
        return _parse_incident_condition(item, name, where=where)
    if set(members) != {"field", "op", "value"}:
        raise PolicyError(f"{where}: send an object with exactly field, op and value")
    op, value = members["op"], members["value"]
    if not isinstance(op, str) or op not in _OPS[name]:
        ops = " ".join(_OPS[name])
        raise PolicyError(f"{where}.op: {shown(op)} does not fit {name}; use {ops}")
    place = f"{where}.value"
    if name == CLOCK:
        return Matcher(name, op, read_integer(value, 1, 100, where=place))
    remedy = "use the slug of a calendar" if name == CALENDAR else "use a schedule's"
    return Matcher(name, op, read_slug(value, where=place, remedy=remedy))


def _parse_incident_condition(item: object, name: object, *, where: str) -> Matcher:
    try:
        return parse_matcher(item, where=where)
    except RuleError as error:
        if isinstance(name, str) and str(error).startswith(f"{where}.field"):
            known = ", ".join((*FIELDS, *_OPS))
            message = f"{where}.field: {name!r} is not known; use {known}"
            raise PolicyError(f"{message} or label:<name>") from None
        raise PolicyError(str(error)) from None


def _is_open(condition: Matcher, around: Circumstances, now: datetime) -> bool:
    opens_at = around.openings.get(str(condition.value))
    is_open = opens_at is not None and opens_at <= now
    return is_open is (condition.op == "=")


def _is_short(condition: Matcher, around: Circumstances, _now: datetime) -> bool:
    left = around.clock_left
    return left is not None and left < int(condition.value)


def _is_on_call(condition: Matcher, around: Circumstances, _now: datetime) -> bool:
    return (condition.value in around.on_call) is (condition.op == "=")


_TESTS: dict[str, Callable[[Matcher, Circumstances, datetime], bool]] = {
    CALENDAR: _is_open,
    CLOCK: _is_short,
    ON_CALL: _is_on_call,
}


def _describe(condition: Matcher) -> str:
    is_positive = condition.op == "="
    if condition.field == CALENDAR:
        place = "within" if is_positive else "outside"
        return f"it is {place} the hours of {condition.value}"
    if condition.field == CLOCK:
        return f"a clock has less than {condition.value} % of its time left"
    if condition.field == ON_CALL:
        who = "somebody" if is_positive else "nobody"
        return f"{who} is on call in {condition.value}"
    return describe([condition])
