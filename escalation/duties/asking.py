"""What the guided assessment asks now, of the questions that matter for some regimes.

What the incident's own facts suggest stands beside a question and answers nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from escalation.duties.models import AssessmentAnswer
from escalation.duties.proposals import Proposed, propose
from escalation.duties.suggesting import Facts, Suggestion, suggest
from escalation.regimes.answers import contradictions, questions_of, settle
from escalation.regimes.questions import (
    CATEGORY,
    DANGER,
    NO,
    YES,
    Question,
    shipped_questions,
)
from escalation.regimes.regime import Regime
from incidents.models import Incident


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it stands: its answer, and for which regimes it is asked."""

    question: Question
    answer: AssessmentAnswer | None
    suggestion: Suggestion | None
    regimes: tuple[Regime, ...]
    # Questions that say no although this one was answered yes.
    against: tuple[Question, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to answer it, or to answer it anew."""
        return self.answer is None or bool(self.against)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is asked, and what is proposed under each regime."""

    asked: tuple[Asked, ...] = ()
    proposals: tuple[Proposed, ...] = ()
    # How many more may be asked, by what the next answers are.
    waiting: int = 0

    @property
    def open(self) -> tuple[Asked, ...]:
        """Return what is still to be answered, in order."""
        return tuple(one for one in self.asked if one.is_open)

    @property
    def answered(self) -> tuple[Asked, ...]:
        """Return what was answered, in order."""
        return tuple(one for one in self.asked if not one.is_open)

    def find(self, key: str) -> Asked | None:
        """Return one of the questions that are asked."""
        return next((one for one in self.asked if one.question.key == key), None)

    def behind(self, asked: Asked | None) -> Asked | None:
        """Return the next open question behind one, else the first that is open."""
        keys = [one.question.key for one in self.asked]
        place = keys.index(asked.question.key) if asked else -1
        later = [one for one in self.asked[place + 1 :] if one.is_open]
        return next(iter([*later, *self.open]), None)


def assess(
    regimes: Sequence[Regime], rows: Mapping[str, AssessmentAnswer], facts: Facts
) -> Assessment:
    """Return what is asked under these regimes and what the answers suggest."""
    by_regime = {one.id: questions_of(one, shipped_questions()) for one in regimes}
    questions = _in_order(by_regime.values())
    answers = {key: row.said for key, row in rows.items()}
    said = settle(questions, answers)
    against = contradictions(questions, answers, said)
    asked = tuple(
        Asked(
            question=question,
            answer=rows.get(key),
            suggestion=suggest(question, facts),
            regimes=tuple(one for one in regimes if key in by_regime[one.id]),
            against=tuple(questions[name] for name in against.get(key, ())),
        )
        for key, question in questions.items()
        if _is_asked(question, answers, said)
    )
    proposals = tuple(
        propose(one, questions=questions, said=said) for one in regimes if one.stages
    )
    return Assessment(asked, proposals, _waiting(questions, said))


def facts_of(incident: Incident) -> Facts:
    """Return what the incident says of itself."""
    found = {CATEGORY: frozenset({incident.category})}
    if incident.is_danger is not None:
        found[DANGER] = frozenset({YES if incident.is_danger else NO})
    for name, value in incident.facts.items():
        values = value if isinstance(value, list) else [value]
        found[name] = frozenset(str(one) for one in values)
    return found


def _in_order(several: Iterable[Mapping[str, Question]]) -> dict[str, Question]:
    """Return the questions of all in the order of asking, those in a law's words last."""
    found = {key: one for questions in several for key, one in questions.items()}
    shipped = [key for key in shipped_questions() if key in found]
    own = [key for key in found if key not in shipped]
    return {key: found[key] for key in [*shipped, *own]}


def _is_asked(
    question: Question, answers: Mapping[str, str], said: Mapping[str, str]
) -> bool:
    """Tell whether a question matters now: nothing before it is open or says no.

    One that was answered yes stays, so that the answer can be taken back.
    """
    if question.any_of:
        return False
    if answers.get(question.key) == YES:
        return True
    return all(said.get(name, NO) != NO for name in question.only_if)


def _waiting(questions: Mapping[str, Question], said: Mapping[str, str]) -> int:
    return sum(
        not question.any_of
        and key not in said
        and any(name not in said for name in question.only_if)
        for key, question in questions.items()
    )
