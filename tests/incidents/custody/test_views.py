"""The pages of custody, as those who approve use them."""

from http import HTTPStatus

import pytest
from django.test import Client

from incidents.custody.erasable_rows import rows_of
from incidents.models import Erasure, Hold
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora")


@pytest.fixture
def incident(lab):
    return make.incident(lab, title="Call Zoe Quill")


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_a_hold_is_placed_and_released_on_the_page(lab, incident):
    page = signed_in(make.person(lab, role="approver"))
    body = {"incident": incident.ref, "matter": "Case 7", "reason": "Lawsuit"}
    placed = page.post("/custody/holds/", body, follow=True).content.decode()
    hold = Hold.objects.get()
    page.post(f"/custody/holds/{hold.uid}/release/", {"reason": "Settled"})
    hold.refresh_from_db()
    assert "Case 7" in placed
    assert hold.released_reason == "Settled"


def test_a_form_with_a_mistake_comes_back(lab, incident):
    page = signed_in(make.person(lab, role="approver"))
    body = {"incident": incident.ref, "matter": "", "reason": "Kept words"}
    answer = page.post("/custody/holds/", body)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Kept words" in answer.content.decode()


def test_two_people_erase_on_the_page(lab, incident):
    ann, bob = (signed_in(make.person(lab, role="approver")) for _ in range(2))
    [title] = [row for row in rows_of(incident, lab) if row.field == "title"]
    body = {"incident": incident.ref, "basis": "GDPR", "reason": "x"}
    ann.post("/custody/erasures/", {**body, "value": title.code})
    erasure = Erasure.objects.get()
    address = f"/custody/erasures/{erasure.uid}/approve/"
    pages = [client.post(address, follow=True) for client in (ann, bob)]
    assert "Two people must approve" in pages[0].content.decode()
    assert "It is erased" in pages[1].content.decode()
    assert "Zoe" not in ann.get(incident.get_absolute_url()).content.decode()


def test_what_has_no_value_chosen_is_refused_in_words(lab, incident):
    page = signed_in(make.person(lab, role="approver"))
    body = {"incident": incident.ref, "basis": "GDPR", "reason": "x"}
    answer = page.post("/custody/erasures/", body)
    assert "Name at least one value" in answer.content.decode()


def test_staff_sees_who_has_read_it_but_decides_nothing(lab, incident):
    page = signed_in(make.person(lab, role="staff"))
    text = page.get(f"/incidents/{incident.ref}/custody/").content.decode()
    assert "Who has seen this" in text
    assert "Legal hold" not in text
    assert page.get("/custody/").status_code == HTTPStatus.FORBIDDEN
