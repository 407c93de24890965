import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.duties.assessment import (
    Answer,
    answers_of,
    assessment_of,
    former_answers,
    give_answer,
    met,
    ruled_out,
)
from escalation.duties.looking import LOOK
from escalation.models import AssessmentAnswer
from escalation.regimes.library import shipped_regimes
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.shares import share
from incidents.models import Timer
from tests import factories as make
from tests.factories import NOW

FIRST = [
    "people_harmed",
    "critical_infrastructure",
    "property_or_environment",
    "fundamental_rights",
    "widespread_infringement",
]


def say(incident, question, said="yes", reason=""):
    owner = incident.organisation
    author = owner.memberships.first()
    return give_answer(
        incident,
        Answer(question, said, reason),
        organisation=owner,
        author=author.user if author else make.person(owner),
        now=NOW,
    )


def asked(incident):
    found = assessment_of(incident, incident.organisation_id)
    return [one.question.key for one in found.asked]


def test_only_what_matters_for_the_watched_laws_is_asked(incident):
    found = assessment_of(incident, incident.organisation_id)
    assert [one.question.key for one in found.asked] == FIRST
    assert found.waiting == 2
    assert [one.regime.id for one in found.proposals] == ["eu-ai-act-73"]


def test_yes_brings_the_questions_behind_it(incident):
    say(incident, "people_harmed")
    assert asked(incident) == ["people_harmed", "death", "health_harm", *FIRST[1:]]


def test_unknown_brings_them_too(incident):
    say(incident, "people_harmed", "unknown", "The hospital has not answered.")
    assert asked(incident)[1:3] == ["death", "health_harm"]


def test_no_leaves_out_the_questions_behind_it(incident):
    say(incident, "people_harmed", "no", "No person was near.")
    found = assessment_of(incident, incident.organisation_id)
    assert [one.question.key for one in found.asked] == FIRST
    assert (len(found.answered), len(found.open), found.waiting) == (1, 4, 0)


def test_answer_is_a_new_row_and_the_former_stays(incident):
    first = say(incident, "people_harmed")
    second = say(incident, "people_harmed", "no", "It was another person.")
    lab = incident.organisation_id
    assert answers_of(incident.pk, lab) == {"people_harmed": "no"}
    assert former_answers(incident.pk, lab) == {"people_harmed": [first]}
    assert AssessmentAnswer.objects.get(is_current=True) == second


def test_same_answer_again_changes_nothing(incident):
    say(incident, "people_harmed", "no", "No person was near.")
    say(incident, "people_harmed", "no", " No person was near. ")
    assert AssessmentAnswer.objects.count() == 1


@pytest.mark.parametrize("said", ["no", "unknown"])
def test_no_and_unknown_need_a_reason(incident, said):
    with pytest.raises(BadInput) as caught:
        say(incident, "people_harmed", said, "  ")
    assert caught.value.field == "reason"
    assert AssessmentAnswer.objects.count() == 0


def test_answer_of_another_kind_is_refused(incident):
    with pytest.raises(BadInput) as caught:
        say(incident, "people_harmed", "maybe")
    assert caught.value.remedy == "Use one of yes, no, unknown."


@pytest.mark.parametrize("question", ["death", "ransom_paid", "nonsense"])
def test_what_is_not_asked_now_cannot_be_answered(incident, question):
    with pytest.raises(NotPossible) as caught:
        say(incident, question)
    assert caught.value.state == {"asked": ", ".join(FIRST)}


def test_answer_is_recorded_for_the_owner_alone(incident):
    agency = make.agency()
    actor = Actor.system(incident.organisation)
    share(incident, agency=agency, reason="x", user=None, actor=actor, now=NOW)
    say(incident, "people_harmed", "no", "lab-secret reason")
    [entry] = [
        one
        for one in timeline(incident, [incident.organisation_id])
        if one.kind == "assessment.answered"
    ]
    assert entry.data["text"] == "lab-secret reason"
    assert entry.data["said"] == "no"
    seen_there = [one.kind for one in timeline(incident, [agency.pk])]
    assert seen_there == ["incident.shared"]


def test_clocks_are_looked_at_after_an_answer(incident):
    say(incident, "people_harmed")
    timer = Timer.objects.get(kind=LOOK)
    assert (timer.incident_id, timer.organisation_id, timer.due_at) == (
        incident.pk,
        incident.organisation_id,
        NOW,
    )


def test_yes_behind_a_no_stands_and_is_asked_again(incident):
    say(incident, "people_harmed")
    say(incident, "death")
    say(incident, "people_harmed", "no", "It was somebody else.")
    found = assessment_of(incident, incident.organisation_id)
    death = found.find("death")
    assert death is not None
    assert [one.key for one in death.against] == ["people_harmed"]
    assert death.is_open
    assert found.proposals[0].proposal == "reportable"
    say(incident, "death", "no", "It was somebody else.")
    found = assessment_of(incident, incident.organisation_id)
    assert found.find("death") is None
    assert found.proposals[0].proposal == "undecided"


def test_the_incidents_own_facts_suggest_and_answer_nothing(incident):
    incident.category = "HRM"
    incident.save(update_fields=["category"])
    found = assessment_of(incident, incident.organisation_id)
    first = found.asked[0]
    assert first.suggestion is not None
    assert (first.question.key, first.suggestion.said) == ("people_harmed", "yes")
    assert found.answered == ()
    assert found.proposals[0].proposal == "undecided"


def test_law_that_is_not_watched_asks_nothing(db):
    incident = make.incident(make.lab())
    found = assessment_of(incident, incident.organisation_id)
    assert (found.asked, found.proposals, found.waiting) == ((), (), 0)


def test_limbs_by_answers():
    law = shipped_regimes()["us-ca-sb53"]
    answers = {"people_harmed": "no", "catastrophic_harm": "yes"}
    assert met(law, answers) == {"catastrophic_risk"}
    assert ruled_out(law, answers) == {"weights", "loss_of_control"}


def test_reading_takes_the_same_statements_for_one_law_and_for_many(incident, watch):
    def statements():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assessment_of(incident, incident.organisation_id)
        return len(caught)

    one = statements()
    watch(incident.organisation, *shipped_regimes())
    say(incident, "people_harmed")
    say(incident, "death")
    assert statements() == one
