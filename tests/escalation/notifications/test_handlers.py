import pytest

from escalation.models import Notification
from escalation.notifications.handlers import send_answers, send_questions
from incidents.models import Question, Timer, TriageRow
from tests.escalation.notifications.makers import (
    NOW,
    make_agency,
    make_incident,
    make_method,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def agency(db):
    return make_agency()


@pytest.fixture
def officer(agency):
    return make_user(agency, "officer")


@pytest.fixture
def question(lab, agency, officer):
    incident = make_incident(lab, tlp="AMBER")
    TriageRow.objects.create(incident=incident, organisation=agency, received_at=NOW)
    return Question.objects.create(
        incident=incident,
        organisation=agency,
        text="Which model is it?",
        asked_by=officer,
        answer="The small one.",
        answered_at=NOW,
    )


def timers(question: Question, kind: str) -> list[Timer]:
    return [
        Timer(
            kind=kind,
            subject_id=question.pk,
            incident=question.incident,
            organisation=question.organisation,
            due_at=NOW,
        )
    ]


def queued() -> list[tuple[int, str, str]]:
    rows = Notification.objects.order_by("id")
    return [(row.organisation_id, row.purpose, row.address) for row in rows]


def test_question_goes_to_the_desk_of_the_lab_once(lab, question):
    desk = make_method(lab)
    make_method(lab, user=make_user(lab, "admin"))
    send_questions(timers(question, "triage.question"), NOW)
    send_questions(timers(question, "triage.question"), NOW)
    assert queued() == [(lab.pk, "question", desk.address)]
    text = Notification.objects.get().message["text"]
    assert "NAISA asked." in text
    assert "Which model is it?" in text


def test_question_to_a_lab_without_a_desk_goes_to_its_administrators(lab, question):
    admin = make_method(lab, user=make_user(lab, "admin"))
    make_method(lab, user=make_user(lab, "responder"))
    send_questions(timers(question, "triage.question"), NOW)
    assert queued() == [(lab.pk, "question", admin.address)]


def test_answer_goes_to_the_officer_who_owns_the_row(agency, officer, question):
    TriageRow.objects.update(owner=officer)
    own = make_method(agency, user=officer)
    make_method(agency)
    send_answers(timers(question, "triage.answer"), NOW)
    assert queued() == [(agency.pk, "answer", own.address)]
    assert "The small one." in Notification.objects.get().message["text"]


def test_answer_to_a_row_that_nobody_owns_goes_to_the_desk(agency, question):
    desk = make_method(agency)
    send_answers(timers(question, "triage.answer"), NOW)
    assert queued() == [(agency.pk, "answer", desk.address)]


def test_question_to_nobody_is_no_error(question):
    send_questions(timers(question, "triage.question"), NOW)
    assert queued() == []
