from typing import Any

import pytest

from incidents.incident.models import Incident
from incidents.models import (
    Acknowledgement,
    AudienceStream,
    Entry,
    Organisation,
    Share,
)
from tests import factories
from tests.api_world import ApiWorld, client_of

LAB = ("staff", "responder", "approver", "admin")
AGENCY = ("officer", "supervisor", "agency_admin")
MANAGERS = ("responder", "approver", "admin")

# action: (body, who may)
ACTIONS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "acknowledge": ({}, (*MANAGERS, *AGENCY)),
    "comment": ({"text": "Seen."}, (*LAB, *AGENCY)),
    "severity": ({"severity": 4, "reason": "worse"}, MANAGERS),
    "resolve": ({"reason": "done"}, MANAGERS),
    "share": ({"agency": "other-agency", "reason": "theirs"}, MANAGERS),
    "unshare": ({"agency": "naisa", "reason": "mistake"}, MANAGERS),
    "triage": ({"outcome": "accepted"}, AGENCY),
    "assign": ({"owner": None}, AGENCY),
    "request-info": ({"question": "When?"}, AGENCY),
}
TABLE = [
    (action, role, 200 if role in may else 403)
    for action, (_, may) in ACTIONS.items()
    for role in (*LAB, *AGENCY)
]
STRANGERS = ("other_lab_admin", "other_agency_admin", "operator", "platform_admin")


def act(client: Any, incident: Incident, action: str, body: dict[str, Any]) -> Any:
    return client.post(f"/api/v1/incidents/{incident.ref}/{action}/", body)


def own_leaf_hash(organisation: Organisation) -> str:
    streams = AudienceStream.objects.filter(
        organisation=organisation, purpose="private"
    )
    entry = Entry.objects.get(
        kind="incident.acknowledged", stream__in=streams.values("stream")
    )
    return bytes(entry.leaf_hash).hex()


@pytest.mark.parametrize(("action", "role", "status"), TABLE)
def test_role_may_or_may_not_act(
    api_world: ApiWorld, action: str, role: str, status: int
) -> None:
    incident = api_world.incident(shared=True)
    answer = act(api_world.as_(role), incident, action, ACTIONS[action][0])
    code = answer.json().get("code")
    assert (answer.status_code, code) == (
        status,
        "not_allowed" if status == 403 else None,
    )


@pytest.mark.parametrize("action", ["reopen", "merge", "answer"])
@pytest.mark.parametrize("role", [*LAB, *AGENCY])
def test_role_may_or_may_not_act_on_prepared_incidents(
    api_world: ApiWorld, action: str, role: str
) -> None:
    incident, other = api_world.incident(shared=True), api_world.incident()
    body: dict[str, Any] = {"reason": "again"}
    if action == "reopen":
        act(api_world.as_("admin"), incident, "resolve", {"reason": "done"})
    if action == "merge":
        body["into"] = other.ref
    if action == "answer":
        act(api_world.as_("officer"), incident, "request-info", {"question": "When?"})
        body = {"answer": "At night."}
    may = LAB if action == "answer" else MANAGERS
    answer = act(api_world.as_(role), incident, action, body)
    assert answer.status_code == (200 if role in may else 403), answer.json()


@pytest.mark.parametrize("role", STRANGERS)
@pytest.mark.parametrize("action", [*ACTIONS, "reopen", "merge", "answer", "escalate"])
def test_action_on_an_invisible_incident_is_not_found(
    api_world: ApiWorld, action: str, role: str
) -> None:
    incident = api_world.incident(shared=True)
    sent = ACTIONS.get(action, ({"reason": "x", "into": "x"}, ()))[0]
    hidden = act(api_world.as_(role), incident, action, sent)
    missing = api_world.as_(role).post(f"/api/v1/incidents/INC-0/{action}/", sent)
    assert (hidden.status_code, hidden.json()) == (404, missing.json())


def test_ended_share_is_not_found(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    act(api_world.as_("admin"), incident, "unshare", ACTIONS["unshare"][0])
    assert act(api_world.as_("officer"), incident, "acknowledge", {}).status_code == 404


def test_acknowledging_is_for_ones_own_organisation(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    body = act(api_world.as_("officer"), incident, "acknowledge", {}).json()
    assert (body["status"], body["acknowledged_at"]) == ("open", None)
    assert body["receipt"]["leaf_hash"] == own_leaf_hash(api_world.agency)
    body = act(api_world.as_("responder"), incident, "acknowledge", {}).json()
    assert body["receipt"]["leaf_hash"] == own_leaf_hash(api_world.lab)
    assert (body["status"], len(body["acknowledgements"])) == ("acknowledged", 2)
    rows = Acknowledgement.objects.order_by("pk").values_list(
        "organisation__slug", "via"
    )
    assert list(rows) == [("naisa", "api"), ("aurora", "api")]


def test_person_on_both_sides_may_choose_one(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    user = api_world.person("responder")
    factories.person(api_world.agency, user.email, role="officer")
    body = act(client_of(user), incident, "acknowledge", {"organisation": "naisa"})
    assert [a["organisation"] for a in body.json()["acknowledgements"]] == ["naisa"]


def test_action_on_a_closed_incident_answers_its_state(api_world: ApiWorld) -> None:
    incident = api_world.incident()
    client = api_world.as_("admin")
    act(client, incident, "resolve", {"reason": "done"})
    answer = act(client, incident, "acknowledge", {})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (409, "not_possible")
    assert (body["state"]["ref"], body["state"]["status"]) == (incident.ref, "resolved")


def test_merging_into_an_invisible_incident_is_not_found(api_world: ApiWorld) -> None:
    incident, hidden = api_world.incident(), factories.incident(api_world.other_lab)
    sent = {"into": hidden.ref, "reason": "same"}
    answer = act(api_world.as_("admin"), incident, "merge", sent)
    assert (answer.status_code, answer.json()["errors"]) == (
        404,
        [
            {
                "field": "into",
                "value": hidden.ref,
                "remedy": "Name an incident that you can open, by its ref.",
            }
        ],
    )


def test_merged_incident_names_the_one_that_stays(api_world: ApiWorld) -> None:
    incident, into = api_world.incident(shared=True), api_world.incident()
    sent = {"into": into.ref, "reason": "same"}
    body = act(api_world.as_("admin"), incident, "merge", sent).json()
    assert (body["status"], body["merged_into"]) == ("merged", into.ref)
    seen = api_world.as_("officer").get(f"/api/v1/incidents/{incident.ref}/").json()
    assert (seen["status"], seen["merged_into"]) == ("merged", None)


def test_sharing_with_a_lab_or_nobody_names_the_agencies(api_world: ApiWorld) -> None:
    incident = api_world.incident()
    for slug in ("meridian", "nobody"):
        sent = {"agency": slug, "reason": "x"}
        [error] = act(api_world.as_("admin"), incident, "share", sent).json()["errors"]
        assert error["remedy"] == "Name an agency: naisa, other-agency."
    assert not Share.objects.exists()


def test_internal_comment_stays_on_ones_side(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    client = api_world.as_("responder")
    act(client, incident, "comment", {"text": "for us"})
    act(client, incident, "comment", {"text": "for both", "is_shared": True})
    for role, texts in (
        ("responder", ["for us", "for both"]),
        ("officer", ["for both"]),
    ):
        url = f"/api/v1/incidents/{incident.ref}/timeline/"
        items = api_world.as_(role).get(url).json()
        found = [i["summary"] for i in items if i["kind"] == "incident.commented"]
        assert found == texts
