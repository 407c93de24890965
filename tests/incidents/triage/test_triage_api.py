from base64 import b64encode

import pytest

from incidents.models import Entry, ReadMark, TriageRow
from tests import factories
from tests.api_world import ApiWorld, make_api_world

QUEUE = "/api/v1/triage/"


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def address(incident, action: str) -> str:
    return f"/api/v1/incidents/{incident.ref}/{action}/"


def test_decision_answers_the_row(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    sent = {
        "outcome": "accepted",
        "priority": 2,
        "owner": api_world.person("officer").email,
    }
    body = api_world.as_("officer").post(address(incident, "triage"), sent).json()
    shown = (body["state"], body["outcome"], body["priority"], body["owner"])
    assert shown == ("decided", "accepted", 2, sent["owner"])


def test_lab_sees_outcome_but_not_priority(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    sent = {"outcome": "accepted", "priority": 2, "reason": "ours"}
    api_world.as_("officer").post(address(incident, "triage"), sent)
    items = api_world.as_("staff").get(address(incident, "timeline")).json()
    [decided] = [item for item in items if item["kind"] == "triage.decided"]
    assert decided["data"] == {"outcome": "Accepted", "reason": "ours"}
    assert "name" not in decided["actor"]


def test_duplicate_of_an_invisible_incident_is_not_found(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    hidden = factories.incident(api_world.other_lab)
    sent = {"outcome": "duplicate", "reason": "same", "duplicate_of": hidden.ref}
    answer = api_world.as_("officer").post(address(incident, "triage"), sent)
    assert (answer.status_code, TriageRow.objects.get().state) == (404, "waiting")


def test_owner_of_another_organisation_is_refused(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    sent = {"owner": api_world.person("staff").email}
    answer = api_world.as_("officer").post(address(incident, "assign"), sent)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "owner")


def test_question_is_answered_and_seen_by_both_sides(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    asked = {"question": "When?"}
    api_world.as_("officer").post(address(incident, "request-info"), asked)
    sent = {"answer": "At night."}
    answer = api_world.as_("staff").post(address(incident, "answer"), sent)
    assert answer.json()["number"] == 1
    for role in ("staff", "officer"):
        [row] = api_world.as_(role).get(address(incident, "questions")).json()
        assert (row["agency"], row["question"], row["answer"]) == (
            "naisa",
            "When?",
            "At night.",
        )
    again = api_world.as_("staff").post(address(incident, "answer"), sent)
    assert (again.status_code, again.json()["code"]) == (409, "not_possible")


def test_agency_does_not_see_another_agencys_question(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    api_world.share(incident, api_world.other_agency)
    asked = {"question": "When?"}
    api_world.as_("officer").post(address(incident, "request-info"), asked)
    other = api_world.as_("other_agency_admin")
    assert other.get(address(incident, "questions")).json() == []
    assert len(api_world.as_("staff").get(address(incident, "questions")).json()) == 1


def test_several_open_questions_need_a_number(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    for text in ("When?", "Where?"):
        api_world.as_("officer").post(
            address(incident, "request-info"), {"question": text}
        )
    client = api_world.as_("staff")
    answer = client.post(address(incident, "answer"), {"answer": "Here."})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "number")
    body = client.post(
        address(incident, "answer"), {"answer": "Here.", "number": 2}
    ).json()
    assert (body["question"], body["answer"]) == ("Where?", "Here.")


def test_queue_is_ones_agencys_own_and_recorded(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True, severity=4)
    api_world.incident(severity=5)
    rows = api_world.as_("officer").get(QUEUE).json()
    assert [(row["incident"], row["lab"]) for row in rows] == [(incident.ref, "aurora")]
    assert ReadMark.objects.get().target == f"list:{incident.ref}"
    assert api_world.as_("other_agency_admin").get(QUEUE).json() == []
    assert api_world.as_("staff").get(QUEUE).json() == []


@pytest.mark.parametrize("query", ["state=lost", "colour=red"])
def test_unusable_queue_filter_is_named(api_world: ApiWorld, query: str) -> None:
    answer = api_world.as_("officer").get(f"{QUEUE}?{query}")
    field = query.partition("=")[0]
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_several_are_acknowledged_at_once(api_world: ApiWorld) -> None:
    seen, hidden = api_world.incident(shared=True), api_world.incident()
    sent = {"refs": [seen.ref, hidden.ref]}
    body = api_world.as_("officer").post(f"{QUEUE}acknowledge/", sent).json()
    [receipt] = body.pop("receipts")
    assert body == {"acknowledged": [seen.ref], "skipped": [hidden.ref]}
    entry = Entry.objects.get(
        kind="incident.acknowledged",
        stream__audience__purpose="private",
    )
    assert receipt == {
        "ref": seen.ref,
        "leaf": b64encode(bytes(entry.leaf)).decode(),
        "leaf_hash": bytes(entry.leaf_hash).hex(),
        "url": f"http://testserver/api/v1/incidents/{seen.ref}/receipts/acknowledged/",
    }
