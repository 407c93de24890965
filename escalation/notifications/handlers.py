"""Tell the other side's desk of a question and of its answer, when their timers fire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from escalation.notifications import (
    quorum_words,
    record_words,
    retention_words,
    retry,
)
from escalation.notifications.address_book import AddressBook
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import facts_of, render_message
from incidents.events.record import recording
from incidents.models import Organisation, Question, Timer, TriageRow
from incidents.timers.schedule import register_handler

QUESTION_TIMER: Final = "triage.question"
ANSWER_TIMER: Final = "triage.answer"


@dataclass(frozen=True, slots=True)
class _Letter:
    """One message to an organisation; `user_id` is the person it is for, if any."""

    question: Question
    purpose: str
    organisation: Organisation
    text: str
    user_id: int | None = None


def register_handlers() -> None:
    """Have the timers of triage's questions and answers come here, and the record's."""
    register_handler(QUESTION_TIMER, send_questions)
    register_handler(ANSWER_TIMER, send_answers)
    record_words.register_handlers()
    quorum_words.register_handlers()
    retention_words.register_handlers()


def send_questions(timers: Sequence[Timer], now: datetime) -> None:
    """Send each question to the desk of the incident's owner."""
    letters = [
        _Letter(question, retry.QUESTION, question.incident.organisation, question.text)
        for question in _questions(timers)
    ]
    _send(letters, now=now)


def send_answers(timers: Sequence[Timer], now: datetime) -> None:
    """Send each answer to the officer who owns the agency's row, else to its desk."""
    questions = [question for question in _questions(timers) if question.answered_at]
    rows = TriageRow.objects.filter(
        incident__in=[question.incident_id for question in questions]
    )
    owners = {(row.incident_id, row.organisation_id): row.owner_id for row in rows}
    letters = [
        _Letter(
            question,
            retry.ANSWER,
            question.organisation,
            question.answer,
            owners.get((question.incident_id, question.organisation_id)),
        )
        for question in questions
    ]
    _send(letters, now=now)


def _questions(timers: Sequence[Timer]) -> list[Question]:
    rows = Question.objects.select_related("incident__organisation", "organisation")
    return list(rows.filter(pk__in=[timer.subject_id for timer in timers]))


def _send(letters: Sequence[_Letter], *, now: datetime) -> None:
    book = AddressBook.load(
        {letter.organisation.pk for letter in letters},
        user_ids={letter.user_id for letter in letters if letter.user_id},
    )
    with recording(now):
        queue_notifications(
            [
                _row(letter, method)
                for letter in letters
                for method in book.methods_of(
                    letter.organisation.pk, filter(None, [letter.user_id])
                )
            ],
            now=now,
        )


def _row(letter: _Letter, method: ContactMethod) -> NewNotification:
    incident, organisation = letter.question.incident, letter.organisation
    asked = f"{letter.question.organisation.name} asked."
    facts = facts_of(
        incident,
        purpose=letter.purpose,
        channel=method.channel,
        organisation_name=organisation.name,
        base_url=settings.BASE_URL,
        body_text=letter.text,
        why=asked if letter.purpose == retry.QUESTION else "",
    )
    return message_by(
        method,
        dedup_key=f"{letter.purpose}:{letter.question.pk}:{method.pk}",
        purpose=letter.purpose,
        message=render_message(facts),
        desk=f"{organisation.name} desk",
        incident=incident,
    )
