"""Find branches of a policy that no incident takes, from their conditions alone. Pure.

Conditions on the hours, on clocks and on who is on call change while a path waits: they
are compared only within one step. What is known of the incident is compared with the
branches around a step too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from escalation.policies.conditions import CALENDAR, CLOCK, ON_CALL
from escalation.policies.matchers import Matcher
from escalation.policies.step_kinds.branch import IfStep
from escalation.policies.steps import PolicyPlan
from escalation.policies.timing import Branch
from incidents.incident.severity import SEVERITIES
from incidents.incident.taxonomy import CATEGORY_CHOICES
from incidents.incident.tlp import Tlp

_CHANGING = (CALENDAR, CLOCK, ON_CALL)
_OPPOSITES = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
_CLOSED: Mapping[str, frozenset[object]] = MappingProxyType(
    {
        "severity": frozenset(row.level for row in SEVERITIES),
        "category": frozenset(code for code, _ in CATEGORY_CHOICES),
        "tlp": frozenset(str(tlp) for tlp in Tlp),
    }
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What must be true of an incident that comes here.

    `left` are the values that a closed field may still have, `equals` the value of
    another one, `holding` the tests (field, op, value) that hold.
    """

    left: Mapping[str, frozenset[object]] = field(default_factory=lambda: _CLOSED)
    equals: Mapping[str, object] = field(default_factory=dict)
    holding: frozenset[tuple[str, str, object]] = frozenset()


def branches_never_taken(plan: PolicyPlan) -> set[Branch]:
    """Return the branches, empty ones too, that no incident can take."""
    return set(_never(plan, 0, len(plan.steps), _Known()))


def _never(plan: PolicyPlan, start: int, end: int, known: _Known) -> Iterable[Branch]:
    index = start
    while index < end:
        step = plan.steps[index]
        if not isinstance(step, IfStep):
            index += 1
            continue
        middle = index + 1 + step.then_count
        behind = middle + step.else_count
        inside = _narrow(known, step.when)
        if inside is None:
            yield index, "then"
        else:
            lasting = _narrow(known, _lasting(step.when))
            yield from _never(plan, index + 1, middle, lasting or known)
        if all(_narrow(known, [_opposite(one)]) is None for one in step.when):
            yield index, "else"
        else:
            yield from _never(plan, middle, behind, _outside(known, step.when))
        index = behind


def _lasting(conditions: Sequence[Matcher]) -> list[Matcher]:
    return [one for one in conditions if one.field not in _CHANGING]


def _outside(known: _Known, conditions: Sequence[Matcher]) -> _Known:
    """Return what is known in the other branch: of several conditions, not which failed."""
    if len(conditions) != 1 or conditions[0].field in _CHANGING:
        return known
    return _narrow(known, [_opposite(conditions[0])]) or known


def _narrow(known: _Known, conditions: Sequence[Matcher]) -> _Known | None:
    """Return what is known when these hold too; None if they cannot."""
    for condition in conditions:
        narrowed = (
            _narrow_closed(known, condition)
            if condition.field in known.left and condition.op not in ("=~", "!~")
            else _narrow_open(known, condition)
        )
        if narrowed is None:
            return None
        known = narrowed
    return known


def _narrow_closed(known: _Known, condition: Matcher) -> _Known | None:
    test = _TESTS[condition.op]
    values = known.left[condition.field]
    left = frozenset(value for value in values if test(value, condition.value))
    if not left:
        return None
    return replace(known, left={**known.left, condition.field: left})


def _narrow_open(known: _Known, condition: Matcher) -> _Known | None:
    name, op, value = condition.field, condition.op, condition.value
    opposite = _OPPOSITES.get(op)
    if opposite is None:
        return known
    if (name, opposite, value) in known.holding:
        return None
    equals = known.equals
    if op == "=" and _is_single(name):
        if equals.get(name, value) != value:
            return None
        equals = {**equals, name: value}
    return replace(known, equals=equals, holding=known.holding | {(name, op, value)})


def _is_single(name: str) -> bool:
    """Tell whether a field has one value; an incident can be within many calendars."""
    return name not in _CHANGING


def _opposite(condition: Matcher) -> Matcher:
    """Return a condition that holds when this one does not; itself where there is none."""
    if condition.op in (">=", "<="):
        step = -1 if condition.op == ">=" else 1
        sign = "<=" if condition.op == ">=" else ">="
        return replace(condition, op=sign, value=int(condition.value) + step)
    return replace(condition, op=_OPPOSITES.get(condition.op, condition.op))


_TESTS: dict[str, Callable[[object, str | int], bool]] = {
    "=": lambda have, value: have == value,
    "!=": lambda have, value: have != value,
    ">=": lambda have, value: isinstance(have, int) and have >= int(value),
    "<=": lambda have, value: isinstance(have, int) and have <= int(value),
}
