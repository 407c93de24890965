from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from escalation.filings.acts import ACTS
from escalation.filings.drafting import NewRecipient
from escalation.filings.forms import RecipientForm, remark_key
from escalation.filings.inquiries import request_information
from escalation.filings.reading import newest_version
from escalation.models import (
    Filing,
    FilingRequest,
    LegalProfile,
    StatutoryClock,
)
from tests import factories as make
from tests.escalation.filings.filing_world import FilingWorld, make_filing_world


@pytest.fixture
def world(db: None) -> FilingWorld:
    made = make_filing_world()
    made.now = timezone.now()
    return made


def visit(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def act(user, filing: Filing, name: str, **sent):
    return visit(user).post(f"/filings/{filing.ref}/{name}/", sent)


def test_filing_is_begun_written_and_sent_on_pages(world: FilingWorld):
    client = visit(world.author)
    sent = {
        "to-1-duty": "eu-nis2-23 early_warning",
        "to-1-agency": "naisa",
        "idempotency_key": "k",
    }
    path = f"/incidents/{world.incident.ref}/filings/new/"
    assert client.get(path).status_code == 200
    answers = [client.post(path, sent)["Location"] for _ in range(2)]
    filing = Filing.objects.get()
    assert answers == [f"/filings/{filing.ref}/edit/"] * 2
    assert client.get(answers[0]).status_code == 200
    answer = client.post(
        answers[0], {"based_on": 1, "answer-0": "Yes.", "answer-1": "No."}
    )
    assert answer["Location"] == f"/filings/{filing.ref}/"
    assert [row["answer"] for row in newest_version(filing).sections] == ["Yes.", "No."]
    act(world.author, filing, "review")
    act(world.approver, filing, "approve", version=2)
    act(world.author, filing, "submit")
    filing.refresh_from_db()
    assert filing.state == "submitted"


def test_laws_that_the_lab_watches_are_offered_first(world: FilingWorld):
    LegalProfile.objects.create(
        organisation=world.lab, regimes={"us-ca-sb53": {}}, changed_at=world.now
    )
    offered = str(RecipientForm(organisation=world.lab)["duty"])
    assert offered.index("us-ca-sb53 ") < offered.index("eu-")


def test_second_recipient_and_own_section_are_taken(world: FilingWorld):
    client = visit(world.author)
    sent = {
        "to-1-duty": "eu-nis2-23 early_warning",
        "to-1-agency": "naisa",
        "to-2-duty": "us-ca-sb53 report",
        "to-2-agency": "by-hand",
        "to-2-name": "Cal OES",
    }
    client.post(f"/incidents/{world.incident.ref}/filings/new/", sent)
    filing = Filing.objects.get()
    rows = newest_version(filing).sections
    assert [one.key for one in filing.recipients.all()] == ["naisa", "by-hand-2"]
    body = {
        "based_on": 1,
        f"field-{len(rows)}": "Contact",
        f"answer-{len(rows)}": "+1 555",
        f"audience-{len(rows)}": ["by-hand-2"],
    }
    client.post(f"/filings/{filing.ref}/edit/", body)
    assert newest_version(filing).sections[-1] == {
        "field": "Contact",
        "answer": "+1 555",
        "is_not_yet_known": False,
        "reason": "",
        "audience": ["by-hand-2"],
    }


def test_mistake_comes_back_with_what_was_typed(world: FilingWorld):
    filing = world.draft()
    world.answer_all(filing)
    answer = visit(world.author).post(
        f"/filings/{filing.ref}/edit/", {"based_on": 1, "answer-0": "Typed."}
    )
    assert answer.status_code == 409
    assert "Typed." in answer.content.decode()


def test_author_who_approves_is_told_why_not(world: FilingWorld):
    filing = world.draft()
    world.author, world.approver = world.approver, world.author
    world.answer_all(filing)
    author = world.author
    act(author, filing, "review")
    answer = act(author, filing, "approve", version=2)
    assert answer.status_code == 409
    assert "another person must approve it" in answer.content.decode()


def test_agency_works_on_its_page(world: FilingWorld):
    filing = world.submitted()
    page = visit(world.officer).get(f"/filings/{filing.ref}/").content.decode()
    assert "Give the receipt" in page
    assert "Withdraw it" not in page
    act(world.officer, filing, "receive")
    field = newest_version(filing).sections[1]["field"]
    remark = {remark_key(field): "Which?"}
    act(world.officer, filing, "return", version=2, text="Complete it.", **remark)
    assert world.got(filing).remarks.get(text="Which?").field == field
    page = visit(world.author).get(f"/filings/{filing.ref}/").content.decode()
    assert "Which?" in page
    act(world.officer, filing, "ask", text="Since when?", zone="UTC")
    asked = world.got(filing).requests.get()
    act(world.author, filing, "answer", request=asked.pk, text="Monday.")
    asked.refresh_from_db()
    assert asked.answer == "Monday."


def test_request_is_moved_answered_in_part_and_withdrawn_on_the_page(
    world: FilingWorld,
):
    filing = world.submitted()
    asked = request_information(
        world.got(filing), text="Which?", due_at=None, **world.who(world.officer)
    )
    chosen = {"request": asked.pk, "text": "Because of the council."}
    day = world.now + timedelta(days=3)
    moved = {**chosen, "due_at": f"{day:%Y-%m-%dT%H:%M}", "zone": "UTC"}
    part = {"request": asked.pk, "text": "Logs follow.", "is_partial": "on"}

    assert act(world.officer, filing, "move-request", **chosen).status_code == 422
    assert act(world.officer, filing, "move-request", **moved).status_code == 302
    assert act(world.author, filing, "answer", **part).status_code == 302
    assert act(world.officer, filing, "withdraw-request", **chosen).status_code == 302

    steps = list(asked.steps.values_list("kind", flat=True))
    assert steps == ["moved", "part", "withdrawn"]
    for user in (world.author, world.officer):
        page = visit(user).get(f"/filings/{filing.ref}/").content.decode()
        assert page.count("Because of the council.") == 2
        assert "Logs follow." in page


def test_inbox_says_until_when_the_lab_is_to_answer(world: FilingWorld):
    filing = world.submitted()
    soon, later = (world.now + timedelta(hours=hours) for hours in (1, 30))
    for due_at in (later, soon):
        request_information(
            world.got(filing), text="?", due_at=due_at, **world.who(world.officer)
        )
    page = visit(world.officer).get("/filings/?show=answers").content.decode()
    assert "2 open requests" in page
    assert f"{soon:%H:%M} UTC" in page
    assert "answer is late" not in page
    FilingRequest.objects.update(due_at=world.now - timedelta(hours=1))
    page = visit(world.officer).get("/filings/").content.decode()
    assert "answer is late" in page


@pytest.mark.parametrize("name", ["accept", "return"])
def test_agency_settles_only_the_version_that_it_has_read(
    world: FilingWorld, name: str
):
    filing = world.submitted()
    page = visit(world.officer).get(f"/filings/{filing.ref}/").content.decode()
    assert f'name="version" value="2" id="id_{name}_version"' in page
    assert act(world.officer, filing, name, text="Well.").status_code == 422
    answer = act(world.officer, filing, name, version=1, text="Well.")
    assert answer.status_code == 409
    assert "Version 2 came meanwhile: read that one." in answer.content.decode()
    assert world.got(filing).state == "submitted"


def test_request_of_another_filing_is_not_answered_here(world: FilingWorld):
    first, second = world.submitted(), world.submitted()
    for filing in (first, second):
        request_information(
            world.got(filing), text="?", due_at=None, **world.who(world.officer)
        )
    other = world.got(second).requests.get()
    answer = act(world.author, first, "answer", request=other.pk, text="x")
    assert answer.status_code == 422
    other.refresh_from_db()
    assert other.answered_at is None


def test_portals_receipt_is_uploaded_on_the_page(world: FilingWorld):
    filing = world.approved(world.by_hand())
    sent = {
        "recipient": "by-hand-1",
        "reference": "OES-7",
        "submitted_at": f"{timezone.now():%Y-%m-%dT%H:%M}",
        "zone": "UTC",
        "file": SimpleUploadedFile("receipt.pdf", b"%PDF-1.7"),
    }
    answer = act(world.author, filing, "by-hand", **sent)
    assert answer.status_code == 302
    assert filing.recipients.get().portal_reference == "OES-7"


def test_each_act_has_a_page_and_a_state_in_which_it_is_offered(world: FilingWorld):
    offered: set[str] = set()

    def look(user, filing: Filing) -> None:
        page = visit(user).get(f"/filings/{filing.ref}/").content.decode()
        offered.update(name for name in ACTS if f'id="action-{name}"' in page)

    draft = world.draft(world.to(), world.by_hand())
    world.answer_all(draft)
    look(world.author, draft)
    act(world.author, draft, "review")
    look(world.approver, draft)
    act(world.approver, draft, "approve", version=2)
    look(world.author, draft)
    act(world.author, draft, "submit")
    look(world.officer, draft)
    act(world.officer, draft, "ask", text="?", zone="UTC")
    look(world.officer, draft)
    look(world.author, draft)
    assert offered == set(ACTS)


def test_inbox_shows_what_the_agency_owes_soonest_first(world: FilingWorld):
    first = world.submitted()
    second = world.submitted(world.to("eu-gdpr-33", "notification"))
    StatutoryClock.objects.filter(organisation=world.agency).delete()
    for regime, minutes in (("eu-gdpr-33", -5), ("eu-nis2-23", 60)):
        StatutoryClock.objects.create(
            incident=world.incident,
            organisation=world.agency,
            regime_id=regime,
            regime_digest="",
            stage="authority_answer",
            state="running",
            due_operational=world.now + timedelta(minutes=minutes),
            started_at=world.now,
        )
    page = visit(world.officer).get("/filings/").content.decode()
    assert page.index(second.ref) < page.index(first.ref)
    assert page.count("row-urgent") == 1


def test_list_of_a_lab_shows_no_other_labs(world: FilingWorld):
    filing = world.draft()
    stranger = _stranger()
    assert filing.ref in visit(world.author).get("/filings/").content.decode()
    assert filing.ref not in visit(stranger).get("/filings/").content.decode()


def _stranger():
    return make.person(make.lab("meridian"))


def test_duties_page_shows_filings_and_where_to_begin(world: FilingWorld):
    filing = world.draft()
    path = f"/incidents/{world.incident.ref}/duties/"
    page = visit(world.author).get(path).content.decode()
    assert f"/filings/{filing.ref}/" in page
    assert f"/incidents/{world.incident.ref}/filings/new/" in page


def test_request_about_what_was_accepted_stands_on_the_labs_list(world: FilingWorld):
    filing, settled = world.submitted(), world.submitted()
    for one in (filing, settled):
        act(world.officer, one, "accept", version=2)
    act(world.officer, filing, "ask", text="?", zone="UTC")
    page = visit(world.author).get("/filings/").content.decode()
    assert "1 request to answer" in page
    assert filing.ref in page
    assert settled.ref not in page


def test_form_sent_again_with_other_recipients_begins_no_other_unseen(
    world: FilingWorld,
):
    client = visit(world.author)
    path = f"/incidents/{world.incident.ref}/filings/new/"
    sent = {
        "to-1-duty": "eu-nis2-23 early_warning",
        "to-1-agency": "naisa",
        "idempotency_key": "k",
    }
    client.post(path, sent)
    answer = client.post(path, {**sent, "to-1-duty": "us-ca-sb53 report"})
    assert answer.status_code == 422
    assert "has begun a filing already" in answer.content.decode()
    again = {**sent, "to-1-duty": "us-ca-sb53 report"}
    again["idempotency_key"] = str(answer.context["once"])
    assert client.post(path, again).status_code == 302
    assert Filing.objects.count() == 2


def test_inbox_tells_of_a_first_filing_only_who_got_it(world: FilingWorld):
    bureau = make.agency("bureau")
    clerk = make.person(bureau, role="officer")
    first = world.submitted()
    to_bureau = NewRecipient("eu-nis2-23", "early_warning", bureau)
    world.submitted(world.to(), to_bureau, amends=first)
    said = [
        visit(user).get("/filings/").content.decode().count("· amended")
        for user in (world.officer, clerk)
    ]
    assert said == [1, 0]
