"""What was typed comes back when its form cannot be taken."""

import re
from html import unescape
from http import HTTPStatus

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from incidents.events.actor import Actor
from incidents.incident.lifecycle import resolve
from incidents.models import Entry, Incident
from tests import factories

pytestmark = pytest.mark.django_db

HERE = {"origin": "http://testserver"}
WORDS = "They left at 03:00 & took <all>\nof it"


@pytest.fixture
def incident() -> Incident:
    return factories.incident(factories.lab("aurora"))


@pytest.fixture
def staff(incident):
    return factories.person(incident.organisation, role="responder")


def hidden_fields(page) -> dict[str, str]:
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text
    )
    return {name: unescape(value) for name, value in found}


def comments() -> int:
    return Entry.objects.filter(kind="incident.commented").count()


def test_a_comment_sent_after_the_session_ended_can_be_sent_again(incident, staff):
    client = Client()
    path = reverse("incident-comment", args=[incident.ref])
    page = client.post(path, {"text": WORDS, "is_shared": "on"}, headers=HERE)
    assert (page.status_code, comments()) == (HTTPStatus.UNAUTHORIZED, 0)
    assert "They left at 03:00 &amp; took &lt;all&gt;<br>of it" in page.text
    assert f'action="{path}"' in page.text
    fields = hidden_fields(page)
    assert (fields["text"], fields["is_shared"]) == (WORDS, "on")
    client.force_login(staff)
    assert client.post(path, fields).status_code == HTTPStatus.FOUND
    assert comments() == 1


def test_a_report_whose_token_has_changed_can_be_sent_again(incident, staff):
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("sign-in"))
    client.force_login(staff)
    path = reverse("incident-new")
    sent = {
        "csrfmiddlewaretoken": "x" * 64,
        "idempotency_key": "1",
        "title": WORDS,
        "file": SimpleUploadedFile("log.txt", b"x"),
    }
    page = client.post(path, sent, headers=HERE)
    assert page.status_code == HTTPStatus.FORBIDDEN
    assert "Files have to be chosen again" in page.text
    fields = hidden_fields(page)
    assert (fields["title"], fields["idempotency_key"]) == (WORDS, "1")
    again = client.post(path, fields, headers=HERE)
    assert again.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "They left at 03:00" in again.text


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        ({"text": WORDS}, {"origin": "https://elsewhere.example"}),
        ({"text": WORDS}, {}),
        ({"text": WORDS, "new_password1": "hunter2 hunter2"}, HERE),
        ({"text": "  "}, HERE),
    ],
)
def test_nothing_of_others_no_secret_and_no_empty_form_is_shown(
    incident, sent, headers
):
    path = reverse("incident-comment", args=[incident.ref])
    page = Client().post(path, sent, headers=headers)
    assert (page.status_code, page["Location"]) == (302, f"/sign-in/?next={path}")


def test_a_form_out_of_date_from_elsewhere_shows_nothing(incident, staff):
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff)
    path = reverse("incident-comment", args=[incident.ref])
    page = client.post(
        path, {"text": "planted"}, headers={"origin": "https://elsewhere.example"}
    )
    assert (page.status_code, "planted" in page.text) == (403, False)


def test_sending_in_the_background_does_not_reload_the_page(incident):
    path = reverse("draft-save")
    page = Client().post(path, {"title": WORDS}, headers={"HX-Request": "true"})
    assert (page.status_code, "HX-Refresh" in page.headers) == (401, False)
    poll = reverse("incident-detail", args=[incident.ref])
    answer = Client().get(poll, headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_what_is_not_possible_any_more_keeps_what_was_written(incident, staff):
    organisation = incident.organisation
    client = Client()
    client.force_login(staff)
    resolve(
        incident,
        reason="over",
        user=staff,
        actor=Actor.of(staff, organisation),
        now=factories.NOW,
    )
    path = reverse("incident-resolve", args=[incident.ref])
    page = client.post(path, {"reason": "A long reason, typed for minutes."})
    assert page.status_code == HTTPStatus.CONFLICT
    assert "A long reason, typed for minutes." in page.text
    assert "Not done" in page.text
