import pytest
from django.urls import reverse

from escalation.models import AssessmentAnswer
from incidents.events.actor import Actor
from incidents.incident.shares import share
from tests import factories as make
from tests.factories import NOW


def url(incident, question=""):
    path = reverse("incident-duties-assessment", args=[incident.ref])
    return f"{path}?question={question}" if question else path


@pytest.fixture
def duty(incident, client):
    person = make.person(incident.organisation)
    client.force_login(person)
    return person


def test_page_asks_the_first_open_question(client, duty, incident):
    answer = client.get(url(incident))
    assert answer.context["asked"].question.key == "people_harmed"
    assert answer.context["form"].initial == {"question": "people_harmed"}
    assert "This is not legal advice." in answer.content.decode()


def test_address_names_another_question(client, duty, incident):
    answer = client.get(url(incident, "fundamental_rights"))
    assert answer.context["asked"].question.key == "fundamental_rights"


def test_answer_leads_to_the_next_question(client, duty, incident):
    answer = client.post(url(incident), {"question": "people_harmed", "said": "yes"})
    assert answer.status_code == 302
    assert answer["Location"] == f"{url(incident, 'death')}#ask"
    row = AssessmentAnswer.objects.get()
    assert (row.question, row.said, row.author) == ("people_harmed", "yes", duty)


def test_no_without_a_reason_comes_back_with_what_was_typed(client, duty, incident):
    answer = client.post(url(incident), {"question": "people_harmed", "said": "no"})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["reason"]
    assert answer.context["form"]["said"].value() == "no"
    assert AssessmentAnswer.objects.count() == 0


def test_question_that_is_settled_meanwhile_keeps_what_was_typed(
    client, duty, incident
):
    body = {"question": "death", "said": "no", "reason": "typed-words"}
    answer = client.post(url(incident), body)
    assert answer.status_code == 422
    assert "typed-words" in answer.content.decode()


def test_suggestion_is_chosen_beforehand_and_said(client, duty, incident):
    incident.facts = {"outcome": "near-miss"}
    incident.save(update_fields=["facts"])
    answer = client.get(url(incident))
    assert answer.context["form"].initial == {
        "question": "people_harmed",
        "said": "no",
        "reason": "What came of it? Near miss.",
    }
    assert "What came of it? Near miss" in answer.content.decode()


def test_last_answer_leads_to_the_page_that_says_so(client, duty, incident, watch):
    watch(incident.organisation, "eu-gdpr-33")
    body = {"question": "personal_data", "said": "no", "reason": "none"}
    answer = client.post(url(incident), body, follow=True)
    assert answer.context["asked"] is None
    assert answer.context["assessment"].proposals[0].proposal == "not_reportable"
    assert "Nothing is left to answer" in answer.content.decode()


def test_former_answers_stand_under_the_one_that_took_their_place(
    client, duty, incident
):
    for said, reason in (("no", "first-reason"), ("yes", "")):
        body = {"question": "people_harmed", "said": said, "reason": reason}
        client.post(url(incident), body)
    assert "first-reason" in client.get(url(incident)).content.decode()


def test_staff_read_and_do_not_answer(client, incident):
    client.force_login(make.person(incident.organisation, role="staff"))
    answer = client.get(url(incident))
    assert "Record the answer" not in answer.content.decode()
    body = {"question": "people_harmed", "said": "yes"}
    assert client.post(url(incident), body).status_code == 403
    assert AssessmentAnswer.objects.count() == 0


def test_agency_never_sees_the_answers(client, duty, incident):
    body = {"question": "people_harmed", "said": "no", "reason": "lab-secret"}
    client.post(url(incident), body)
    agency = make.agency()
    actor = Actor.system(incident.organisation)
    share(incident, agency=agency, reason="x", user=None, actor=actor, now=NOW)
    officer = make.person(agency, role="officer")
    client.force_login(officer)
    assert client.get(url(incident)).status_code == 404
    assert client.post(url(incident), body).status_code == 404
    detail = client.get(incident.get_absolute_url())
    assert detail.status_code == 200
    assert "lab-secret" not in detail.content.decode()


def test_page_of_duties_has_the_section_for_the_owner_alone(client, duty, incident):
    page = client.get(reverse("incident-duties", args=[incident.ref]))
    [section] = [one for one in page.context["sections"] if one.id == "assessment"]
    assert section.context["may_answer"]
    assert "Article 3(49)(a)" in page.content.decode()
    agency = make.agency()
    actor = Actor.system(incident.organisation)
    share(incident, agency=agency, reason="x", user=None, actor=actor, now=NOW)
    client.force_login(make.person(agency, role="officer"))
    page = client.get(reverse("incident-duties", args=[incident.ref]))
    assert "assessment" not in [one.id for one in page.context["sections"]]
