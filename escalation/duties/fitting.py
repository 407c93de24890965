"""What is suggested under each regime beside what was decided, and whether the two fit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from escalation.duties.misfits import misfit
from escalation.duties.models import Decision
from escalation.duties.proposals import Proposed


@dataclass(frozen=True, slots=True)
class Fitted:
    """One suggestion and the decision that stands; `misfit` says why they do not fit."""

    proposed: Proposed
    decision: Decision | None
    misfit: str


def fit(
    proposals: Iterable[Proposed], decisions: Mapping[str, Decision]
) -> tuple[Fitted, ...]:
    """Lay the standing decisions, by regime, beside the suggestions."""
    return tuple(_fitted(one, decisions.get(one.regime.id)) for one in proposals)


def _fitted(proposed: Proposed, decision: Decision | None) -> Fitted:
    if decision is None:
        return Fitted(proposed, None, "")
    why = misfit(proposed, verdict=decision.verdict, limbs=decision.limbs)
    return Fitted(proposed, decision, why)
