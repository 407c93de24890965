import pytest
from rest_framework.test import APIClient

from tests import factories as make
from tests.api_world import ApiWorld, client_of, make_api_world

POLICIES = "/api/v1/policies/"
RULE = f"{POLICIES}second-person/"


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def put(client: APIClient, policy, minutes: int, reason: str = "quicker"):
    sent = {"name": "Night", "steps": [make.wait(minutes)], "reason": reason}
    return client.put(f"{POLICIES}{policy.pk}/", sent)


@pytest.fixture
def proposed(api_world: ApiWorld):
    """A policy in force as version 1, with version 2 proposed by the administrator."""
    policy = make.policy(api_world.lab, make.wait(5), slug="night")
    client = api_world.as_("admin")
    client.put(RULE, {"second_person": True})
    put(client, policy, 10)
    return f"{POLICIES}{policy.pk}/"


def test_change_needs_a_reason(api_world: ApiWorld) -> None:
    policy = make.policy(api_world.lab, make.wait(5))
    answer = put(api_world.as_("admin"), policy, 10, reason="")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "reason"


def test_proposed_version_is_shown_beside_that_in_force(api_world, proposed) -> None:
    body = api_world.as_("staff").get(proposed).json()
    assert (body["version"], body["state"], body["proposal"]) == (1, "approved", 2)
    assert body["steps"] == [make.wait(5)]


def test_second_person_puts_the_version_in_force(api_world, proposed) -> None:
    answer = api_world.as_("approver").post(f"{proposed}versions/2/approve/")
    body = answer.json()
    assert (body["state"], body["is_in_force"], body["reason"]) == (
        "approved",
        True,
        "quicker",
    )
    assert body["made_by"] == api_world.person("admin").email
    assert body["decided_by"] == api_world.person("approver").email
    assert api_world.as_("staff").get(proposed).json()["version"] == 2


def test_author_is_told_that_another_person_decides(api_world, proposed) -> None:
    answer = api_world.as_("admin").post(f"{proposed}versions/2/approve/")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(("role", "status"), [("responder", 403), ("officer", 404)])
def test_who_may_not_approve(api_world, proposed, role, status) -> None:
    answer = api_world.as_(role).post(f"{proposed}versions/2/approve/")
    assert answer.status_code == status


def test_rejected_version_says_why_and_cannot_be_approved(api_world, proposed) -> None:
    client = api_world.as_("approver")
    body = client.post(f"{proposed}versions/2/reject/", {"reason": "too slow"}).json()
    assert (body["state"], body["decision_reason"]) == ("rejected", "too slow")
    answer = client.post(f"{proposed}versions/2/approve/")
    assert (answer.status_code, answer.json()["state"]) == (
        409,
        {"version": 2, "state": "rejected"},
    )


def test_author_withdraws(api_world, proposed) -> None:
    body = api_world.as_("admin").post(f"{proposed}versions/2/withdraw/").json()
    assert body["state"] == "withdrawn"


def test_versions_are_listed_newest_first(api_world, proposed) -> None:
    rows = api_world.as_("staff").get(f"{proposed}versions/").json()["results"]
    assert [(r["number"], r["state"], r["is_in_force"]) for r in rows] == [
        (2, "proposed", False),
        (1, "approved", True),
    ]
    assert api_world.as_("staff").get(f"{proposed}versions/3/").status_code == 404


def test_listing_versions_costs_the_same_for_one_and_for_three(
    api_world, django_assert_num_queries
) -> None:
    policy = make.policy(api_world.lab, make.wait(5))
    client = api_world.as_("admin")
    url = f"{POLICIES}{policy.pk}/versions/"
    client.get(url)
    with django_assert_num_queries(4):
        client.get(url)
    put(client, policy, 10)
    put(client, policy, 15)
    with django_assert_num_queries(4):
        client.get(url)


def test_two_versions_are_compared_in_sentences(api_world, proposed) -> None:
    url = f"{proposed}diff/?from_version=1&to_version=2"
    [change] = api_world.as_("staff").get(url).json()
    assert change == {
        "kind": "changed",
        "before": {"label": "1", "text": "Wait 5 minutes"},
        "after": {"label": "1", "text": "Wait 10 minutes"},
    }


def test_rule_ends_when_another_person_confirms(api_world, proposed) -> None:
    off = {"second_person": False}
    first = api_world.as_("admin").put(RULE, off).json()
    assert (first["second_person"], first["end_asked_by"]) == (
        True,
        api_world.person("admin").email,
    )
    assert api_world.as_("responder").put(RULE, off).status_code == 403
    assert api_world.as_("approver").put(RULE, off).json()["second_person"] is False


def test_rule_of_one_policy(api_world) -> None:
    policy = make.policy(api_world.lab, make.wait(5))
    url = f"{POLICIES}{policy.pk}/second-person/"
    client = api_world.as_("admin")
    assert client.get(url).json()["second_person"] is False
    client.put(url, {"second_person": True})
    assert client.get(url).json()["second_person"] is True
    assert client.get(RULE).json()["second_person"] is False
    assert put(client, policy, 10).json()["proposal"] == 2


def test_route_to_a_policy_that_nobody_approved_is_refused(api_world) -> None:
    client = api_world.as_("admin")
    client.put(RULE, {"second_person": True})
    new = {"slug": "new", "name": "New", "steps": [make.wait(5)]}
    made = client.post(POLICIES, new).json()
    assert (made["state"], made["proposal"]) == ("proposed", 1)
    answer = client.post("/api/v1/routes/", {"name": "r", "policy": "new"})
    assert answer.json()["errors"][0]["field"] == "policy"
    other = client_of(make.person(api_world.lab, role="approver"))
    other.post(f"{POLICIES}{made['id']}/versions/1/approve/")
    answer = client.post("/api/v1/routes/", {"name": "r", "policy": "new"})
    assert answer.status_code == 201
