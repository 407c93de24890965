import pytest
from django.db import connection

from escalation.models import Route
from tests import factories
from tests.api_world import ApiWorld, make_api_world

ROUTES = "/api/v1/routes/"
MATCHER = {"field": "severity", "op": ">=", "value": 4}


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def names(api_world: ApiWorld) -> list[tuple[int, str]]:
    # The order is checked at the commit, which a test does not reach.
    connection.check_constraints()
    rows = api_world.as_("staff").get(ROUTES).json()["results"]
    return [(row["position"], row["name"]) for row in rows]


def make(api_world: ApiWorld, name: str, **more: object) -> dict[str, object]:
    return api_world.as_("admin").post(ROUTES, {"name": name, **more}).json()


def test_route_is_shown_in_words(api_world: ApiWorld) -> None:
    policy = factories.policy(api_world.lab, factories.notify({"desk": "aurora"}))
    body = make(
        api_world,
        "Serious",
        matchers=[MATCHER],
        policy=policy.slug,
        share_with=["naisa"],
    )
    shown = (body["description"], body["policy"], body["share_with"])
    assert shown == ("severity ≥ 4", policy.slug, ["naisa"])


def test_routes_keep_one_order_with_the_default_last(api_world: ApiWorld) -> None:
    make(api_world, "default", is_default=True)
    make(api_world, "second")
    make(api_world, "first", position=1)
    third = make(api_world, "third")
    assert names(api_world) == [
        (1, "first"),
        (2, "second"),
        (3, "third"),
        (4, "default"),
    ]
    client = api_world.as_("admin")
    client.put(f"{ROUTES}{third['id']}/", {"name": "third", "position": 1})
    assert names(api_world) == [
        (1, "third"),
        (2, "first"),
        (3, "second"),
        (4, "default"),
    ]
    client.delete(f"{ROUTES}{third['id']}/")
    assert names(api_world) == [(1, "first"), (2, "second"), (3, "default")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (
            {"matchers": [{"field": "colour", "op": "=", "value": "x"}]},
            "matchers[0].field",
        ),
        (
            {"matchers": [{"field": "label:a", "op": "=~", "value": "("}]},
            "matchers[0].value",
        ),
        ({"policy": "nobody"}, "policy"),
        ({"share_with": ["meridian"]}, "share_with"),
        ({"is_default": True, "matchers": [MATCHER]}, "matchers"),
    ],
)
def test_unusable_route_is_named(
    api_world: ApiWorld, change: dict[str, object], field: str
) -> None:
    answer = api_world.as_("admin").post(ROUTES, {"name": "n", **change})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert not Route.objects.exists()


def test_second_default_is_refused(api_world: ApiWorld) -> None:
    make(api_world, "default", is_default=True)
    answer = api_world.as_("admin").post(ROUTES, {"name": "n", "is_default": True})
    assert answer.json()["errors"][0]["field"] == "is_default"


@pytest.mark.parametrize("role", ["staff", "responder", "approver", "officer"])
def test_only_an_administrator_writes_routes(api_world: ApiWorld, role: str) -> None:
    answer = api_world.as_(role).post(ROUTES, {"name": "n"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
