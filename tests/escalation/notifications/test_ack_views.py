import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.signing import TimestampSigner
from django.test import Client
from django.utils import timezone

from escalation.notifications.ack_links import SALT, acknowledge_url
from escalation.notifications.delivery import deliver_batch
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import reopen, resolve
from incidents.incident.shares import share, unshare
from incidents.ledger.proof_file import parse_proof
from incidents.models import Acknowledgement, Entry, Incident, Organisation
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.escalation.notifications.makers import (
    NOW,
    make_agency,
    make_incident,
    make_method,
    make_user,
    new_page,
    queue_pages,
)
from tests.incidents.sealing.log import LocalSigner

pytestmark = pytest.mark.django_db


class YesterdaysSigner(TimestampSigner):
    def timestamp(self) -> str:
        from django.core.signing import b62_encode  # noqa: PLC0415  only here

        moment = timezone.now() - timedelta(hours=24, seconds=1)
        return b62_encode(int(moment.timestamp()))


def page_link(organisation: Organisation, incident: Incident) -> str:
    method = make_method(organisation)
    row = queue_pages(
        [new_page(method, incident=incident, recipient_name="Ann Example")]
    )[0]
    return urlsplit(acknowledge_url(row.uid)).path


def test_opening_the_link_acknowledges_nothing(lab, client):
    incident = make_incident(lab)
    link = page_link(lab, incident)
    for answer in (client.get(link), client.head(link), client.get(link)):
        assert answer.status_code == 200
    assert Acknowledgement.objects.count() == 0
    assert answer.context["state"] == "ready"


def test_page_shows_ref_severity_and_title(lab, client):
    incident = make_incident(lab)
    text = client.get(page_link(lab, incident)).content.decode()
    assert incident.ref in text
    assert "Weights copied out" in text
    assert "Ann Example" in text


def test_page_keeps_back_a_title_that_may_not_leave(lab, client):
    incident = make_incident(lab, tlp="RED")
    text = client.get(page_link(lab, incident)).content.decode()
    assert incident.ref in text
    assert "Weights copied out" not in text


def test_button_acknowledges_by_link_once_and_again_changes_nothing(lab, client):
    incident = make_incident(lab)
    link = page_link(lab, incident)
    first, second = client.post(link), client.post(link)
    assert (first.context["state"], second.context["state"]) == ("done", "already")
    row = Acknowledgement.objects.get()
    assert (row.organisation_id, row.user, row.via) == (lab.pk, None, "link")
    items = [
        item
        for item in timeline(incident, [lab.pk])
        if item.kind == "incident.acknowledged"
    ]
    assert [item.data["how"] for item in items] == ["by link sent to Ann Example"]


def test_link_gives_the_receipt_of_what_was_said_by_it(lab, client):
    incident = make_incident(lab, tlp="RED")
    link = page_link(lab, incident)
    assert client.get(f"{link}receipt/").status_code == 404
    receipt = client.post(link).context["receipt"]
    entry = Entry.objects.get(kind="incident.acknowledged")
    assert receipt["leaf_hash"] == bytes(entry.leaf_hash).hex()
    waiting = client.get(receipt["url"])
    assert (waiting.status_code, waiting["Retry-After"]) == (202, "2")
    assert "Weights copied out" not in waiting.text
    seal_batch(NOW)
    sign_heads(LocalSigner().as_signer(), NOW)
    proof = parse_proof(client.get(receipt["url"]).content)
    assert proof.extra == bytes(entry.leaf)


def test_link_gives_no_receipt_of_what_another_said(lab, client):
    incident = make_incident(lab)
    link = page_link(lab, incident)
    client.force_login(make_user(lab))
    assert client.post(link).context["receipt"]["leaf_hash"]
    client.logout()
    shown = client.get(link)
    assert (shown.context["state"], shown.context["receipt"]) == ("already", {})
    assert client.get(f"{link}receipt/").status_code == 404


def test_signed_in_member_acknowledges_in_their_own_name(lab, client):
    incident, user = make_incident(lab), make_user(lab)
    client.force_login(user)
    client.post(page_link(lab, incident))
    assert Acknowledgement.objects.get().user == user


@pytest.mark.parametrize("role", ["staff", "elsewhere"])
def test_who_may_not_acknowledge_is_only_the_holder_of_a_link(lab, client, role):
    home = make_agency() if role == "elsewhere" else lab
    client.force_login(make_user(home, "officer" if role == "elsewhere" else "staff"))
    client.post(page_link(lab, make_incident(lab)))
    assert Acknowledgement.objects.get().user is None


def test_button_needs_the_token_of_its_own_page(lab):
    strict = Client(enforce_csrf_checks=True)
    link = page_link(lab, make_incident(lab))
    assert strict.post(link).status_code == 403
    page = strict.get(link).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    answer = strict.post(link, {"csrfmiddlewaretoken": token[1]})
    assert answer.context["state"] == "done"


def test_link_is_bound_to_the_organisation_it_was_sent_to(lab, client):
    agency = make_agency()
    incident, user = make_incident(lab), make_user(lab)
    actor = Actor.of(user, lab)
    share(incident, agency=agency, reason="law", user=user, actor=actor, now=NOW)
    client.post(page_link(agency, incident))
    assert Acknowledgement.objects.get().organisation == agency
    incident.refresh_from_db()
    assert incident.acknowledged_at is None


def test_link_dies_with_the_share(lab, client):
    agency = make_agency()
    incident, user = make_incident(lab), make_user(lab)
    actor = Actor.of(user, lab)
    share(incident, agency=agency, reason="law", user=user, actor=actor, now=NOW)
    link = page_link(agency, incident)
    unshare(incident, agency=agency, reason="error", user=user, actor=actor, now=NOW)
    answer = client.post(link)
    assert (answer.status_code, answer.context["state"]) == (404, "invalid")
    assert incident.ref not in answer.content.decode()
    assert Acknowledgement.objects.count() == 0


def test_closed_incident_is_shown_as_ended(lab, client):
    incident, user = make_incident(lab), make_user(lab)
    resolve(incident, reason="over", user=user, actor=Actor.of(user, lab), now=NOW)
    assert client.post(page_link(lab, incident)).context["state"] == "ended"
    assert Acknowledgement.objects.count() == 0


def test_link_of_yesterday_has_expired(lab, client):
    row = queue_pages([new_page(make_method(lab), incident=make_incident(lab))])[0]
    token = YesterdaysSigner(salt=SALT).sign(row.uid.hex)
    answer = client.post(f"/ack/{token}/")
    assert (answer.status_code, answer.context["state"]) == (410, "expired")
    assert Acknowledgement.objects.count() == 0


@pytest.mark.parametrize("salt", ["another.purpose", "django.core.signing"])
def test_token_of_another_purpose_opens_nothing(lab, client, salt):
    row = queue_pages([new_page(make_method(lab), incident=make_incident(lab))])[0]
    token = TimestampSigner(salt=salt).sign(row.uid.hex)
    answer = client.post(f"/ack/{token}/")
    assert (answer.status_code, answer.context["state"]) == (404, "invalid")
    assert Acknowledgement.objects.count() == 0


def test_link_in_a_delivered_mail_works(lab, client, mail_server):
    incident = make_incident(lab)
    queue_pages([new_page(make_method(lab), incident=incident)])
    deliver_batch(NOW)
    text = mail_server.mails[0].get_body(("plain",)).get_content()
    link = re.search(r"http://[^ \n]+/ack/[^ \n]+/", text)
    assert link is not None
    answer = client.post(urlsplit(link[0]).path)
    assert answer.context["state"] == "done"


def test_link_from_before_a_reopening_stops_nothing(lab, client):
    incident = make_incident(lab)
    link = page_link(lab, incident)
    who = {"user": None, "actor": Actor.system(lab), "now": NOW + timedelta(minutes=1)}
    resolve(incident, reason="done", **who)
    reopen(incident, reason="it came back", **who)
    answers = [client.get(link), client.post(link)]
    assert [a.status_code for a in answers] == [410, 410]
    assert Acknowledgement.objects.count() == 0


@pytest.mark.parametrize("lost", ["role", "account"])
def test_link_of_somebody_who_has_left_opens_nothing(lab, client, lost):
    incident, person = make_incident(lab), make_user(lab)
    method = make_method(lab, user=person)
    row = queue_pages(
        [new_page(method, incident=incident, recipient_user_id=person.pk)]
    )[0]
    link = urlsplit(acknowledge_url(row.uid)).path
    before = client.get(link).status_code
    if lost == "role":
        person.memberships.update(ended_at=NOW)
    else:
        person.is_active = False
        person.save(update_fields=["is_active"])
    assert (before, client.get(link).status_code, client.post(link).status_code) == (
        200,
        404,
        404,
    )
    assert Acknowledgement.objects.count() == 0
