from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escalation.models import AnchorValue, Decision
from tests.api_world import ApiWorld, make_api_world
from tests.escalation.duties.duty_world import DORA

INCIDENTS = "/api/v1/incidents/"
NOTE = {"name": "aware", "at": "2026-11-20T14:05:00+01:00", "source": "shift log"}
YES = {
    "regime": DORA,
    "verdict": "reportable",
    "limbs": ["major_incident"],
    "reason": "two criteria",
}


@pytest.fixture
def api_world(db) -> ApiWorld:
    return make_api_world()


def test_instant_is_noted_chosen_and_withdrawn(api_world):
    path = f"{INCIDENTS}{api_world.incident().ref}/anchors/"
    client = api_world.as_("responder")
    made = client.post(path, NOTE)
    assert made.status_code == 201
    other = client.post(path, {**NOTE, "at": "2026-11-20T14:10Z"}).json()
    chosen = client.post(
        f"{path}{other['id']}/choose/", {"regime": DORA, "reason": "the call"}
    ).json()
    assert [(c["regime"], c["reason"]) for c in chosen["chosen"]] == [
        (DORA, "the call")
    ]
    gone = client.post(
        f"{path}{made.json()['id']}/withdraw/", {"reason": "wrong clock"}
    ).json()
    assert gone["withdrawn_reason"] == "wrong clock"
    rows = client.get(path).json()
    assert [(r["at"], r["is_first"], bool(r["withdrawn_at"])) for r in rows] == [
        ("2026-11-20T13:05:00Z", False, True),
        ("2026-11-20T14:10:00Z", True, False),
    ]


def test_local_time_is_read_in_its_zone_and_flagged_when_it_happened_twice(api_world):
    path = f"{INCIDENTS}{api_world.incident().ref}/anchors/"
    body = {**NOTE, "at": "2025-10-26T02:30", "zone": "Europe/Berlin"}
    made = api_world.as_("responder").post(path, body).json()
    assert (made["at"], made["written"], made["precision"], made["flag"]) == (
        "2025-10-26T00:30:00Z",
        "2025-10-26T02:30 Europe/Berlin",
        "minute",
        "local time that happened twice, the first",
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": "2026-03-29T02:30", "zone": "Europe/Berlin"}, "at"),
        ({"zone": "Mars/Olympus", "at": "2026-03-29"}, "zone"),
        ({"name": "submitted:initial"}, "name"),
        ({"at": "2126-01-01"}, "at"),
    ],
)
def test_what_cannot_be_noted_is_a_problem_that_names_the_field(
    api_world, change, field
):
    path = f"{INCIDENTS}{api_world.incident().ref}/anchors/"
    answer = api_world.as_("responder").post(path, {**NOTE, **change})
    assert (answer.status_code, field in answer.content.decode()) == (422, True)
    assert not AnchorValue.objects.exists()


def test_future_instant_is_taken_when_confirmed(api_world):
    path = f"{INCIDENTS}{api_world.incident().ref}/anchors/"
    at = (timezone.now() + timedelta(days=1)).isoformat()
    body = {**NOTE, "at": at, "confirm": True}
    assert api_world.as_("responder").post(path, body).status_code == 201


def test_each_side_reads_its_own_record_and_decisions(api_world):
    incident = api_world.incident(shared=True)
    for role in ("responder", "officer"):
        client = api_world.as_(role)
        client.post(f"{INCIDENTS}{incident.ref}/anchors/", {**NOTE, "source": role})
        client.post(f"{INCIDENTS}{incident.ref}/decisions/", {**YES, "reason": role})
    for role in ("responder", "officer"):
        client = api_world.as_(role)
        anchors = client.get(f"{INCIDENTS}{incident.ref}/anchors/").json()
        decisions = client.get(f"{INCIDENTS}{incident.ref}/decisions/").json()
        assert [row["source"] for row in anchors] == [role]
        assert [row["reason"] for row in decisions] == [role]


def test_the_other_sides_rows_are_not_found(api_world):
    incident = api_world.incident(shared=True)
    path = f"{INCIDENTS}{incident.ref}/"
    lab, agency = api_world.as_("approver"), api_world.as_("supervisor")
    value = lab.post(f"{path}anchors/", NOTE).json()["id"]
    decision = lab.post(f"{path}decisions/", YES).json()["id"]
    places = {
        f"anchors/{value}/choose/": {"regime": DORA, "reason": "x"},
        f"anchors/{value}/withdraw/": {"reason": "x"},
        f"decisions/{decision}/confirm/": {},
    }
    found = [
        agency.post(path + place, body).status_code for place, body in places.items()
    ]
    assert found == [404, 404, 404]
    assert AnchorValue.objects.get().withdrawn_at is None


def test_another_person_confirms_and_oneself_is_a_conflict(api_world):
    path = f"{INCIDENTS}{api_world.incident().ref}/decisions/"
    made = api_world.as_("approver").post(path, YES).json()
    assert (made["verdict"], made["confirmed_by"]) == ("reportable", "")
    own = api_world.as_("approver").post(f"{path}{made['id']}/confirm/", {})
    assert (own.status_code, own.json()["state"]["is_confirmed"]) == (409, False)
    confirmed = api_world.as_("admin").post(f"{path}{made['id']}/confirm/", {}).json()
    assert confirmed["confirmed_by"] == api_world.person("admin").email
    again = api_world.as_("admin").post(f"{path}{made['id']}/confirm/", {})
    assert again.status_code == 409


def test_responder_decides_and_may_not_confirm(api_world):
    path = f"{INCIDENTS}{api_world.incident().ref}/decisions/"
    made = api_world.as_("approver").post(path, YES).json()
    answer = api_world.as_("responder").post(f"{path}{made['id']}/confirm/", {})
    assert answer.status_code == 403
    assert Decision.objects.get().confirmed_at is None


def test_a_no_needs_a_day_to_look_again(api_world):
    path = f"{INCIDENTS}{api_world.incident().ref}/decisions/"
    body = {**YES, "verdict": "not_reportable", "limbs": []}
    answer = api_world.as_("responder").post(path, body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (
        422,
        "review_on",
    )
    body["review_on"] = (timezone.now() + timedelta(days=9)).date().isoformat()
    assert api_world.as_("responder").post(path, body).status_code == 201


@pytest.mark.parametrize("what", ["anchors", "decisions"])
def test_lists_take_as_many_statements_for_three_as_for_one(api_world, what):
    path = f"{INCIDENTS}{api_world.incident().ref}/{what}/"
    client = api_world.as_("responder")

    def add(number):
        note = {**NOTE, "source": f"log {number}"}
        verdict = {**YES, "reason": f"reason {number}"}
        client.post(path, note if what == "anchors" else verdict)

    add(1)
    client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    add(2)
    add(3)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(path).json()) == 3
    assert len(three) == len(one)
