"""What answers mean: for a question, for a limb, for what is asked next.

Answers are {key of a question: yes, no or unknown}. A *yes* stands for itself. A *no*
to a question also says no to those that are asked only if it is not *no*; where one of
them was answered *yes* before, the *yes* stands until somebody takes it back, because a
duty may be shown too often, never too seldom.
"""

from collections.abc import Mapping

from escalation.regimes.questions import NO, UNKNOWN, YES, Question, Questions
from escalation.regimes.regime import Limb, Regime

Answers = Mapping[str, str]


def questions_of(regime: Regime, shipped: Questions) -> dict[str, Question]:
    """Return the questions that a regime asks, with those they depend on, in order.

    A limb without a question is asked in its own words, behind all others.
    """
    keys = [limb.asks for limb in regime.limbs] + [one.asks for one in regime.stages]
    needed = _with_those_before({key for key in keys if key}, shipped)
    found = {key: shipped[key] for key in shipped if key in needed}
    own = [limb for limb in regime.limbs if not limb.asks]
    return found | {key_of(regime, limb): _in_its_words(regime, limb) for limb in own}


def key_of(regime: Regime, limb: Limb) -> str:
    """Return the key of the question that settles a limb."""
    return limb.asks or f"{regime.id}:{limb.id}"


def settle(questions: Questions, answers: Answers) -> dict[str, str]:
    """Return what the answers say of each question; one of which they say nothing is out.

    Requires that a question stands behind those it names.
    """
    said: dict[str, str] = {}
    for key, question in questions.items():
        settled = (
            _any(question, said) if question.any_of else _own(question, answers, said)
        )
        if settled:
            said[key] = settled
    return said


def met_limbs(regime: Regime, said: Answers) -> set[str]:
    """Return the ids of the limbs that are met, by settled questions."""
    return {one.id for one in regime.limbs if said.get(key_of(regime, one)) == YES}


def ruled_out_limbs(regime: Regime, said: Answers) -> set[str]:
    """Return the ids of the limbs that are ruled out, by settled questions."""
    return {one.id for one in regime.limbs if said.get(key_of(regime, one)) == NO}


def contradictions(
    questions: Questions, answers: Answers, said: Answers
) -> dict[str, list[str]]:
    """Return {key: those that say no} of each question whose own *yes* does not fit."""
    found = {
        key: [name for name in question.only_if if said.get(name) == NO]
        for key, question in questions.items()
        if answers.get(key) == YES
    }
    return {key: against for key, against in found.items() if against}


def _own(question: Question, answers: Answers, said: Answers) -> str:
    own = answers.get(question.key, "")
    if own != YES and any(said.get(name) == NO for name in question.only_if):
        return NO
    return own


def _any(question: Question, said: Answers) -> str:
    parts = [said.get(name, "") for name in question.any_of]
    if YES in parts:
        return YES
    if all(part == NO for part in parts):
        return NO
    return UNKNOWN if all(parts) else ""


def _with_those_before(keys: set[str], shipped: Questions) -> set[str]:
    found, waiting = set[str](), list(keys)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting += [*shipped[key].only_if, *shipped[key].any_of]
    return found


def _in_its_words(regime: Regime, limb: Limb) -> Question:
    return Question(
        key=key_of(regime, limb),
        topic=regime.name,
        text=f"Does this apply: {limb.text}?",
        help=f"The words are those of {limb.citation}.",
    )
