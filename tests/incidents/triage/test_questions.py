from datetime import timedelta

import pytest

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.shares import unshare
from incidents.models import Timer, TriageRow, TriageState
from incidents.triage.questions import answer, questions_for, request_info
from tests.incidents.triage.conftest import NOW

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def _ask(desk, incident, text="Which weights?", *, agency=None, user=None):
    agency, user = agency or desk.agency, user or desk.officer
    return request_info(
        incident,
        organisation=agency,
        text=text,
        user=user,
        actor=Actor.of(user, agency),
        now=NOW,
    )


def _answer(desk, question, text="The small ones."):
    actor = Actor.of(desk.staff, desk.lab)
    return answer(question, text=text, user=desk.staff, actor=actor, now=LATER)


def test_asking_rings_the_lab_and_waits_for_it(desk, open_shared):
    incident = open_shared()
    question = _ask(desk, incident)
    assert TriageRow.objects.get().state == TriageState.ASKED
    timer = Timer.objects.get(kind="triage.question")
    assert (timer.subject_id, timer.organisation, timer.incident) == (
        question.pk,
        desk.lab,
        incident,
    )


def test_an_answer_brings_the_row_back_and_rings_the_agency(desk, open_shared):
    question = _answer(desk, _ask(desk, open_shared()))
    question.refresh_from_db()
    assert (question.answer, question.answered_by, question.answered_at) == (
        "The small ones.",
        desk.staff,
        LATER,
    )
    assert TriageRow.objects.get().state == TriageState.ANSWERED
    timer = Timer.objects.get(kind="triage.answer")
    assert (timer.subject_id, timer.organisation) == (question.pk, desk.agency)


def test_a_second_answer_is_refused_and_changes_nothing(desk, open_shared):
    question = _answer(desk, _ask(desk, open_shared()))
    with pytest.raises(NotPossible, match="has an answer already"):
        _answer(desk, question, "Other words.")
    question.refresh_from_db()
    assert question.answer == "The small ones."
    assert Timer.objects.filter(kind="triage.answer").count() == 1


def test_an_answer_after_the_share_has_ended_is_refused(desk, open_shared):
    incident = open_shared()
    question = _ask(desk, incident)
    lab = Actor.of(desk.staff, desk.lab)
    unshare(
        incident,
        agency=desk.agency,
        reason="no",
        user=desk.staff,
        actor=lab,
        now=NOW,
    )
    with pytest.raises(NotPossible, match="is not shared with Naisa now"):
        _answer(desk, question)


def test_an_empty_question_is_refused(desk, open_shared):
    with pytest.raises(BadInput, match="Write at least a sentence"):
        _ask(desk, open_shared(), "  \n")


def test_both_sides_read_question_and_answer_and_no_third(desk, open_shared):
    incident = open_shared(agencies=(desk.agency, desk.other_agency))
    _answer(desk, _ask(desk, incident))

    def read_by(organisation):
        items = timeline(incident, [organisation.pk])
        return [item.data for item in items if item.kind.startswith("triage.info")]

    expected = [
        {"text": "Which weights?", "question": 1},
        {"text": "The small ones.", "question": 1},
    ]
    assert read_by(desk.agency) == expected
    assert read_by(desk.lab) == expected
    assert read_by(desk.other_agency) == []


def test_questions_are_numbered_within_their_agency(desk, open_shared):
    incident = open_shared(agencies=(desk.agency, desk.other_agency))
    _ask(desk, incident, agency=desk.other_agency, user=desk.other_officer)
    _ask(desk, incident)
    _ask(desk, incident, "And when?")
    numbers = [
        item.data["question"]
        for item in timeline(incident, [desk.agency.pk])
        if item.kind == "triage.info_requested"
    ]
    assert numbers == [1, 2]


def test_the_owner_sees_every_question_and_an_agency_its_own(desk, open_shared):
    incident = open_shared(agencies=(desk.agency, desk.other_agency))
    theirs = _ask(desk, incident, agency=desk.other_agency, user=desk.other_officer)
    ours = _ask(desk, incident)
    assert list(questions_for(incident, [desk.lab.pk])) == [theirs, ours]
    assert list(questions_for(incident, [desk.agency.pk])) == [ours]
