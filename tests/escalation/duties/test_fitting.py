from datetime import date

import pytest
from django.urls import reverse

from escalation.duties.assessment import Answer, give_answer
from escalation.duties.decisions import Judgement, confirm, decide
from escalation.loop import fire_due
from escalation.models import Notification
from incidents.events.feed import timeline
from tests import factories as make
from tests.factories import NOW

LAW = "eu-ai-act-73"
NO = Judgement(LAW, "not_reportable", "nothing broken", review_on=date(2027, 1, 4))


@pytest.fixture
def people(incident):
    """Who decides and who confirms, each with a way to be told."""
    lab = incident.organisation
    found = [make.person(lab), make.person(lab, role="approver")]
    for person in found:
        make.contact(lab, person)
    return found


def say(incident, author, question, said="yes", reason="because"):
    given = Answer(question, said, reason)
    lab = incident.organisation
    return give_answer(incident, given, organisation=lab, author=author, now=NOW)


def decided(incident, people, judgement=NO):
    lab = incident.organisation
    made = decide(incident, judgement, organisation=lab, author=people[0], now=NOW)
    return confirm(made, by=people[1], now=NOW)


def contradictions(incident):
    entries = timeline(incident, [incident.organisation_id])
    return [one.data for one in entries if one.kind == "decision.contradicted"]


def told():
    rows = Notification.objects.filter(purpose="decision").order_by("pk")
    return list(rows.values_list("address", flat=True))


def test_answer_that_does_not_fit_a_decision_is_recorded_and_told(incident, people):
    decision = decided(incident, people)
    say(incident, people[0], "fundamental_rights")
    [entry] = contradictions(incident)
    assert (entry["decision"], entry["regime"], entry["verdict"]) == (
        decision.pk,
        LAW,
        "not_reportable",
    )
    assert entry["reason"].startswith("Decided not reportable, but the answers meet")
    assert told() == [person.email for person in people]


def test_misfit_that_was_there_is_told_once(incident, people):
    decided(incident, people)
    say(incident, people[0], "fundamental_rights")
    say(incident, people[0], "critical_infrastructure", "no")
    assert len(contradictions(incident)) == 1
    assert len(told()) == 2


def test_answer_that_fits_tells_nobody(incident, people):
    decided(incident, people)
    say(incident, people[0], "fundamental_rights", "no")
    assert (contradictions(incident), told()) == ([], [])


def test_answer_without_a_decision_tells_nobody(incident, people):
    say(incident, people[0], "fundamental_rights")
    assert (contradictions(incident), told()) == ([], [])


def test_pages_and_api_say_what_does_not_fit(client, incident, people):
    decided(incident, people)
    say(incident, people[0], "fundamental_rights")
    client.force_login(people[0])
    for name in ("incident-duties", "incident-duties-assessment"):
        page = client.get(reverse(name, args=[incident.ref])).content.decode()
        assert "This does not fit the decision." in page
    url = f"/api/v1/incidents/{incident.ref}/assessment/"
    [shown] = client.get(url).json()["proposals"]
    assert shown["decided"] == "not_reportable"
    assert shown["misfit"].startswith("Decided not reportable")


def test_api_says_nothing_of_what_is_not_decided(client, incident, people):
    client.force_login(people[0])
    url = f"/api/v1/incidents/{incident.ref}/assessment/"
    [shown] = client.get(url).json()["proposals"]
    assert (shown["decided"], shown["misfit"]) == ("", "")


def test_form_of_a_decision_has_the_limbs_ticked_that_are_met(client, incident, people):
    say(incident, people[0], "fundamental_rights")
    client.force_login(people[0])
    page = client.get(reverse("incident-duties", args=[incident.ref]))
    [section] = [one for one in page.context["sections"] if one.id == "decisions"]
    [row] = section.context["rows"]
    assert row.form["limbs"].value() == ["fundamental_rights"]
    assert row.form["verdict"].value() is None


def test_imminent_risk_leads_to_the_time_record(client, incident, people, watch):
    watch(incident.organisation, "us-ca-sb53")
    say(incident, people[0], "imminent_risk")
    client.force_login(people[0])
    page = client.get(reverse("incident-duties", args=[incident.ref]))
    assert "Disclosure of an imminent risk: its clock needs" in page.content.decode()
    url = f"/api/v1/incidents/{incident.ref}/assessment/"
    [shown] = client.get(url).json()["proposals"]
    assert [one["stage"] for one in shown["triggered"]] == ["imminent_risk"]


def test_first_line_says_that_it_is_to_be_decided_anew(client, incident, people):
    def happening():
        while fire_due(NOW):
            pass
        page = client.get(reverse("incident-duties", args=[incident.ref]))
        return page.context["strip"].happening

    client.force_login(people[0])
    decided(incident, people)
    assert happening() == "1 law watched, all decided and confirmed."
    say(incident, people[0], "fundamental_rights")
    assert happening() == "1 law watched, 1 of them not decided yet."
