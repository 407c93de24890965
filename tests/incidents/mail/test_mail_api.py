from http import HTTPStatus

from rest_framework.test import APIClient

from incidents.models import Incident, Mailbox, User
from tests import factories as make
from tests.incidents.mail.post import Lab


def _call(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


def test_list_narrows_by_state(lab: Lab):
    held = make.held_mail(lab.organisation, "Help")
    client = _call(lab.member)
    [found] = client.get("/api/v1/mail/?state=held").json()["results"]
    assert (found["id"], found["subject"], found["proof"]) == (
        str(held.uid),
        "Help",
        "none",
    )
    assert client.get("/api/v1/mail/?state=ignored").json()["results"] == []


def test_detail_gives_text_and_files(lab: Lab):
    held = make.held_mail(lab.organisation, "Help")
    body = _call(lab.member).get(f"/api/v1/mail/{held.uid}/").json()
    assert (body["text"], body["files"]) == ("Text of Help.", [])


def test_mail_is_made_a_report(lab: Lab):
    held = make.held_mail(lab.organisation)
    sent = {"title": "x", "category": "WGT", "severity": 2}
    answer = _call(lab.member).post(f"/api/v1/mail/{held.uid}/report/", sent)
    incident = Incident.objects.get()
    assert answer.status_code == HTTPStatus.CREATED
    assert (answer.json()["incident"], answer.json()["state"]) == (
        incident.ref,
        "reported",
    )


def test_mail_is_added_to_an_incident(lab: Lab):
    held, incident = make.held_mail(lab.organisation), make.incident(lab.organisation)
    client = _call(lab.member)
    wrong = client.post(f"/api/v1/mail/{held.uid}/attach/", {"incident": "INC-1"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")
    sent = {"incident": incident.ref}
    answer = client.post(f"/api/v1/mail/{held.uid}/attach/", sent)
    assert (answer.json()["incident"], answer.json()["state"]) == (
        incident.ref,
        "commented",
    )


def test_mail_is_discarded_with_a_reason(lab: Lab):
    held, client = make.held_mail(lab.organisation), _call(lab.member)
    assert client.post(f"/api/v1/mail/{held.uid}/discard/", {}).status_code == 422
    answer = client.post(f"/api/v1/mail/{held.uid}/discard/", {"reason": "Spam."})
    assert (answer.json()["state"], answer.json()["reason"]) == ("discarded", "Spam.")


def test_administrator_changes_and_renews_the_mailbox(lab: Lab):
    client = _call(make.person(lab.organisation, role="admin"))
    body = client.put("/api/v1/mailboxes/aurora/", {"default_severity": 1}).json()
    assert (body["address"], body["default_severity"]) == (lab.address, 1)
    rotated = client.post(
        "/api/v1/mailboxes/aurora/rotate/", {"keep_old": False}
    ).json()
    assert rotated["address"] != lab.address
    assert rotated["old_address_ends_at"] is None
    assert Mailbox.objects.count() == 1


def test_bad_default_is_refused_by_name(lab: Lab):
    client = _call(make.person(lab.organisation, role="admin"))
    answer = client.put("/api/v1/mailboxes/aurora/", {"default_category": "no"})
    assert "default_category" in str(answer.json())
    lab.box.refresh_from_db()
    assert lab.box.default_category == "WGT"


def test_responder_lists_the_address_and_may_not_change_it(lab: Lab):
    client = _call(lab.member)
    [box] = client.get("/api/v1/mailboxes/").json()["results"]
    assert box["address"] == lab.address
    assert client.put("/api/v1/mailboxes/aurora/", {}).status_code == 403
