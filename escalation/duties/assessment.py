"""The guided assessment of one organisation on an incident: its answers, kept.

An answer is a row; a later one takes its place and leaves it. Who may answer is for the
page and the API to ask; the other side of a share never sees any of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from escalation.duties.asking import Asked, Assessment, assess, facts_of
from escalation.duties.decisions import standing_decisions
from escalation.duties.fitting import Fitted, fit
from escalation.duties.looking import ask_to_look
from escalation.duties.models import AssessmentAnswer, Decision, Said
from escalation.duties.telling import Word, tell
from escalation.lawbook.profiles import profile_of
from escalation.lawbook.registry import regimes_of
from escalation.regimes.answers import (
    Answers,
    met_limbs,
    questions_of,
    ruled_out_limbs,
    settle,
)
from escalation.regimes.questions import shipped_questions
from escalation.regimes.regime import Regime
from incidents.errors import BadInput, NotPossible
from incidents.events.record import record, recording
from incidents.incident.access import actor_for
from incidents.incident.lifecycle import lock_incidents
from incidents.models import Incident, Organisation, User

MAX_REASON: Final = 1000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says to a question. A *no* and a *not known* need a reason."""

    question: str
    said: str
    reason: str = ""


def assessment_of(incident: Incident, organisation_id: int) -> Assessment:
    """Return an organisation's assessment of an incident, for the regimes it watches."""
    known, watched = regimes_of(organisation_id), profile_of(organisation_id).regimes
    regimes = [known[name].regime for name in sorted(watched) if name in known]
    return _assessed(incident, organisation_id, regimes)


def assessment_under(incident: Incident, regimes: Sequence[Regime]) -> Assessment:
    """Return the owner's assessment of an incident, under these regimes."""
    return _assessed(incident, incident.organisation_id, regimes)


def _assessed(
    incident: Incident, organisation_id: int, regimes: Sequence[Regime]
) -> Assessment:
    rows = standing_answers(incident.pk, organisation_id)
    return assess(regimes, rows, facts_of(incident))


def give_answer(
    incident: Incident,
    given: Answer,
    *,
    organisation: Organisation,
    author: User,
    now: datetime,
) -> AssessmentAnswer:
    """Answer a question anew and have the clocks looked at. Locks the incident.

    Who made a decision that the answer does not fit is told. The same answer again
    changes nothing. Raises BadInput; NotPossible for a question
    that is not asked of this organisation now.
    """
    given = _checked(given)
    with recording(now):
        # What is asked is read under the lock: an answer may have settled it meanwhile.
        lock_incidents([incident.pk])
        before = assessment_of(incident, organisation.pk)
        asked = _asked(before, given.question)
        former = asked.answer
        if former and (former.said, former.reason) == (given.said, given.reason):
            return former
        if former:
            AssessmentAnswer.objects.filter(pk=former.pk).update(is_current=False)
        row = AssessmentAnswer.objects.create(
            incident=incident,
            organisation=organisation,
            question=given.question,
            said=given.said,
            reason=given.reason,
            author=author,
            answered_at=now,
        )
        _record(row, asked)
        _tell_misfits(row, before, now=now)
        ask_to_look(incident.pk, organisation.pk, now)
    return row


def fitted_proposals(incident: Incident, assessment: Assessment) -> tuple[Fitted, ...]:
    """Return what is suggested to the owner beside what its people decided."""
    decisions = standing_decisions(incident.pk, incident.organisation_id)
    return fit(assessment.proposals, decisions)


def standing_answers(
    incident_id: int, organisation_id: int
) -> dict[str, AssessmentAnswer]:
    """Return {key of the question: the answer that stands}."""
    rows = AssessmentAnswer.objects.filter(
        incident=incident_id, organisation=organisation_id, is_current=True
    )
    return {row.question: row for row in rows.select_related("author")}


def former_answers(
    incident_id: int, organisation_id: int
) -> dict[str, list[AssessmentAnswer]]:
    """Return {key of the question: the answers that others replaced, the newest first}."""
    rows = AssessmentAnswer.objects.filter(
        incident=incident_id, organisation=organisation_id, is_current=False
    )
    found: dict[str, list[AssessmentAnswer]] = {}
    for row in rows.select_related("author").order_by("-pk"):
        found.setdefault(row.question, []).append(row)
    return found


def answers_of(incident_id: int, organisation_id: int) -> Mapping[str, Said]:
    """Return {key of the question: what was said}, of the answers that stand."""
    rows = standing_answers(incident_id, organisation_id)
    return {key: Said(row.said) for key, row in rows.items()}


def met(regime: Regime, answers: Answers) -> set[str]:
    """Return the ids of a regime's limbs that are met by the answers."""
    return met_limbs(regime, _settled(regime, answers))


def ruled_out(regime: Regime, answers: Answers) -> set[str]:
    """Return the ids of a regime's limbs that the answers rule out."""
    return ruled_out_limbs(regime, _settled(regime, answers))


def _settled(regime: Regime, answers: Answers) -> dict[str, str]:
    return settle(questions_of(regime, shipped_questions()), answers)


def _asked(assessment: Assessment, key: str) -> Asked:
    asked = assessment.find(key)
    if asked is None:
        keys = [one.question.key for one in assessment.asked]
        message = f"The question {key!r} is not asked here now."
        raise NotPossible(message, state={"asked": ", ".join(keys)})
    return asked


def _checked(given: Answer) -> Answer:
    if given.said not in set(Said):
        raise BadInput("said", given.said, f"Use one of {', '.join(Said)}.")
    reason = given.reason.replace("\x00", "").strip()
    if given.said != Said.YES and not reason:
        remedy = "Write why: a no and a not known need a reason."
        raise BadInput("reason", reason, remedy)
    if len(reason) > MAX_REASON:
        raise BadInput("reason", reason, f"Keep it to {MAX_REASON} characters.")
    return Answer(given.question, given.said, reason)


def _record(row: AssessmentAnswer, asked: Asked) -> None:
    body = {"question": row.question, "asked": asked.question.text, "said": row.said}
    if row.reason:
        body["text"] = row.reason
    record(
        "assessment.answered",
        incident=row.incident,
        organisation_id=row.organisation_id,
        actor=actor_for(row.author, row.organisation),
        body=body,
    )


def _tell_misfits(row: AssessmentAnswer, before: Assessment, *, now: datetime) -> None:
    """Record, and tell those who decided, what the new answer makes unfit."""
    decisions = standing_decisions(row.incident_id, row.organisation_id)
    if not decisions:
        return
    known = {one.misfit for one in fit(before.proposals, decisions)}
    after = assessment_of(row.incident, row.organisation_id)
    words = []
    for one in fit(after.proposals, decisions):
        if one.decision and one.misfit and one.misfit not in known:
            _record_misfit(row, one.decision, one.misfit)
            words.append(_word(row, one.decision, one.misfit))
    tell(words, now=now)


def _record_misfit(row: AssessmentAnswer, decision: Decision, why: str) -> None:
    record(
        "decision.contradicted",
        incident=row.incident,
        organisation_id=row.organisation_id,
        actor=actor_for(row.author, row.organisation),
        body={
            "decision": decision.pk,
            "regime": decision.regime_id,
            "verdict": decision.verdict,
            "reason": why,
        },
    )


def _word(row: AssessmentAnswer, decision: Decision, why: str) -> Word:
    decision.incident, decision.organisation = row.incident, row.organisation
    return Word(
        decision,
        key=f"misfit:{decision.pk}:{row.pk}",
        why=f"A decision under {decision.regime_id} does not fit any more. {why}",
        people=(decision.decided_by_id, decision.confirmed_by_id),
    )
