from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse

from incidents.errors import TooLarge
from incidents.incident.drafts import (
    MAX_BYTES,
    MAX_DRAFTS,
    Filing,
    forget_old_drafts,
    open_drafts,
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


def save(user, fields=TYPED, now=NOW, key="key-1"):
    return save_draft(user, fields, filing=replace(FILING, key=key), now=now)


def open_draft(user):
    return next(iter(open_drafts(user)), None)


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
    assert form["idempotency_key"].value() == "key-1"
    assert [s.title for s in page.context["sections"] if s.is_open] == [
        "Details for analysis"
    ]


def test_saving_without_javascript_leads_back_to_the_form(person, client):
    answer = client.post(reverse("draft-save"), report(), follow=True)

    assert answer.redirect_chain == [(reverse("incident-new"), 302)]
    assert "The draft is saved." in answer.text


def test_discarding_empties_the_form(person, client):
    save(person)

    answer = client.post(f"{reverse('draft-discard')}?draft=key-1", follow=True)

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


def test_a_second_tab_takes_the_place_of_no_draft(person, client):
    save(person, {"title": ["Half a page"]})
    save(person, {"title": ["x"]}, NOW + timedelta(minutes=1), key="key-2")
    save(person, {"title": ["Half a page more"]}, NOW + timedelta(minutes=2))

    kept = [(draft.key, draft.fields["title"]) for draft in open_drafts(person)]
    assert kept == [("key-1", ["Half a page more"]), ("key-2", ["x"])]
    page = client.get(f"{reverse('incident-new')}?draft=key-2")
    assert page.context["form"]["title"].value() == "x"
    assert [other.key for other in page.context["others"]] == ["key-1"]
    assert "Half a page more" in page.text
    empty = client.get(f"{reverse('incident-new')}?empty=1").context
    assert (empty["draft"], len(empty["others"])) == (None, 2)


def test_filing_leaves_the_drafts_of_other_forms(person, client):
    save(person)
    save(person, {"title": ["Another matter"]}, key="key-2")

    client.post(reverse("incident-new"), report())

    assert [draft.key for draft in open_drafts(person)] == ["key-2"]


def test_only_the_newest_few_drafts_are_kept(person):
    for number in range(MAX_DRAFTS + 2):
        save(person, {"title": [str(number)]}, key=f"key-{number}")
    assert [draft.key for draft in open_drafts(person)] == [
        f"key-{number}" for number in range(MAX_DRAFTS + 1, 1, -1)
    ]
    save(person, {"description": ["x" * (MAX_BYTES - 2000)]}, key="long")
    save(person, {"description": ["y" * 3000]}, key="short")
    assert [draft.key for draft in open_drafts(person)] == ["short"]


def test_typing_on_in_a_tab_whose_report_was_filed_says_so(person, client):
    client.post(reverse("incident-new"), report())

    part = client.post(reverse("draft-save"), report(title="more"), headers=HTMX)

    assert "This report was filed from another tab." in part.text
