"""How each kind of step is edited: one small class for a kind, and one table.

A new kind needs a class with its sentence (`parts`) and how it is read (`read`), and a
row in STEP_FORMS. The body that `read` returns goes through `parse_policy` as any other.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Protocol

from escalation.authoring.editor import choices
from escalation.authoring.editor.conditions import condition_parts, read_conditions
from escalation.authoring.editor.controls import (
    Given,
    Number,
    Part,
    Text,
    Words,
    one_group,
    select,
)
from escalation.authoring.surroundings import Surroundings

Body = Mapping[str, Any]
Name = Callable[[str], str]

_URGENCIES: Final = (
    ("", "urgently from severity 4 on"),
    ("urgent", "urgently, by their urgent rules"),
    ("normal", "by their normal rules"),
)
_UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}


class StepForm(Protocol):
    """How one kind is edited. `label` is its name in the list of steps to add."""

    kind: ClassVar[str]
    label: ClassVar[str]

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return the body of a new one, ready to be saved where that is possible."""
        ...

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return its sentence; `name` makes the names of controls."""
        ...

    def read(self, given: Given) -> dict[str, Any]:
        """Return the body from what was posted, without the kind."""
        ...


class NotifyForm:
    """Page these, so urgently."""

    kind: ClassVar[str] = "notify"
    label: ClassVar[str] = "Page people"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return a page to the first schedule or team there is."""
        first = choices.targets(there)[0][1][0][0]
        return {"targets": [choices.target_body(first)]}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return a select for each target, and one to add another."""
        offered = choices.targets(there)
        parts: list[Part] = [Words("Page")]
        for index, target in enumerate(body.get("targets") or []):
            value = choices.target_value(target)
            parts += [Words("and")] if index else []
            groups = (*offered, ("", (("", "— nobody: take out —"),)))
            where, label = name(f"target.{index}:who"), f"Whom, {index + 1}"
            parts.append(select(where, label, value, groups))
        more = name(f"target.{len(body.get('targets') or [])}:who")
        groups = (("", (("", "and nobody else"),)), *offered)
        parts.append(select(more, "And whom else", "", groups))
        urgency = str(body.get("urgency") or "")
        parts.append(
            select(name("urgency"), "How urgently", urgency, one_group(_URGENCIES))
        )
        return parts

    def read(self, given: Given) -> dict[str, Any]:
        """Return the targets that are not empty."""
        found = [row.text("who") for row in given.rows("target")]
        targets = [choices.target_body(value) for value in found if value]
        urgency = given.text("urgency")
        return {"targets": targets} | ({"urgency": urgency} if urgency else {})


class WaitForm:
    """Wait so long."""

    kind: ClassVar[str] = "wait"
    label: ClassVar[str] = "Wait"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return ten minutes."""
        return {"minutes": 10}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return the amount in the largest unit that divides it."""
        amount, unit = _amount(body)
        units = one_group((unit, unit) for unit in _UNITS)
        return [
            Words("Wait"),
            Number(name("amount"), "How long", amount, most=604_800),
            select(name("unit"), "Unit", unit, units),
            Words("for somebody to acknowledge"),
        ]

    def read(self, given: Given) -> dict[str, Any]:
        """Return minutes, or seconds where those are needed."""
        amount, unit = given.number("amount"), given.text("unit")
        if unit == "seconds" or not isinstance(amount, int):
            return {"seconds" if unit == "seconds" else "minutes": amount}
        return {"minutes": amount * _UNITS.get(unit, 60) // 60}


class WaitUntilForm:
    """Wait until a calendar opens."""

    kind: ClassVar[str] = "wait_until"
    label: ClassVar[str] = "Wait until working hours"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return the first calendar."""
        return {"calendar": next(iter(there.calendars), ""), "state": "open"}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return a select of calendars."""
        offered = one_group(there.calendars.items())
        value = str(body.get("calendar", ""))
        return [
            Words("Wait until the hours of"),
            select(name("calendar"), "Calendar", value, offered),
            Words("begin"),
        ]

    def read(self, given: Given) -> dict[str, Any]:
        """Return the calendar."""
        return {"calendar": given.text("calendar"), "state": "open"}


class IfForm:
    """Take some steps only if conditions hold; its branches are read by the draft."""

    kind: ClassVar[str] = "if"
    label: ClassVar[str] = "Only if …, else …"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return a condition on severity; a branch must be filled."""
        return {"when": [{"field": "severity", "op": ">=", "value": 4}]}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return the conditions, and an empty one to add."""
        return [Words("If"), *condition_parts(body.get("when") or [], name, there)]

    def read(self, given: Given) -> dict[str, Any]:
        """Return the conditions."""
        return {"when": read_conditions(given)}


class ShareForm:
    """Let an agency see the incident."""

    kind: ClassVar[str] = "share"
    label: ClassVar[str] = "Share with an agency"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return the first agency."""
        return {"agency": next(iter(there.agencies), "")}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return a select of agencies."""
        offered = one_group(there.agencies.items())
        value = str(body.get("agency", ""))
        return [
            Words("Share the incident with"),
            select(name("agency"), "Agency", value, offered),
        ]

    def read(self, given: Given) -> dict[str, Any]:
        """Return the agency."""
        return {"agency": given.text("agency")}


class RaiseSeverityForm:
    """Raise the severity."""

    kind: ClassVar[str] = "raise_severity"
    label: ClassVar[str] = "Raise the severity"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return the level that pages authorities."""
        return {"to": 4}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return a select of levels."""
        offered = one_group(choices.severities()[1:])
        value = str(body.get("to", ""))
        return [
            Words("Raise the severity to"),
            select(name("to"), "Severity", value, offered),
        ]

    def read(self, given: Given) -> dict[str, Any]:
        """Return the level."""
        return {"to": given.number("to")}


class AssignForm:
    """Give the incident to somebody."""

    kind: ClassVar[str] = "assign"
    label: ClassVar[str] = "Assign it"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return the first schedule or team."""
        first = choices.targets(there, people_only=True)[0][1][0][0]
        return {"target": choices.target_body(first)}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return a select of people."""
        offered = choices.targets(there, people_only=True)
        value = choices.target_value(body.get("target"))
        return [
            Words("Assign it to"),
            select(name("target"), "To whom", value, offered),
            Words("and tell them"),
        ]

    def read(self, given: Given) -> dict[str, Any]:
        """Return the target."""
        return {"target": choices.target_body(given.text("target"))}


class DecisionForm:
    """Ask for a decision under a regime."""

    kind: ClassVar[str] = "decision"
    label: ClassVar[str] = "Ask for a legal decision"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return no regime: somebody must name it."""
        return {"regime": ""}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return a text for the regime."""
        value = str(body.get("regime", ""))
        return [
            Words("Ask the approvers for a decision under"),
            Text(name("regime"), "Regime", value, "eu-ai-act-73"),
        ]

    def read(self, given: Given) -> dict[str, Any]:
        """Return the regime."""
        return {"regime": given.text("regime")}


class RepeatForm:
    """Go back, so many times."""

    kind: ClassVar[str] = "repeat"
    label: ClassVar[str] = "Go back and repeat"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return two rounds of everything."""
        return {"from": 1, "rounds": 2}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return the step and the rounds."""
        return [
            Words("Go back to step"),
            Number(name("from"), "Step", body.get("from", ""), most=50),
            Words("until"),
            Number(name("rounds"), "Rounds", body.get("rounds", ""), least=2, most=9),
            Words("rounds are done"),
        ]

    def read(self, given: Given) -> dict[str, Any]:
        """Return the numbers."""
        return {"from": given.number("from"), "rounds": given.number("rounds")}


class JumpForm:
    """Go on with another policy."""

    kind: ClassVar[str] = "jump"
    label: ClassVar[str] = "Go on with another policy"

    def blank(self, there: Surroundings) -> dict[str, Any]:
        """Return no policy: somebody must choose."""
        return {"policy": ""}

    def parts(self, body: Body, name: Name, there: Surroundings) -> list[Part]:
        """Return a select of policies."""
        offered = one_group(there.policies.items())
        value = str(body.get("policy", ""))
        return [
            Words("End here and go on with the policy"),
            select(name("policy"), "Policy", value, offered),
        ]

    def read(self, given: Given) -> dict[str, Any]:
        """Return the policy."""
        return {"policy": given.text("policy")}


# In the order in which they are offered.
STEP_FORMS: Final[Mapping[str, StepForm]] = {
    form.kind: form
    for form in (
        NotifyForm(),
        WaitForm(),
        WaitUntilForm(),
        IfForm(),
        ShareForm(),
        RaiseSeverityForm(),
        AssignForm(),
        DecisionForm(),
        RepeatForm(),
        JumpForm(),
    )
}


def _amount(body: Body) -> tuple[object, str]:
    """Return a wait as amount and unit; what is no number stays as it was typed."""
    given = body.get("seconds", body.get("minutes", ""))
    unit = "seconds" if "seconds" in body else "minutes"
    if not isinstance(given, int):
        return given, unit
    seconds = given * _UNITS[unit]
    for larger in ("days", "hours", "minutes"):
        if seconds and seconds % _UNITS[larger] == 0:
            return seconds // _UNITS[larger], larger
    return seconds, "seconds"
