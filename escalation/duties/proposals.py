"""What the answers of an assessment suggest under one regime, limb by limb.

A proposal decides nothing: a person does, and a second one confirms. *Not reportable* is
proposed only if every limb is ruled out; one limb that is met is enough for *reportable*.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from escalation.regimes.answers import key_of
from escalation.regimes.questions import NO, UNKNOWN, YES, Question
from escalation.regimes.regime import Limb, Regime, Stage, Status


class Proposal(StrEnum):
    """What is suggested, in the words of a verdict."""

    REPORTABLE = "reportable"
    NOT_REPORTABLE = "not_reportable"
    UNDECIDED = "undecided"


class LimbState(StrEnum):
    """Where a limb stands by the answers."""

    MET = "met"
    OPEN = "open"
    RULED_OUT = "ruled_out"


@dataclass(frozen=True, slots=True)
class AssessedLimb:
    """One limb, in the law's words, and the question that settles it."""

    limb: Limb
    state: LimbState
    question: Question
    # Answered, but nobody knows yet.
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is suggested under a regime, and why in one sentence."""

    regime: Regime
    proposal: Proposal
    why: str
    limbs: tuple[AssessedLimb, ...] = ()
    # What keeps it from binding now: the law is not in effect, a draft, voluntary.
    remark: str = ""
    # Stages of which the own trigger has come: a question of theirs says yes.
    triggered: tuple[Stage, ...] = ()

    def limbs_in(self, state: LimbState) -> tuple[AssessedLimb, ...]:
        """Return the limbs that stand so."""
        return tuple(one for one in self.limbs if one.state == state)


_REMARKS: Final = {
    Status.PENDING: "The law binds nobody yet.",
    Status.NOT_IN_EFFECT: "The law is not in effect.",
    Status.DRAFT: "This is a draft, no law.",
    Status.VOLUNTARY: "Whoever takes part has bound themselves; it is no law.",
}
_STATES: Final = {YES: LimbState.MET, NO: LimbState.RULED_OUT}


def propose(
    regime: Regime, *, questions: Mapping[str, Question], said: Mapping[str, str]
) -> Proposed:
    """Return what settled questions suggest. Requires the questions of the regime."""
    limbs = tuple(_assessed(regime, limb, questions, said) for limb in regime.limbs)
    states = [one.state for one in limbs]
    return Proposed(
        regime=regime,
        proposal=_proposal(states),
        why=_why(limbs),
        limbs=limbs,
        remark=_remark(regime),
        triggered=tuple(one for one in regime.stages if said.get(one.asks) == YES),
    )


def _assessed(
    regime: Regime,
    limb: Limb,
    questions: Mapping[str, Question],
    said: Mapping[str, str],
) -> AssessedLimb:
    key = key_of(regime, limb)
    answer = said.get(key, "")
    state = _STATES.get(answer, LimbState.OPEN)
    return AssessedLimb(limb, state, questions[key], is_unknown=answer == UNKNOWN)


def _proposal(states: list[LimbState]) -> Proposal:
    if LimbState.MET in states:
        return Proposal.REPORTABLE
    if states and all(state == LimbState.RULED_OUT for state in states):
        return Proposal.NOT_REPORTABLE
    return Proposal.UNDECIDED


def _why(limbs: tuple[AssessedLimb, ...]) -> str:
    if not limbs:
        return (
            "No conditions are written down for it: people decide without a proposal."
        )
    met = [one for one in limbs if one.state == LimbState.MET]
    if met:
        return f"{len(met)} of {_conditions(limbs)} met: one is enough."
    still = [one for one in limbs if one.state == LimbState.OPEN]
    if not still:
        return "Every condition is ruled out."
    unknown = sum(one.is_unknown for one in still)
    asked = len(still) - unknown
    parts = [
        f"{unknown} not known yet" if unknown else "",
        f"{asked} not answered" if asked else "",
    ]
    open_ones = f"{len(still)} of {_conditions(limbs)} open"
    return f"{open_ones}: {', '.join(part for part in parts if part)}."


def _conditions(limbs: tuple[AssessedLimb, ...]) -> str:
    return f"{len(limbs)} condition{'s' if len(limbs) > 1 else ''}"


def _remark(regime: Regime) -> str:
    remark = _REMARKS.get(regime.status, "")
    if regime.status == Status.PENDING and regime.effective_from:
        return f"The law binds from {regime.effective_from:%-d %B %Y}."
    return remark
