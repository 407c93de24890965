"""Lay a draft out as a ladder: a sentence of controls for each step, with its notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from escalation.authoring.checking import Checked
from escalation.authoring.editor.controls import Option, Part, Words
from escalation.authoring.editor.draft import BRANCHES, ROOT, Steps
from escalation.authoring.editor.step_forms import STEP_FORMS
from escalation.authoring.surroundings import Surroundings
from escalation.policies.findings import Finding
from escalation.policies.timing import describe_span

_BRANCH_SIGNS: Final = {"then": ".", "else": " else "}
_BRANCH_NAMES: Final = {"then": "then", "else": "else"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One step. `place` names its controls, `id` its element, `moves` its buttons."""

    place: str
    id: str
    label: str
    kind: str
    parts: tuple[Part, ...]
    when: str
    findings: tuple[Finding, ...]
    moves: tuple[Option, ...]
    branches: tuple["RungList", ...] = ()


@dataclass(frozen=True, slots=True)
class RungList:
    """The steps of one list, and what may be added where."""

    prefix: str
    id: str
    name: str
    rungs: tuple[Rung, ...]
    kinds: tuple[Option, ...]
    places: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Ladder:
    """A draft's steps with everything that is said about them."""

    there: Surroundings
    checked: Checked

    def of(self, steps: Steps) -> RungList:
        """Return the whole ladder."""
        return self._list(steps, ROOT, name="", sign="")

    def _list(self, steps: Steps, prefix: str, *, name: str, sign: str) -> RungList:
        rungs = tuple(
            self._rung(step, f"{prefix}.{index}", f"{sign}{index + 1}", len(steps))
            for index, step in enumerate(steps)
        )
        before = tuple(
            (str(index), f"before step {rung.label}")
            for index, rung in enumerate(rungs)
        )
        return RungList(
            prefix=prefix,
            id=_id(prefix),
            name=name,
            rungs=rungs,
            kinds=tuple((form.kind, form.label) for form in STEP_FORMS.values()),
            places=(("", "at the end"), *before),
        )

    def _rung(
        self, step: Mapping[str, Any], place: str, label: str, count: int
    ) -> Rung:
        span = self.checked.spans.get(label)
        return Rung(
            place=place,
            id=_id(place),
            label=label,
            kind=str(step.get("kind", "")),
            parts=self._parts(step, place),
            when=describe_span(span) if span else "",
            findings=tuple(f for f in self.checked.findings if f.where == label),
            moves=_moves(step, place, count),
            branches=self._branches(step, place, label),
        )

    def _parts(self, step: Mapping[str, Any], place: str) -> tuple[Part, ...]:
        form = STEP_FORMS.get(str(step.get("kind")))
        if form is None:
            return (
                Words(f"A step of the kind {step.get('kind')!r} is not known here."),
            )
        return tuple(form.parts(step, lambda part: f"{place}:{part}", self.there))

    def _branches(
        self, step: Mapping[str, Any], place: str, label: str
    ) -> tuple[RungList, ...]:
        if step.get("kind") != "if":
            return ()
        return tuple(
            self._list(
                step.get(branch) or [],
                f"{place}.{branch}",
                name=_BRANCH_NAMES[branch],
                sign=f"{label}{_BRANCH_SIGNS[branch]}",
            )
            for branch in BRANCHES
        )


def note_ids(ladder: RungList) -> Sequence[str]:
    """Return the ids of the notes of all steps, for what is refreshed while typing."""
    found = []
    for rung in ladder.rungs:
        found.append(f"note-{rung.id}")
        for branch in rung.branches:
            found += note_ids(branch)
    return found


def findings_of(ladder: RungList) -> list[Finding]:
    """Return what was found at all steps."""
    found: list[Finding] = []
    for rung in ladder.rungs:
        found += rung.findings
        for branch in rung.branches:
            found += findings_of(branch)
    return found


def _moves(step: Mapping[str, Any], place: str, count: int) -> tuple[Option, ...]:
    """Return the buttons that make sense where the step stands."""
    prefix, _, index = place.rpartition(".")
    offered = [
        ("up", "Up", int(index) > 0),
        ("down", "Down", int(index) < count - 1),
        ("indent", "Only if …", step.get("kind") != "repeat"),
        ("outdent", "Out of the branch", prefix != ROOT),
        ("remove", "Remove", True),
    ]
    return tuple(
        (f"{verb}:{place}", words) for verb, words, is_of_use in offered if is_of_use
    )


def _id(place: str) -> str:
    return place.replace(".", "-")
