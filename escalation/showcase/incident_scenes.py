"""What the lab's people do about the incident: from the report to the decisions."""

from datetime import datetime, timedelta

from escalation.duties.assessment import Answer, assessment_of, give_answer
from escalation.duties.decisions import Judgement, confirm, decide, standing_decisions
from escalation.duties.instants import choose_anchor, note_anchor
from escalation.duties.models import AnchorValue, Precision, Said, Verdict
from escalation.showcase import story
from escalation.showcase.case import Case
from escalation.showcase.cast import Cast, Person
from escalation.showcase.story import MINUTE
from incidents.incident.lifecycle import acknowledge, comment, resolve
from incidents.incident.models import AcknowledgedVia
from incidents.incident.opening import NewIncident, open_incident
from incidents.models import Incident

# An answer takes a person a minute or two.
_ANSWER_TAKES = timedelta(seconds=90)


def report(cast: Cast, now: datetime) -> Incident:
    """Have the lab's staff file the incident."""
    new = NewIncident(
        organisation_id=cast.lab.pk,
        title=story.TITLE,
        description=story.DESCRIPTION,
        category=story.CATEGORY,
        severity=story.SEVERITY,
        is_danger=False,
        facts={"facets": dict(story.FACTS)},
        occurred_at=now - story.OCCURRED_BEFORE,
        detected_at=now - story.DETECTED_BEFORE,
        reported_by=cast.staff.user,
    )
    return open_incident(new, actor=cast.staff.actor, now=now)


def take_on(case: Case) -> None:
    """Have both sides acknowledge, and the agency hear how it stands."""
    responder = case.cast.responder
    _acknowledge(case, responder, after=timedelta(seconds=40))
    _acknowledge(case, case.cast.officer, after=timedelta(seconds=75))
    comment(
        case.incident,
        text=story.UPDATE,
        is_shared=True,
        organisation=responder.side,
        user=responder.user,
        actor=responder.actor,
        now=case.at(9 * MINUTE),
    )


def dispute_awareness(case: Case) -> None:
    """Note both instants at which one may have known of a model, and choose one."""
    attributed = _note(
        case,
        before=story.ATTRIBUTED_BEFORE,
        source=story.ATTRIBUTED_SOURCE,
        after=125 * MINUTE,
    )
    _note(
        case,
        before=story.SUSPECTED_BEFORE,
        source=story.SUSPECTED_SOURCE,
        after=129 * MINUTE,
    )
    choose_anchor(
        attributed,
        regime_id=story.GPAI,
        reason=story.WHY_ATTRIBUTED,
        author=case.cast.approver.user,
        now=case.at(138 * MINUTE),
    )


def close(case: Case) -> None:
    """Resolve the incident: what is left are its reports."""
    responder = case.cast.responder
    resolve(
        case.incident,
        reason=story.RESOLVED,
        user=responder.user,
        actor=responder.actor,
        now=case.at(50 * MINUTE),
    )


def assess(case: Case) -> None:
    """Answer every question that is asked, each with its reason."""
    cast, after = case.cast, 70 * MINUTE
    while asked := assessment_of(case.incident, cast.lab.pk).open:
        give_answer(
            case.incident,
            _answer(asked[0].question.key),
            organisation=cast.lab,
            author=cast.approver.user,
            now=case.at(after),
        )
        after += _ANSWER_TAKES


def decide_and_confirm(case: Case) -> None:
    """Have one person decide under each law but one, and another confirm it."""
    cast, after = case.cast, 150 * MINUTE
    for verdict in story.VERDICTS:
        now = case.at(after)
        decide(
            case.incident,
            _judgement(verdict, now),
            organisation=cast.lab,
            author=cast.approver.user,
            now=now,
        )
        after += 6 * MINUTE
    after = 210 * MINUTE
    for decision in standing_decisions(case.incident.pk, cast.lab.pk).values():
        confirm(decision, by=cast.admin.user, now=case.at(after))
        after += 2 * MINUTE


def _acknowledge(case: Case, person: Person, *, after: timedelta) -> None:
    acknowledge(
        case.incident,
        organisation=person.side,
        user=person.user,
        via=AcknowledgedVia.PAGE,
        actor=person.actor,
        now=case.at(after),
    )


def _note(
    case: Case, *, before: timedelta, source: str, after: timedelta
) -> AnchorValue:
    at = case.opened_at - before
    return note_anchor(
        case.incident,
        organisation=case.cast.lab,
        name=story.AWARE,
        written=at.isoformat(timespec="seconds"),
        at=at,
        precision=Precision.EXACT,
        source=source,
        author=case.cast.approver.user,
        now=case.at(after),
    )


def _answer(key: str) -> Answer:
    if why := story.TRUE.get(key):
        return Answer(key, Said.YES, why)
    return Answer(key, Said.NO, story.FALSE.get(key, story.WHY_FALSE))


def _judgement(verdict: story.Verdict, now: datetime) -> Judgement:
    if verdict.limbs:
        return Judgement(
            verdict.regime_id, Verdict.REPORTABLE, verdict.reason, verdict.limbs
        )
    review_on = (now + story.NO_REVIEW_AFTER).date()
    return Judgement(
        verdict.regime_id, Verdict.NOT_REPORTABLE, verdict.reason, (), review_on
    )
