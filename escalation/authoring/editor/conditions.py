"""Edit the conditions of an *if* step, or those of a route: one row for each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from escalation.authoring.editor import choices
from escalation.authoring.editor.controls import (
    Given,
    Number,
    Option,
    Part,
    Text,
    Words,
    one_group,
    select,
)
from escalation.authoring.surroundings import Surroundings

# Field and op together: one choice says both.
_OF_INCIDENTS: Final[tuple[Option, ...]] = (
    ("severity >=", "severity is at least"),
    ("severity <=", "severity is at most"),
    ("severity =", "severity is"),
    ("severity !=", "severity is not"),
    ("category =", "category is"),
    ("category !=", "category is not"),
    ("tlp =", "label is"),
    ("tlp !=", "label is not"),
    ("organisation =", "it comes from"),
    ("organisation !=", "it does not come from"),
    ("source =", "source is"),
    ("source !=", "source is not"),
    ("source =~", "source matches"),
    ("label =", "alert label equals"),
    ("label !=", "alert label is not"),
    ("label =~", "alert label matches"),
    ("label !~", "alert label does not match"),
)
_OF_THE_MOMENT: Final[tuple[Option, ...]] = (
    ("calendar =", "it is within the hours of"),
    ("calendar !=", "it is outside the hours of"),
    ("on_call =", "somebody is on call in"),
    ("on_call !=", "nobody is on call in"),
    ("clock <", "a clock has left less than, in %"),
)
_LABEL: Final = "label:"
_NUMBERS: Final = ("severity", "clock")


def condition_parts(
    conditions: Sequence[Mapping[str, Any]],
    name: Callable[[str], str],
    there: Surroundings,
    *,
    is_route: bool = False,
) -> Iterator[Part]:
    """Yield the controls of each condition, and an empty one that adds another."""
    tests = _OF_INCIDENTS if is_route else (*_OF_INCIDENTS, *_OF_THE_MOMENT)
    for index, condition in enumerate(conditions):
        if index:
            yield Words("and")
        yield from _row(condition, name, f"when.{index}", there, tests)
    more = name(f"when.{len(conditions)}:test")
    empty = "and nothing else" if conditions else "every incident"
    groups = (("", (("", empty),)), *one_group(tests))
    yield select(more, "And if", "", groups, reshapes=True)


def read_conditions(given: Given) -> list[dict[str, Any]]:
    """Return the conditions that were chosen; one without a value gets the first."""
    return [_read(row) for row in given.rows("when") if row.text("test")]


def _row(
    condition: Mapping[str, Any],
    name: Callable[[str], str],
    row: str,
    there: Surroundings,
    tests: tuple[Option, ...],
) -> Iterator[Part]:
    field, op = str(condition.get("field", "")), str(condition.get("op", ""))
    value = condition.get("value", "")
    base = "label" if field.startswith(_LABEL) else field
    groups = (*one_group(tests), ("", (("", "— take out —"),)))
    yield select(name(f"{row}:test"), "If", f"{base} {op}", groups, reshapes=True)
    if base == "label":
        label = field.removeprefix(_LABEL)
        yield Text(name(f"{row}:label"), "Name of the alert label", label, "name")
    where = name(f"{row}:value")
    offered = choices.values_of(base, there) if op in ("=", "!=", ">=", "<=") else None
    if offered is not None:
        yield select(where, "Value", str(value), offered)
    elif base == "clock":
        yield Number(where, "Percent", value, most=100)
    else:
        yield Text(where, "Value", str(value))


def _read(row: Given) -> dict[str, Any]:
    base, _, op = row.text("test").partition(" ")
    field = f"{_LABEL}{row.text('label')}" if base == "label" else base
    value = row.number("value") if base in _NUMBERS else row.text("value")
    return {"field": field, "op": op, "value": value}
