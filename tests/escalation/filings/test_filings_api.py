from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escalation.models import Filing
from incidents.models import Entry, Incident
from tests.api_world import ApiWorld, make_api_world

FILINGS = "/api/v1/filings/"
NIS2 = {"regime": "eu-nis2-23", "stage": "early_warning", "agency": "naisa"}
SB53 = {"regime": "us-ca-sb53", "stage": "report", "name": "Cal OES"}


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def begin(api_world: ApiWorld, incident: Incident, *to: dict[str, str], **more: Any):
    path = f"/api/v1/incidents/{incident.ref}/filings/"
    sent = {"recipients": list(to or (NIS2,))}
    return api_world.as_("responder").post(path, sent, headers=more or None)


def approved(api_world: ApiWorld, *to: dict[str, str]) -> str:
    """Carry a filing to its approval; returns its address."""
    body = begin(api_world, api_world.incident(), *to).json()
    path = f"{FILINGS}{body['ref']}/"
    rows = [{**row, "answer": "Yes."} for row in body["sections"]]
    author = api_world.as_("responder")
    author.put(path, {"based_on": 1, "sections": rows})
    author.post(f"{path}review/", {})
    api_world.as_("approver").post(f"{path}approve/", {"version": 2})
    return path


def test_filing_goes_from_draft_to_receipt(api_world: ApiWorld) -> None:
    path = approved(api_world)
    sent = api_world.as_("responder").post(f"{path}submit/", {}).json()
    assert (sent["state"], sent["recipients"][0]["state"]) == ("submitted", "submitted")
    officer = api_world.as_("officer")
    got = officer.get(path).json()
    assert [row["answer"] for row in got["sections"]] == ["Yes.", "Yes."]
    assert got["missing"] == []
    received = officer.post(f"{path}receive/", {}).json()
    assert received["recipients"][0]["receipt_number"].startswith("NAISA-")
    accepted = officer.post(f"{path}accept/", {"text": "Thank you."}).json()
    assert accepted["recipients"][0]["state"] == "accepted"
    seen = api_world.as_("staff").get(path).json()
    assert seen["recipients"] == accepted["recipients"]


@pytest.mark.parametrize("act", ["accept", "return"])
def test_version_that_was_read_is_checked(api_world: ApiWorld, act: str) -> None:
    path = approved(api_world)
    api_world.as_("responder").post(f"{path}submit/", {})
    answer = api_world.as_("officer").post(f"{path}{act}/", {"text": "x", "version": 1})
    assert answer.status_code == 409
    assert "Version 2 came meanwhile" in answer.content.decode()


def test_author_who_approves_gets_a_conflict(api_world: ApiWorld) -> None:
    body = begin(api_world, api_world.incident()).json()
    path = f"{FILINGS}{body['ref']}/"
    rows = [{**row, "answer": "Yes."} for row in body["sections"]]
    approver = api_world.as_("approver")
    approver.put(path, {"based_on": 1, "sections": rows})
    approver.post(f"{path}review/", {})
    answer = approver.post(f"{path}approve/", {"version": 2})
    assert (answer.status_code, answer.json()["state"]["state"]) == (409, "in_review")


def test_what_is_missing_is_named(api_world: ApiWorld) -> None:
    body = begin(api_world, api_world.incident(), SB53).json()
    path = f"{FILINGS}{body['ref']}/review/"
    answer = api_world.as_("responder").post(path, {})
    missing = answer.json()["state"]["missing"]
    assert (answer.status_code, missing) == (409, body["missing"])
    assert [row["field"] for row in missing] == [
        "Date",
        "Reasons why it is a critical safety incident",
        "Whether it came with internal use",
    ]


def test_repeated_request_begins_one_filing(api_world: ApiWorld) -> None:
    incident = api_world.incident()
    key = {"Idempotency-Key": "abc"}
    client = api_world.as_("responder")
    path = f"/api/v1/incidents/{incident.ref}/filings/"
    answers = [
        client.post(path, {"recipients": [NIS2]}, headers=key).json() for _ in range(2)
    ]
    assert answers[0]["ref"] == answers[1]["ref"]
    assert Filing.objects.count() == 1


def test_agency_sees_only_its_sections(api_world: ApiWorld) -> None:
    other = {"regime": "eu-gdpr-33", "stage": "notification", "agency": "other-agency"}
    path = approved(api_world, NIS2, other)
    api_world.as_("responder").post(f"{path}submit/", {})
    got = api_world.as_("officer").get(path).json()
    assert [row["field"][:9] for row in got["sections"]] == ["Suspected", "Could hav"]
    assert [row["key"] for row in got["recipients"]] == ["naisa"]
    assert {key for row in got["sections"] for key in row["audience"]} == {"naisa"}
    text = api_world.as_("officer").get(path).content.decode()
    assert "gdpr" not in text
    assert "other-agency" not in text


def test_agencys_work_on_what_it_did_not_get_is_not_found(api_world: ApiWorld) -> None:
    path = approved(api_world)
    api_world.as_("responder").post(f"{path}submit/", {})
    other = api_world.as_("other_agency_admin")
    assert other.post(f"{path}receive/", {}).status_code == 404
    assert api_world.as_("responder").post(f"{path}receive/", {}).status_code == 404


def test_agency_cannot_carry_on_the_labs_filing(api_world: ApiWorld) -> None:
    path = approved(api_world)
    api_world.as_("responder").post(f"{path}submit/", {})
    officer = api_world.as_("supervisor")
    assert officer.post(f"{path}approve/", {"version": 2}).status_code == 404
    assert officer.post(f"{path}revise/", {}).status_code == 404


def test_request_is_answered(api_world: ApiWorld) -> None:
    path = approved(api_world)
    api_world.as_("responder").post(f"{path}submit/", {})
    asked = api_world.as_("officer").post(f"{path}ask/", {"text": "Which?"}).json()
    assert asked["requests"][0]["number"] == 1
    sent = {"number": 1, "text": "c1."}
    answered = api_world.as_("staff").post(f"{path}answer/", sent).json()
    assert answered["requests"][0]["answer"] == "c1."


def test_portals_receipt_is_uploaded(api_world: ApiWorld) -> None:
    path = approved(api_world, SB53)
    sent = {
        "recipient": "by-hand-1",
        "reference": "OES-7",
        "submitted_at": timezone.now().isoformat(),
        "file": SimpleUploadedFile("receipt.pdf", b"%PDF-1.7 receipt"),
    }
    client = api_world.as_("responder")
    body = client.post(f"{path}by-hand/", sent, format="multipart").json()
    [recipient] = body["recipients"]
    assert (recipient["state"], recipient["portal_reference"]) == ("submitted", "OES-7")
    assert len(recipient["receipt_sha256"]) == 64


def test_reading_a_filing_is_recorded(api_world: ApiWorld) -> None:
    path = approved(api_world)
    before = Entry.objects.filter(kind="record.read").count()
    api_world.as_("staff").get(path)
    assert Entry.objects.filter(kind="record.read").count() == before + 1


def test_list_shows_each_side_its_own(api_world: ApiWorld) -> None:
    path = approved(api_world)
    begin(api_world, api_world.incident())
    api_world.as_("responder").post(f"{path}submit/", {})
    counts = {
        role: len(api_world.as_(role).get(FILINGS).json()["results"])
        for role in ("staff", "officer", "other_lab_admin", "other_agency_admin")
    }
    assert counts == {
        "staff": 2,
        "officer": 1,
        "other_lab_admin": 0,
        "other_agency_admin": 0,
    }


def test_list_is_narrowed_by_what_the_side_knows(api_world: ApiWorld) -> None:
    other = {"regime": "eu-gdpr-33", "stage": "notification", "agency": "other-agency"}
    path = approved(api_world, NIS2, other)
    api_world.as_("responder").post(f"{path}submit/", {})

    def found(role: str, query: str) -> int:
        return len(api_world.as_(role).get(FILINGS + query).json()["results"])

    assert found("staff", "?regime=eu-gdpr-33") == 1
    assert found("officer", "?regime=eu-gdpr-33") == 0
    assert found("officer", "?regime=eu-nis2-23&state=submitted") == 1
    assert found("officer", "?state=received") == 0


def test_list_takes_as_many_queries_for_three_as_for_one(api_world: ApiWorld) -> None:
    incident = api_world.incident()
    begin(api_world, incident)
    client = api_world.as_("staff")
    client.get(FILINGS)
    with CaptureQueriesContext(connection) as one:
        client.get(FILINGS)
    for _ in range(2):
        begin(api_world, incident, NIS2, SB53)
    client.get(FILINGS)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(FILINGS).json()["results"]) == 3
    assert len(three) == len(one)


def asked_about(api_world: ApiWorld) -> str:
    """Have the agency ask about a filing; returns its address."""
    path = approved(api_world)
    api_world.as_("responder").post(f"{path}submit/", {})
    sent = {"text": "Which?", "due_at": "2030-01-02T00:00:00Z"}
    api_world.as_("officer").post(f"{path}ask/", sent)
    return path


def test_request_is_moved_answered_in_part_and_withdrawn(api_world: ApiWorld) -> None:
    path = asked_about(api_world)
    officer, lab = api_world.as_("officer"), api_world.as_("responder")
    why = {"number": 1, "text": "The council meets."}

    moved = officer.post(f"{path}move-request/", {**why, "due_at": "2030-01-01T00:00Z"})
    [one], [part] = moved.json()["requests"], moved.json()["recipients"]
    assert (one["due_at"], one["is_late"]) == ("2030-01-01T00:00:00Z", False)
    assert (part["open_requests"], part["answer_due_at"]) == (1, one["due_at"])
    lab.post(f"{path}answer/", {"number": 1, "text": "Logs.", "is_partial": True})
    gone = officer.post(f"{path}withdraw-request/", why).json()

    [one], [part] = gone["requests"], gone["recipients"]
    assert [step["kind"] for step in one["steps"]] == ["moved", "part", "withdrawn"]
    assert (one["answered_at"], one["is_late"]) == (None, None)
    assert (part["open_requests"], part["answer_due_at"]) == (0, None)
    assert lab.get(path).json()["requests"] == gone["requests"]
    again = officer.post(f"{path}withdraw-request/", why)
    assert (again.status_code, again.json()["detail"]) == (
        409,
        "Request 1 was withdrawn.",
    )


def test_request_that_is_not_there_is_named(api_world: ApiWorld) -> None:
    path = asked_about(api_world)
    answer = api_world.as_("officer").post(
        f"{path}withdraw-request/", {"number": 2, "text": "x"}
    )
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["value"]) == (422, "number", 2)


def test_lab_does_not_move_what_an_agency_asked(api_world: ApiWorld) -> None:
    path = asked_about(api_world)
    sent = {"number": 1, "text": "x", "due_at": "2031-01-01T00:00:00Z"}
    answer = api_world.as_("responder").post(f"{path}move-request/", sent)
    assert answer.status_code == 404
    [one] = api_world.as_("responder").get(path).json()["requests"]
    assert one["due_at"] == "2030-01-02T00:00:00Z"
