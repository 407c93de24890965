from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from escalation.models import Clock
from tests import factories as make
from tests.api_world import ApiWorld, make_api_world

INCIDENTS = "/api/v1/incidents/"


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def watched(api_world: ApiWorld, **more: Any):
    """An incident shared with the agency, with a clock of each side."""
    incident = api_world.incident(shared=True)
    for organisation in (api_world.lab, api_world.agency):
        path = make.policy(organisation, make.wait(15))
        make.clock(incident, path, **more)
    return incident


def of_lab(incident) -> Clock:
    return Clock.objects.get(incident=incident, organisation=incident.organisation)


def test_each_side_sees_its_own_clocks(api_world: ApiWorld) -> None:
    incident = watched(api_world)
    path = f"{INCIDENTS}{incident.ref}/clocks/"
    shown = {
        role: [row["organisation"] for row in api_world.as_(role).get(path).json()]
        for role in ("staff", "officer")
    }
    assert shown == {"staff": ["aurora"], "officer": ["naisa"]}


def test_a_clock_says_what_is_due_and_what_is_left(api_world: ApiWorld) -> None:
    incident = watched(api_world, warn=[{"percent": 50}])
    [row] = api_world.as_("staff").get(f"{INCIDENTS}{incident.ref}/clocks/").json()
    clock = of_lab(incident)
    assert (row["what"], row["name"], row["state"]) == (
        "resolve_by",
        "Resolve",
        "running",
    )
    assert (row["minutes"], row["left_minutes"], row["is_overdue"]) == (60, 59, False)
    half = clock.started_at + timedelta(minutes=30)
    [warning] = row["warnings"]
    assert warning["name"] == "50%"
    assert warning["at"] == half.isoformat().replace("+00:00", "Z")


def test_a_clock_is_paused_and_resumed_with_a_reason(api_world: ApiWorld) -> None:
    incident = watched(api_world)
    path = f"{INCIDENTS}{incident.ref}/clocks/{of_lab(incident).pk}/"
    client = api_world.as_("responder")
    paused = client.post(f"{path}pause/", {"reason": "vendor"}).json()
    assert (paused["state"], paused["due_at"]) == ("paused", None)
    assert paused["pauses"][0]["reason"] == "vendor"
    resumed = client.post(f"{path}resume/", {"reason": "answered"}).json()
    assert resumed["state"] == "running"


def test_what_cannot_be_paused_is_a_conflict_with_its_state(
    api_world: ApiWorld,
) -> None:
    incident = watched(api_world)
    path = f"{INCIDENTS}{incident.ref}/clocks/{of_lab(incident).pk}/resume/"
    answer = api_world.as_("responder").post(path, {"reason": "again"})
    assert answer.status_code == 409
    assert answer.json()["state"]["state"] == "running"


def test_the_other_sides_clock_is_not_found(api_world: ApiWorld) -> None:
    incident = watched(api_world)
    path = f"{INCIDENTS}{incident.ref}/clocks/{of_lab(incident).pk}/pause/"
    answer = api_world.as_("supervisor").post(path, {"reason": "mine?"})
    assert answer.status_code == 404
    assert of_lab(incident).state == "running"


def test_incidents_are_found_and_ordered_by_what_is_due(api_world: ApiWorld) -> None:
    path = make.policy(api_world.lab, make.wait(15))
    late, soon, none = (api_world.incident() for _ in range(3))
    make.clock(late, path, minutes=120)
    make.clock(soon, path, minutes=30)
    client = api_world.as_("staff")
    rows = client.get(f"{INCIDENTS}?ordering=due_at").json()["results"]
    assert [row["ref"] for row in rows] == [soon.ref, late.ref, none.ref]
    before = (timezone.now() + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    rows = client.get(f"{INCIDENTS}?due_before={before}").json()["results"]
    assert [row["ref"] for row in rows] == [soon.ref]


def test_pages_by_due_instant_show_every_row_once(api_world: ApiWorld) -> None:
    path = make.policy(api_world.lab, make.wait(15))
    made = [api_world.incident() for _ in range(4)]
    for number, incident in enumerate(made[:2]):
        make.clock(incident, path, minutes=10 * (2 - number))
    client, refs = api_world.as_("staff"), []
    url = f"{INCIDENTS}?ordering=due_at&limit=1"
    while url:
        answer = client.get(url).json()
        refs += [row["ref"] for row in answer["results"]]
        url = answer["next"]
    assert refs[:2] == [made[1].ref, made[0].ref]
    assert sorted(refs) == sorted(incident.ref for incident in made)


def test_the_other_sides_deadline_orders_nothing(api_world: ApiWorld) -> None:
    incident = api_world.incident(shared=True)
    make.clock(incident, make.policy(api_world.lab, make.wait(15)))
    query = "?due_before=2100-01-01T00:00:00Z"
    assert api_world.as_("officer").get(INCIDENTS + query).json()["results"] == []
    assert len(api_world.as_("staff").get(INCIDENTS + query).json()["results"]) == 1


def test_clocks_are_listed_in_as_many_queries_for_three_as_for_one(
    api_world: ApiWorld,
) -> None:
    incident = watched(api_world)
    path = f"{INCIDENTS}{incident.ref}/clocks/"
    client = api_world.as_("staff")
    client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    for what in ("acknowledge_by", "first_update_by"):
        make.clock(incident, make.policy(api_world.lab, make.wait(1)), what=what)
    with CaptureQueriesContext(connection) as three:
        assert len(client.get(path).json()) == 3
    assert len(three) == len(one)
