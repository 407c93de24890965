from datetime import UTC, datetime

import pytest
from django.urls import reverse

from incidents.models import Question, TriageRow


def open_row(desk, open_shared):
    incident = open_shared(title="Copied weights")
    return incident, TriageRow.objects.get(incident=incident, organisation=desk.agency)


def test_the_queue_shows_what_is_shared_with_the_agency(client, desk, open_shared):
    incident = open_shared()
    client.force_login(desk.officer)
    assert [r.incident.ref for r in queue(client)] == [incident.ref]

    client.force_login(desk.other_officer)

    assert queue(client) == []


def queue(client):
    return client.get(reverse("triage-queue")).context["rows"]


def test_people_of_a_lab_have_no_queue(client, desk):
    client.force_login(desk.staff)

    assert client.get(reverse("triage-queue")).status_code == 403


def test_the_order_is_changed_by_a_link_that_keeps_the_filters(
    client, desk, open_shared
):
    open_shared()
    client.force_login(desk.officer)
    url = reverse("triage-queue")
    first = client.get(url, {"severity": "3", "page": "2"})
    assert first.context["sort"] == {
        "url": "?severity=3&sort=due",
        "label": "Sort by due",
        "by": "",
    }
    second = client.get(f"{url}{first.context['sort']['url']}")
    assert second.context["sort"] == {
        "url": "?severity=3",
        "label": "Sort by urgency",
        "by": "due",
    }
    assert '<input type="hidden" name="sort" value="due"' in second.text
    assert client.get(url, {"sort": "title"}).status_code == 422


def test_filters_stand_in_the_address(client, desk, open_shared):
    open_shared()
    client.force_login(desk.officer)
    url = reverse("triage-queue")

    assert client.get(url, {"severity": "5"}).context["rows"] == []
    assert client.get(url, {"severity": "six"}).status_code == 422


@pytest.mark.parametrize("count", [1, 2, 12])
def test_acknowledging_offers_the_receipts(client, desk, open_shared, count):
    refs = [open_shared().ref for _ in range(count)]
    client.force_login(desk.officer)
    sent = {"ref": refs}
    text = client.post(reverse("triage-acknowledge"), sent, follow=True).text
    offered = [ref for ref in refs if receipt_address(ref) in text]
    assert offered == refs[:10]
    assert ("more on each timeline" in text) == (count > 10)


def receipt_address(ref):
    return reverse("act-receipt", args=[ref, "acknowledged"])


def test_chosen_incidents_are_acknowledged_together(client, desk, open_shared):
    incidents = [open_shared(), open_shared()]
    client.force_login(desk.officer)
    refs = [incident.ref for incident in incidents]

    client.post(
        reverse("triage-acknowledge"), {"ref": refs, "next": "https://evil.example/"}
    )

    counts = [i.acknowledgements.get().organisation for i in incidents]
    assert counts == [desk.agency, desk.agency]


def test_after_acknowledging_the_reader_stays_on_the_site(client, desk):
    client.force_login(desk.officer)

    response = client.post(
        reverse("triage-acknowledge"), {"next": "https://evil.example/"}
    )

    assert response.url == "/triage/"


def test_a_decision_is_recorded_with_its_review_in_the_chosen_zone(
    client, desk, open_shared
):
    incident, row = open_row(desk, open_shared)
    client.force_login(desk.officer)

    client.post(
        reverse("triage", args=[incident.ref]),
        {
            "outcome": "accepted",
            "priority": "2",
            "owner": desk.colleague.pk,
            "next_review_at": "2099-01-10T09:00",
            "zone": "Europe/Berlin",
        },
    )

    row.refresh_from_db()
    assert (row.outcome, row.priority, row.owner) == ("accepted", 2, desk.colleague)
    assert row.next_review_at == datetime(2099, 1, 10, 8, 0, tzinfo=UTC)


def test_an_outcome_asks_for_all_that_it_needs_at_once(client, desk, open_shared):
    incident, row = open_row(desk, open_shared)
    client.force_login(desk.officer)

    response = client.post(
        reverse("triage", args=[incident.ref]),
        {"outcome": "not_ours", "priority": "3", "zone": "UTC"},
    )

    form = response.context["form"]
    assert (response.status_code, set(form.errors)) == (422, {"reason", "referred_to"})
    assert form["priority"].value() == "3"
    row.refresh_from_db()
    assert row.outcome == ""


def test_the_domains_mistake_stands_at_its_field(client, desk, open_shared):
    incident, _ = open_row(desk, open_shared)
    client.force_login(desk.officer)

    response = client.post(
        reverse("triage", args=[incident.ref]),
        {"outcome": "accepted", "next_review_at": "2001-01-01T09:00", "zone": "UTC"},
    )

    assert response.context["form"].errors == {
        "next_review_at": ["Choose a time still to come."]
    }


def test_a_question_and_its_answer_go_between_the_pages(client, desk, open_shared):
    incident, row = open_row(desk, open_shared)
    desk.officer.name = "Olga Petrov"
    desk.officer.save()
    client.force_login(desk.officer)
    client.post(reverse("triage-ask", args=[incident.ref]), {"text": "Which model?"})
    question = Question.objects.get()

    client.force_login(desk.staff)
    page = client.get(incident.get_absolute_url())
    assert page.context["strip"].move == "Yours: an agency waits for an answer."
    assert "Olga Petrov" not in page.text
    url = reverse("incident-answer", args=[incident.ref, question.pk])
    client.post(url, {"text": "The small one."})

    row.refresh_from_db()
    assert row.state == "answered"
    client.force_login(desk.officer)
    shown = client.get(reverse("triage", args=[incident.ref])).context["questions"]
    assert [(q["answer"], q["answered_by"]) for q in shown] == [
        ("The small one.", "Aurora")
    ]


@pytest.mark.parametrize("name", ["triage", "triage-ask", "triage-assign"])
def test_a_lab_cannot_triage(client, desk, open_shared, name):
    incident = open_shared()
    client.force_login(desk.staff)

    response = client.post(reverse(name, args=[incident.ref]), {"text": "x"})

    assert response.status_code == 403


def test_the_triage_page_lists_every_decision_of_the_own_agency(
    client, desk, open_shared
):
    incident = open_shared(agencies=(desk.agency, desk.other_agency))
    url = reverse("triage", args=[incident.ref])
    client.force_login(desk.other_officer)
    client.post(url, {"outcome": "accepted", "reason": "theirs", "zone": "UTC"})
    client.force_login(desk.officer)
    client.post(
        url,
        {
            "outcome": "not_ours",
            "reason": "no model of ours",
            "referred_to": "other",
            "zone": "UTC",
        },
    )
    client.post(url, {"outcome": "accepted", "priority": "2", "zone": "UTC"})

    decisions = client.get(url).context["decisions"]

    assert [(d.outcome, d.priority, d.reason, d.about) for d in decisions] == [
        ("Accepted", 2, "", ""),
        ("Not ours", None, "no model of ours", "Other"),
    ]
    assert {d.actor for d in decisions} == {"Officer"}
