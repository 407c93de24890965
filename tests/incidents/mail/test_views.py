"""Those who manage incidents decide on mail; each opening is recorded."""

from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.events.feed import read_fields
from incidents.models import Attachment, Entry, Incident, Mail, Mailbox, User
from tests import factories as make
from tests.incidents.mail.post import Lab, mail, settled

_REPORT = {
    "title": "Weights may be gone",
    "description": "A stranger says so.",
    "category": "WGT",
    "severity": "4",
    "tlp": "RED",
    "danger": "unknown",
}


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def held(lab: Lab) -> Mail:
    text = "I have <b>your</b> weights."
    message = mail("Eve <eve@evil.example>", text=text, is_proven=False)
    message.add_attachment(b"proof", maintype="a", subtype="b", filename="p<1>.bin")
    return settled(lab.organisation, message, envelope_from="eve@evil.example")


@pytest.fixture
def client(lab: Lab) -> Client:
    return _signed_in(lab.member)


def _recorded(kind: str):
    entries = list(Entry.objects.filter(kind=kind).order_by("pk"))
    fields = read_fields(entries)
    return [fields[entry.pk] for entry in entries]


def test_held_mail_is_listed_with_its_reason(client: Client, held: Mail):
    text = client.get("/mail/").text
    assert "Nobody of Aurora Labs has the address eve@evil.example." in text
    assert "sender not proven" in text
    assert held.get_absolute_url() in text


def test_list_costs_the_same_for_one_mail_and_three(
    client: Client, lab: Lab, held: Mail
):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get("/mail/")
        return len(found)

    client.get("/mail/")
    one = queries()
    for _ in range(2):
        make.held_mail(lab.organisation)
    client.get("/mail/")
    assert queries() == one


def test_page_shows_text_and_never_markup(client: Client, held: Mail):
    answer = client.get(held.get_absolute_url())
    assert "I have &lt;b&gt;your&lt;/b&gt; weights." in answer.text
    assert "<b>your</b>" not in answer.text


def test_opening_a_mail_is_recorded(client: Client, held: Mail, lab: Lab):
    client.get(held.get_absolute_url())
    [entry] = _recorded("record.read")
    assert entry["targets"] == [f"mail:{held.uid}"]
    assert entry["reader"] == f"user:{lab.member.pk}"


@pytest.mark.parametrize("role", ["staff", None])
def test_who_does_not_manage_incidents_finds_nothing(lab: Lab, held: Mail, role):
    side = lab.organisation if role else make.lab("meridian")
    client = _signed_in(make.person(side, role=role or "admin"))
    statuses = [
        client.get(held.get_absolute_url()).status_code,
        client.get(f"/mail/{held.uid}/files/0/").status_code,
        client.post(f"/mail/{held.uid}/discard/", {"reason": "x"}).status_code,
        client.post(f"/mail/{held.uid}/accept/", _REPORT).status_code,
    ]
    assert statuses == [HTTPStatus.NOT_FOUND] * 4
    assert str(held.uid) not in client.get("/mail/").text
    held.refresh_from_db()
    assert held.state == "held"


def test_accepted_mail_becomes_an_incident_with_its_files(
    client: Client, held: Mail, lab: Lab
):
    answer = client.post(f"/mail/{held.uid}/accept/", _REPORT)
    incident = Incident.objects.get()
    assert answer["Location"] == incident.get_absolute_url()
    assert (incident.title, incident.severity, incident.tlp) == (
        "Weights may be gone",
        4,
        "RED",
    )
    assert incident.reported_by == lab.member
    assert Attachment.objects.get().filename == "p_1_.bin"
    held.refresh_from_db()
    assert (held.state, held.incident, held.decided_by) == (
        "reported",
        incident,
        lab.member,
    )
    [reported] = _recorded("incident.reported")
    assert reported["via"] == "by e-mail of eve@evil.example (sender not proven)"


def test_mail_is_decided_on_once(client: Client, held: Mail):
    client.post(f"/mail/{held.uid}/accept/", _REPORT)
    again = client.post(f"/mail/{held.uid}/accept/", _REPORT)
    assert again.status_code == HTTPStatus.CONFLICT
    assert Incident.objects.count() == 1


def test_form_with_an_error_says_so_and_opens_nothing(client: Client, held: Mail):
    answer = client.post(f"/mail/{held.uid}/accept/", {**_REPORT, "title": ""})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "A stranger says so." in answer.text
    assert Incident.objects.count() == 0


def test_mail_is_added_to_an_incident_for_the_own_side(
    client: Client, held: Mail, lab: Lab
):
    incident = make.incident(lab.organisation)
    ref = incident.ref.lower()
    answer = client.post(f"/mail/{held.uid}/attach/", {"incident": ref})
    assert answer["Location"] == incident.get_absolute_url()
    text = _recorded("incident.commented")[0]
    assert (text["text"], text["is_shared"]) == (
        "Weights copied\n\nI have <b>your</b> weights.",
        False,
    )
    held.refresh_from_db()
    assert (held.state, held.incident) == ("commented", incident)


def test_mail_is_not_added_to_what_one_does_not_see(client: Client, held: Mail):
    theirs = make.incident(make.lab("meridian"))
    answer = client.post(f"/mail/{held.uid}/attach/", {"incident": theirs.ref})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Name an incident that you can open" in answer.text
    held.refresh_from_db()
    assert held.state == "held"


def test_discarded_mail_keeps_its_reason_and_can_be_taken_up(
    client: Client, held: Mail
):
    client.post(f"/mail/{held.uid}/discard/", {"reason": "Known extortion."})
    held.refresh_from_db()
    assert (held.state, held.reason) == ("discarded", "Known extortion.")
    assert _recorded("mail.settled")[-1]["reason"] == "Known extortion."
    client.post(f"/mail/{held.uid}/accept/", _REPORT)
    assert Incident.objects.count() == 1


def test_mail_is_not_discarded_without_a_reason(client: Client, held: Mail):
    answer = client.post(f"/mail/{held.uid}/discard/", {"reason": " "})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    held.refresh_from_db()
    assert held.state == "held"


def test_files_are_downloads_that_no_browser_opens(client: Client, held: Mail):
    file = client.get(f"/mail/{held.uid}/files/1/")
    assert (file.content, file["Content-Type"]) == (
        b"proof",
        "application/octet-stream",
    )
    assert file["Content-Disposition"] == 'attachment; filename="p_1_.bin"'
    assert file["Content-Security-Policy"] == "default-src 'none'; sandbox"
    whole = client.get(f"/mail/{held.uid}/files/0/")
    assert whole.content == bytes(held.raw or b"")
    assert client.get(f"/mail/{held.uid}/files/2/").status_code == 404


def test_agency_decides_on_its_own_mail(lab: Lab):
    agency = make.agency("naisa")
    held = make.held_mail(agency)
    officer = _signed_in(make.person(agency, role="officer"))
    officer.post(f"/mail/{held.uid}/accept/", _REPORT)
    assert Incident.objects.get().organisation == agency


def test_menu_counts_what_is_held(client: Client, held: Mail):
    menu = client.get("/incidents/").text.split('href="/mail/"')[1].split("</a>")[0]
    assert menu.count("1") >= 1
    staff = _signed_in(make.person(held.organisation, role="staff"))
    assert 'href="/mail/"' not in staff.get("/incidents/").text


def test_administrator_opens_a_mailbox_and_sees_its_address(db):
    lab = make.lab("meridian")
    client = _signed_in(make.person(lab, role="admin"))
    sent = {
        "is_open": "on",
        "default_category": "WGT",
        "default_severity": "4",
        "default_tlp": "RED",
    }
    page = client.post("/mail/address/", sent, follow=True)
    box = Mailbox.objects.get()
    assert (box.organisation, box.default_severity, box.default_tlp) == (lab, 4, "RED")
    assert 'value="meridian+' in page.text
    [entry] = _recorded("config.changed")
    assert entry["what"] == "Mailbox opened"
    assert "meridian+" not in str(entry)


def test_new_address_replaces_the_old_one(lab: Lab):
    client = _signed_in(make.person(lab.organisation, role="admin"))
    before = lab.address
    client.post("/mail/address/rotate/", {"keep_old": "on"})
    lab.box.refresh_from_db()
    assert lab.address != before
    assert lab.box.old_token_ends_at is not None


def test_responder_does_not_change_the_address(client: Client, lab: Lab):
    before = lab.address
    answer = client.post("/mail/address/rotate/", {})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    lab.box.refresh_from_db()
    assert lab.address == before


def test_timeline_says_that_a_comment_came_by_mail(client: Client, lab: Lab):
    incident = make.incident(lab.organisation)
    root = f"<{incident.ref}@tocsin.example>"
    settled(lab.organisation, mail(text="Contained.", In_Reply_To=root))
    lines = client.get(incident.get_absolute_url()).context["timeline"].lines
    [said] = [line for line in lines if line.kind == "incident.commented"]
    assert (said.summary, said.text) == (
        "Comment, by e-mail of ada@aurora.example (sender proven by the mail relay)",
        "Contained.",
    )
