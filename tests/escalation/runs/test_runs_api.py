import pytest

from tests import factories
from tests.api_world import ApiWorld, make_api_world


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def path_of(api_world: ApiWorld, slug: str = "night"):
    factories.contact(api_world.lab)
    step = factories.notify({"desk": "aurora"})
    return factories.policy(api_world.lab, step, factories.wait(15), slug=slug)


def address(incident, part: str) -> str:
    return f"/api/v1/incidents/{incident.ref}/{part}/"


def test_escalating_starts_the_named_policy_and_queues_its_first_step(
    api_world: ApiWorld,
) -> None:
    incident = api_world.incident()
    path_of(api_world)
    client = api_world.as_("responder")
    body = client.post(address(incident, "escalate"), {"policy": "night"}).json()
    assert (body["policy"], body["state"], body["version"]) == ("night", "active", 1)
    [row] = client.get(address(incident, "notifications")).json()
    assert {
        "channel",
        "recipient",
        "status",
        "queued_at",
        "sent_at",
        "attempts",
    } <= set(row)
    assert (row["channel"], row["status"], row["attempts"], row["sent_at"]) == (
        "email",
        "queued",
        0,
        None,
    )


def test_escalating_without_a_name_takes_the_default_route(api_world: ApiWorld) -> None:
    factories.route(api_world.lab, path_of(api_world, "usual"), is_default=True)
    incident = api_world.incident()
    body = api_world.as_("admin").post(address(incident, "escalate"), {}).json()
    assert body["policy"] == "usual"


@pytest.mark.parametrize("role", ["staff", "officer", "supervisor"])
def test_only_who_manages_the_incident_escalates(
    api_world: ApiWorld, role: str
) -> None:
    incident = api_world.incident(shared=True)
    answer = api_world.as_(role).post(address(incident, "escalate"), {})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_policy_of_another_organisation_is_refused(api_world: ApiWorld) -> None:
    factories.policy(api_world.agency, factories.wait(1), slug="theirs")
    incident = api_world.incident()
    sent = {"policy": "theirs"}
    answer = api_world.as_("admin").post(address(incident, "escalate"), sent)
    assert answer.json()["errors"][0]["field"] == "policy"


def test_agency_sees_neither_runs_nor_notifications_of_the_lab(
    api_world: ApiWorld,
) -> None:
    incident = api_world.incident(shared=True)
    path_of(api_world)
    api_world.as_("admin").post(address(incident, "escalate"), {"policy": "night"})
    for part in ("runs", "notifications"):
        assert len(api_world.as_("staff").get(address(incident, part)).json()) == 1
        assert api_world.as_("officer").get(address(incident, part)).json() == []


def test_closed_incident_is_not_escalated(api_world: ApiWorld) -> None:
    incident, client = api_world.incident(), api_world.as_("admin")
    path_of(api_world)
    client.post(address(incident, "resolve"), {"reason": "done"})
    answer = client.post(address(incident, "escalate"), {"policy": "night"})
    assert (answer.status_code, answer.json()["state"]["status"]) == (409, "resolved")
