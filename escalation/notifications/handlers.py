"""Tell the other side's desk of a question and of its answer, when their timers fire."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings

from escalation.notifications import retry
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    desk_methods,
    methods_for_users,
    queue_notifications,
)
from escalation.notifications.render import facts_of, render_message
from incidents.events.record import recording
from incidents.models import Membership, Organisation, Question, Timer, TriageRow
from incidents.organisations.roles import Role
from incidents.timers.schedule import register_handler

QUESTION_TIMER: Final = "triage.question"
ANSWER_TIMER: Final = "triage.answer"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Letter:
    """One message to an organisation; `user_id` is the person it is for, if any."""

    question: Question
    purpose: str
    organisation: Organisation
    text: str
    user_id: int | None = None


def register_handlers() -> None:
    """Have the timers of triage's questions and answers come here."""
    register_handler(QUESTION_TIMER, send_questions)
    register_handler(ANSWER_TIMER, send_answers)


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
    book = _AddressBook.load(letters)
    with recording(now):
        queue_notifications(
            [
                _row(letter, method)
                for letter in letters
                for method in book.methods_of(letter)
            ],
            now=now,
        )


@dataclass(frozen=True, slots=True)
class _AddressBook:
    """Where the organisations of a batch are reached: person, desk, administrators."""

    people: dict[tuple[int, int], list[ContactMethod]]
    desks: dict[int, list[ContactMethod]]
    admins: dict[int, list[int]]

    @classmethod
    def load(cls, letters: Iterable[_Letter]) -> "_AddressBook":
        """Read all that is needed, in statements for each organisation, not letter."""
        organisation_ids = {letter.organisation.pk for letter in letters}
        wanted = {(letter.organisation.pk, letter.user_id) for letter in letters}
        admins: dict[int, list[int]] = {}
        for row in Membership.objects.filter(
            organisation__in=organisation_ids, role=Role.ADMIN, ended_at=None
        ).order_by("id"):
            admins.setdefault(row.organisation_id, []).append(row.user_id)
        people: dict[tuple[int, int], list[ContactMethod]] = {}
        for organisation_id in organisation_ids:
            users = {
                user for other, user in wanted if other == organisation_id and user
            }
            users |= set(admins.get(organisation_id, []))
            for user, methods in methods_for_users(users, organisation_id).items():
                people[organisation_id, user] = methods
        return cls(people, desk_methods(organisation_ids), admins)

    def methods_of(self, letter: _Letter) -> list[ContactMethod]:
        """Return the methods of the first of the three that can be reached."""
        organisation_id = letter.organisation.pk
        if letter.user_id and (organisation_id, letter.user_id) in self.people:
            return self.people[organisation_id, letter.user_id]
        if organisation_id in self.desks:
            return self.desks[organisation_id]
        found = [
            method
            for user_id in self.admins.get(organisation_id, [])
            for method in self.people.get((organisation_id, user_id), [])
        ]
        if not found:
            log.warning(
                "nobody_to_tell", question=letter.question.pk, purpose=letter.purpose
            )
        return found


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
    return NewNotification(
        dedup_key=f"{letter.purpose}:{letter.question.pk}:{method.pk}",
        organisation_id=organisation.pk,
        purpose=letter.purpose,
        channel=method.channel,
        address=method.address,
        message=render_message(facts),
        incident=incident,
        method_id=method.pk,
        recipient_user_id=method.user_id,
        recipient_name=_name(method, organisation),
    )


def _name(method: ContactMethod, organisation: Organisation) -> str:
    return str(method.user) if method.user else f"{organisation.name} desk"
