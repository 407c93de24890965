"""Read the draft of a policy from a posted form, and move its steps about.

The form holds the whole draft, so that nothing is kept between requests and everything
works without JavaScript. A list of steps has a prefix; a step's controls are named by
its place: `s.0:kind`, `s.0:amount`, `s.2.then.1:kind`.
"""

from collections.abc import Mapping
from typing import Any, Final

from escalation.authoring.editor.controls import Given
from escalation.authoring.editor.step_forms import STEP_FORMS
from escalation.authoring.surroundings import Surroundings

ROOT: Final = "s"
BRANCHES: Final = ("then", "else")

Steps = list[dict[str, Any]]


def read_steps(data: Mapping[str, str], prefix: str = ROOT) -> Steps:
    """Return the steps of a list, with those in their branches."""
    steps: Steps = []
    while f"{prefix}.{len(steps)}:kind" in data:
        steps.append(_read_step(data, f"{prefix}.{len(steps)}"))
    return steps


def _read_step(data: Mapping[str, str], place: str) -> dict[str, Any]:
    kind = data[f"{place}:kind"]
    form = STEP_FORMS.get(kind)
    if form is None:
        return {"kind": kind}
    step = {"kind": kind, **form.read(Given(data, place))}
    for branch in BRANCHES:
        inner = read_steps(data, f"{place}.{branch}")
        if inner:
            step[branch] = inner
    return step


def change_steps(
    steps: Steps, command: str, data: Mapping[str, str], there: Surroundings
) -> str:
    """Do what a button says to the steps, in place; returns the place to look at.

    Commands are `add:<list>`, `up|down|remove|indent|outdent:<place>`; others and those
    whose place is not there do nothing.
    """
    verb, _, place = command.partition(":")
    if verb == "add":
        return _add(steps, place, data, there)
    found = _find(steps, place)
    move = _MOVES.get(verb)
    if found is None or move is None:
        return ""
    return move(steps, *found)


def _add(
    steps: Steps, prefix: str, data: Mapping[str, str], there: Surroundings
) -> str:
    form = STEP_FORMS.get(data.get(f"{prefix}:new", ""))
    target = _list_at(steps, prefix)
    if form is None or target is None:
        return ""
    at = data.get(f"{prefix}:at", "")
    index = int(at) if at.isdecimal() and int(at) <= len(target) else len(target)
    target.insert(index, {"kind": form.kind, **form.blank(there)})
    return f"{prefix}.{index}"


def _list_at(steps: Steps, prefix: str) -> Steps | None:
    """Return the list of steps with this prefix; an empty branch is made."""
    if prefix == ROOT:
        return steps
    place, _, branch = prefix.rpartition(".")
    found = _find(steps, place)
    if found is None or branch not in BRANCHES:
        return None
    inner, index, _ = found
    made: Steps = inner[index].setdefault(branch, [])
    return made


def _find(steps: Steps, place: str) -> tuple[Steps, int, str] | None:
    """Return the list that holds the step at a place, its index there, and its prefix."""
    prefix, _, index = place.rpartition(".")
    if not index.isdecimal() or not prefix:
        return None
    inner = _list_at(steps, prefix)
    if inner is None or int(index) >= len(inner):
        return None
    return inner, int(index), prefix


def _up(steps: Steps, inner: Steps, index: int, prefix: str) -> str:
    to = max(index - 1, 0)
    inner.insert(to, inner.pop(index))
    return f"{prefix}.{to}"


def _down(steps: Steps, inner: Steps, index: int, prefix: str) -> str:
    to = min(index + 1, len(inner) - 1)
    inner.insert(to, inner.pop(index))
    return f"{prefix}.{to}"


def _remove(steps: Steps, inner: Steps, index: int, prefix: str) -> str:
    inner.pop(index)
    return f"{prefix}.{max(index - 1, 0)}" if inner else prefix


def _indent(steps: Steps, inner: Steps, index: int, prefix: str) -> str:
    """Put a step into the branch of the *if* before it, else into a new one."""
    before = inner[index - 1] if index else {}
    if before.get("kind") == "if":
        branch = before.setdefault("then", [])
        branch.append(inner.pop(index))
        return f"{prefix}.{index - 1}.then.{len(branch) - 1}"
    step = inner[index]
    when = [{"field": "severity", "op": ">=", "value": 4}]
    inner[index] = {"kind": "if", "when": when, "then": [step]}
    return f"{prefix}.{index}.then.0"


def _outdent(steps: Steps, inner: Steps, index: int, prefix: str) -> str:
    """Take a step out of its branch and put it behind the *if*."""
    if prefix == ROOT:
        return f"{prefix}.{index}"
    outer = _find(steps, prefix.rpartition(".")[0])
    if outer is None:
        return ""
    around, at, outer_prefix = outer
    around.insert(at + 1, inner.pop(index))
    return f"{outer_prefix}.{at + 1}"


_MOVES: Final = {
    "up": _up,
    "down": _down,
    "remove": _remove,
    "indent": _indent,
    "outdent": _outdent,
}
