"""What an incident's own facts suggest as the answer to a question; it answers nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from escalation.regimes.questions import CATEGORY, DANGER, YES, Question
from incidents.incident.facets import FACETS
from incidents.incident.taxonomy import CATEGORIES

Facts = Mapping[str, frozenset[str]]
"""What an incident says of itself: its category, its facets, whether there is danger."""

_DANGER: Final = "Is anyone in danger?"
_NAMES: Final = {CATEGORY: "Category", DANGER: _DANGER} | {
    facet.key: facet.name for facet in FACETS
}
_VALUES: Final = (
    {(CATEGORY, one.code): one.name for one in CATEGORIES}
    | {(DANGER, "yes"): "Yes", (DANGER, "no"): "No"}
    | {(facet.key, one.value): one.name for facet in FACETS for one in facet.choices}
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An answer, and the fact with those of its values that suggest it."""

    said: str
    fact: str
    values: tuple[str, ...]

    @property
    def words(self) -> str:
        """Return what the incident says.

        >>> Suggestion("yes", "harm", ("physical",)).words
        'What kind of harm? To life or body'
        """
        name = _NAMES[self.fact]
        values = ", ".join(_VALUES[self.fact, one] for one in self.values)
        return f"{name} {values}" if name.endswith("?") else f"{name}: {values}"


def suggest(question: Question, facts: Facts) -> Suggestion | None:
    """Return what the facts suggest, a *yes* before a *no*; None if nothing."""
    fitting = []
    for hint in question.hints:
        values = facts.get(hint.fact, frozenset()).intersection(hint.values)
        if values:
            fitting.append(Suggestion(hint.said, hint.fact, tuple(sorted(values))))
    return min(fitting, key=lambda one: one.said != YES, default=None)
