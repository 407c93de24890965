from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.errors import TooLarge
from incidents.incident.drafts import (
    MAX_BYTES,
    Filing,
    forget_old_drafts,
    open_draft,
    save_draft,
)
from incidents.models import DataKey, Incident, ReportDraft
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

FILING = Filing(caller="user:0", endpoint="POST /incidents/new/", key="key-1")
TYPED = {
    "title": ["Weights copi"],
    "facet_harm": ["rights", "economic"],
    "tlp": ["RED"],
}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def aurora():
    return factories.lab("aurora", name="Aurora Labs")


@pytest.fixture
def person(aurora, client):
    made = factories.person(aurora, role="staff")
    client.force_login(made)
    return made


def save(user, fields=TYPED, now=NOW):
    return save_draft(user, fields, filing=FILING, now=now)


def report(**changes):
    return {
        "idempotency_key": "key-1",
        "title": "Weights copied",
        "category": "WGT",
        "severity": "4",
        "is_danger": "no",
        "zone": "Europe/Berlin",
        "tlp": "AMBER+STRICT",
        "organisation": "aurora",
        **changes,
    }


def test_a_draft_is_kept_sealed_under_the_persons_key(person):
    save(person)

    row = ReportDraft.objects.get()
    assert b"Weights" not in bytes(row.fields_sealed)
    assert open_draft(person).fields == TYPED
    assert DataKey.objects.filter(owner=person.uid).exists()


def test_a_later_draft_takes_the_place_of_the_earlier(person):
    save(person)
    save(person, {"title": ["Other"]}, NOW + timedelta(minutes=1))

    draft = open_draft(person)
    assert (draft.fields, draft.saved_at) == (
        {"title": ["Other"]},
        NOW + timedelta(minutes=1),
    )


def test_an_empty_form_is_no_draft(person):
    assert not save(person, {"title": [""], "facet_harm": []})
    assert open_draft(person) is None


def test_a_draft_that_is_too_large_says_so(person):
    with pytest.raises(TooLarge):
        save(person, {"description": ["x" * MAX_BYTES]})


def test_nobody_elses_draft_is_shown(person, aurora, client):
    save(factories.person(aurora, role="staff"))

    assert client.get(reverse("incident-new")).context["draft"] is None


def test_what_was_typed_is_back_on_the_next_visit(person, client):
    client.post(reverse("draft-save"), report(facet_harm=["rights"]), headers=HTMX)

    page = client.get(reverse("incident-new"))

    form = page.context["form"]
    assert form["title"].value() == "Weights copied"
    assert form["severity"].value() == "4"
    assert form["facet_harm"].value() == ["rights"]
    assert form["idempotency_key"].value() != "key-1"
    assert [s.title for s in page.context["sections"] if s.is_open] == [
        "Details for analysis"
    ]


def test_saving_without_javascript_leads_back_to_the_form(person, client):
    answer = client.post(reverse("draft-save"), report(), follow=True)

    assert answer.redirect_chain == [(reverse("incident-new"), 302)]
    assert "The draft is saved." in answer.text


def test_discarding_empties_the_form(person, client):
    save(person)

    answer = client.post(reverse("draft-discard"), follow=True)

    assert answer.context["draft"] is None
    assert not ReportDraft.objects.exists()


def test_filing_deletes_the_draft(person, client):
    save(person)

    client.post(reverse("incident-new"), report())

    assert (Incident.objects.count(), ReportDraft.objects.count()) == (1, 0)


def test_a_draft_that_arrives_after_its_filing_is_not_kept(person, client):
    client.post(reverse("incident-new"), report())

    client.post(reverse("draft-save"), report(), headers=HTMX)

    assert not ReportDraft.objects.exists()


def test_a_form_that_is_refused_keeps_the_draft(person, client):
    save(person)

    client.post(reverse("incident-new"), report(title=""))

    assert ReportDraft.objects.exists()


def test_an_officer_keeps_no_draft(client):
    client.force_login(factories.person(factories.agency(), role="officer"))

    answer = client.post(reverse("draft-save"), report())

    assert (answer.status_code, ReportDraft.objects.count()) == (403, 0)


def test_old_drafts_are_forgotten(person, aurora):
    save(person)
    save(factories.person(aurora), now=NOW + timedelta(days=1))

    assert forget_old_drafts(NOW + timedelta(days=30, hours=1)) == 1
    assert not ReportDraft.objects.filter(user=person).exists()
