from typing import Any

import pytest

from escalation.models import PolicyVersion
from tests import factories
from tests.api_world import ApiWorld, make_api_world

POLICIES = "/api/v1/policies/"
STEPS: list[dict[str, Any]] = [
    {"kind": "notify", "targets": [{"desk": "aurora"}]},
    {"kind": "wait", "minutes": 15},
    {"kind": "share", "agency": "naisa"},
]
NEW = {"slug": "night", "name": "Night", "steps": STEPS, "ack_timeout_minutes": 30}


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def test_policy_is_shown_with_its_sentences(api_world: ApiWorld) -> None:
    made = api_world.as_("admin").post(POLICIES, NEW).json()
    body = api_world.as_("staff").get(f"{POLICIES}{made['id']}/").json()
    assert (body["slug"], body["version"], body["ack_timeout_minutes"]) == (
        "night",
        1,
        30,
    )
    assert body["steps"][0] == STEPS[0]
    assert body["sentences"][1] == "Wait 15 minutes"


@pytest.mark.parametrize("role", ["staff", "responder", "approver", "officer"])
def test_only_an_administrator_writes_policies(api_world: ApiWorld, role: str) -> None:
    answer = api_world.as_(role).post(POLICIES, NEW)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_change_is_a_new_version_and_what_is_the_same_none(api_world: ApiWorld) -> None:
    client = api_world.as_("admin")
    made = client.post(POLICIES, NEW).json()
    sent = {"name": "Night", "steps": STEPS[:1], "reason": "shorter"}
    client.put(f"{POLICIES}{made['id']}/", sent)
    body = client.put(f"{POLICIES}{made['id']}/", sent).json()
    assert (body["version"], body["steps"]) == (2, STEPS[:1])
    assert PolicyVersion.objects.count() == 2


@pytest.mark.parametrize(
    ("steps", "field", "value"),
    [
        ([{"kind": "fly"}], "steps[0].kind", "fly"),
        (
            [{"kind": "notify", "targets": [{"user": "x@y.example"}]}],
            "steps[0].targets[0].user",
            "x@y.example",
        ),
        (
            [{"kind": "notify", "targets": [{"team": "nobody"}]}],
            "steps[0].targets[0].team",
            "nobody",
        ),
        (
            [{"kind": "notify", "targets": [{"desk": "meridian"}]}],
            "steps[0].targets[0].desk",
            "meridian",
        ),
        ([{"kind": "share", "agency": "meridian"}], "steps[0].agency", "meridian"),
    ],
)
def test_step_that_leads_nowhere_is_named(
    api_world: ApiWorld, steps: list[object], field: str, value: str
) -> None:
    answer = api_world.as_("admin").post(POLICIES, {**NEW, "steps": steps})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["value"]) == (422, field, value)


def test_taken_slug_is_refused(api_world: ApiWorld) -> None:
    client = api_world.as_("admin")
    client.post(POLICIES, NEW)
    [error] = client.post(POLICIES, NEW).json()["errors"]
    assert (error["field"], error["value"]) == ("slug", "night")


def test_policy_of_a_route_stays_in_use(api_world: ApiWorld) -> None:
    policy = factories.policy(api_world.lab, STEPS[0])
    route = factories.route(api_world.lab, policy, is_default=True)
    client = api_world.as_("admin")
    answer = client.delete(f"{POLICIES}{policy.pk}/")
    assert (answer.status_code, answer.json()["state"]) == (
        409,
        {"routes": [route.name]},
    )
    route.delete()
    assert client.delete(f"{POLICIES}{policy.pk}/").status_code == 204
    assert client.get(POLICIES).json()["results"] == []


def test_answer_to_a_change_holds_what_to_look_at(api_world: ApiWorld) -> None:
    client = api_world.as_("admin")
    made = client.post(POLICIES, NEW).json()
    [warning] = [w for w in made["warnings"] if w["what"] == "nobody_verified"]
    assert (warning["level"], warning["where"]) == ("warning", "1")
    sent = {"name": "Night", "steps": [STEPS[1]], "reason": "shorter"}
    assert client.put(f"{POLICIES}{made['id']}/", sent).json()["warnings"] == []


def test_policy_is_checked_without_being_saved(api_world: ApiWorld) -> None:
    client = api_world.as_("admin")
    sent = {"steps": [{"kind": "wait", "minutes": 15}, {"kind": "fly"}]}
    body = client.post(f"{POLICIES}validate/", sent).json()
    [finding] = body["findings"]
    assert (body["is_sound"], finding["where"], body["times"]) == (False, "2", [])
    body = client.post(f"{POLICIES}validate/", {"steps": STEPS[1:2]}).json()
    assert (body["is_sound"], body["findings"]) == (True, [])
    assert body["times"][1] == {
        "step": "end",
        "least_seconds": 900,
        "most_seconds": 900,
        "text": "+15 minutes",
    }
    assert not PolicyVersion.objects.exists()
