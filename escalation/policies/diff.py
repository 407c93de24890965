"""Say what differs between two versions of a policy, sentence by sentence.

>>> [c.kind for c in diff_lines([Line("1", "Wait 5 minutes")], [Line("1", "Wait 1 hour")])]
['changed']
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal

from escalation.policies.sentences import describe_plan
from escalation.policies.steps import PolicyPlan

ChangeKind = Literal["kept", "added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a policy; `label` is the step's, empty for what is no step."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a sentence; `before` is None for an added one, `after` for a removed."""

    kind: ChangeKind
    before: Line | None
    after: Line | None


def lines_of(plan: PolicyPlan) -> tuple[Line, ...]:
    """Return a policy's sentences, the steps first."""
    count = len(plan.steps)
    return tuple(
        Line(plan.labels[index] if index < count else "", sentence)
        for index, sentence in enumerate(describe_plan(plan))
    )


def diff_plans(before: PolicyPlan, after: PolicyPlan) -> tuple[Change, ...]:
    """Return every sentence of both, in order, with what became of it."""
    return diff_lines(lines_of(before), lines_of(after))


def same_places(before: PolicyPlan, after: PolicyPlan) -> dict[int, int]:
    """Return {old step: new step} of those kept or changed in place, the ends too."""
    places = {len(before.steps): len(after.steps)}
    for change in diff_plans(before, after):
        if change.before is None or change.after is None:
            continue
        old = before.place_of(change.before.label)
        new = after.place_of(change.after.label)
        if old is not None and new is not None:
            places[old] = new
    return places


def diff_lines(before: Sequence[Line], after: Sequence[Line]) -> tuple[Change, ...]:
    """Compare by text alone: a step that only moved along is kept."""
    texts = ([line.text for line in before], [line.text for line in after])
    matcher = SequenceMatcher(None, *texts, autojunk=False)
    return tuple(
        change
        for _, low, high, start, end in matcher.get_opcodes()
        for change in _pairs(before[low:high], after[start:end])
    )


def _pairs(before: Sequence[Line], after: Sequence[Line]) -> Iterator[Change]:
    for old, new in zip_longest(before, after):
        if old is None:
            yield Change("added", None, new)
        elif new is None:
            yield Change("removed", old, None)
        elif old.text == new.text:
            yield Change("kept", old, new)
        else:
            yield Change("changed", old, new)
