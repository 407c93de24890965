"""Let an agency ask the owner of an incident, and the owner answer."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.models import Incident
from incidents.organisations.models import Organisation, User
from incidents.timers.schedule import add_timer
from incidents.triage.models import Question, TriageRow, TriageState
from incidents.triage.rows import locked_row

MAX_TEXT: Final = 10_000
QUESTION_TIMER: Final = "triage.question"
ANSWER_TIMER: Final = "triage.answer"


def request_info(
    incident: Incident,
    *,
    organisation: Organisation,
    text: str,
    user: User,
    actor: Actor,
    now: datetime,
) -> Question:
    """Ask the lab; its desk is told. Locks the incident. Raises BadInput, NotPossible."""
    with recording(now):
        row = locked_row(incident, organisation=organisation)
        question = ask(row, text=text, user=user, actor=actor, now=now)
        row.state = TriageState.ASKED
        row.save(update_fields=["state"])
    return question


def ask(
    row: TriageRow, *, text: str, user: User, actor: Actor, now: datetime
) -> Question:
    """Write a question of the row's agency. Requires an open recording, row locked."""
    incident = row.incident
    question = Question.objects.create(
        incident=incident,
        organisation=row.organisation,
        text=checked_text("question", text),
        asked_by=user,
        asked_at=now,
    )
    record(
        "triage.info_requested",
        incident=incident,
        organisation_id=row.organisation_id,
        actor=actor,
        body={"text": question.text, "question": _number_of(question)},
    )
    add_timer(
        kind=QUESTION_TIMER,
        subject_id=question.pk,
        organisation_id=incident.organisation_id,
        incident_id=incident.pk,
        due_at=now,
    )
    return question


def answer(
    question: Question, *, text: str, user: User, actor: Actor, now: datetime
) -> Question:
    """Answer for the lab; the agency's row comes back to its queue as answered.

    Locks the incident. Raises BadInput, and NotPossible when it has an answer or the
    incident is no longer shared.
    """
    with recording(now):
        row = locked_row(question.incident, organisation=question.organisation)
        question.refresh_from_db()
        _check_open(question)
        question.answer = checked_text("answer", text)
        question.answered_by = user
        question.answered_at = now
        question.save(update_fields=["answer", "answered_by", "answered_at"])
        row.state = TriageState.ANSWERED
        row.save(update_fields=["state"])
        _record_answer(question, row=row, actor=actor, now=now)
    return question


def questions_for(
    incident: Incident, organisation_ids: Collection[int]
) -> QuerySet[Question]:
    """Return the questions that these organisations may see: all for the owner."""
    questions = incident.questions.select_related("organisation")
    if incident.organisation_id in organisation_ids:
        return questions
    return questions.filter(Q(organisation__in=organisation_ids))


def checked_text(field: str, text: str) -> str:
    """Return the text without its outer blanks. Raises BadInput when empty or too long."""
    cleaned = text.replace("\x00", "").strip()
    if not cleaned:
        raise BadInput(field, text, "Write at least a sentence.")
    if len(cleaned) > MAX_TEXT:
        remedy = f"Keep it to {MAX_TEXT} characters; attach what is longer."
        raise BadInput(field, text, remedy)
    return cleaned


def _number_of(question: Question) -> int:
    """Count within the agency's questions on this incident: the key would tell more."""
    earlier = Question.objects.filter(
        incident=question.incident_id,
        organisation=question.organisation_id,
        pk__lte=question.pk,
    )
    return earlier.count()


def _check_open(question: Question) -> None:
    if question.answered_at is not None:
        raise NotPossible(
            "This question has an answer already.",
            state={"answered_at": question.answered_at.isoformat()},
        )


def _record_answer(
    question: Question, *, row: TriageRow, actor: Actor, now: datetime
) -> None:
    record(
        "triage.info_answered",
        incident=row.incident,
        organisation_id=row.incident.organisation_id,
        agency_id=row.organisation_id,
        actor=actor,
        body={"text": question.answer, "question": _number_of(question)},
    )
    add_timer(
        kind=ANSWER_TIMER,
        subject_id=question.pk,
        organisation_id=row.organisation_id,
        incident_id=row.incident_id,
        due_at=now,
    )
