from typing import TYPE_CHECKING, Any

import pytest

from escalation.models import NotificationRules
from incidents.models import Entry
from tests import factories as make

if TYPE_CHECKING:
    from tests.api_world import ApiWorld

RULES = "/api/v1/notification-rules/"


@pytest.fixture
def api_world(db: None) -> "ApiWorld":
    from tests.api_world import make_api_world  # noqa: PLC0415  Django is set up by now

    return make_api_world()


def reachable(api_world: "ApiWorld", name: str = "staff") -> Any:
    person = api_world.person(name)
    make.contact(api_world.lab, person, slug="mail")
    return api_world.as_(name)


def test_rules_are_set_and_say_what_would_happen_now(api_world: "ApiWorld") -> None:
    client = reachable(api_world)
    sent = {"normal": [{"method": "mail", "after_minutes": 5}], "digest_after": 3}
    body = client.post(RULES, sent).json()
    assert body["normal"] == sent["normal"]
    assert (body["urgent"], body["quiet"], body["digest_after"]) == ([], None, 3)
    assert body["paged_now"] == {
        "normal": "E-mail after 5 min",
        "urgent": "E-mail at once",
    }
    assert Entry.objects.filter(kind="config.changed").count() == 1


def test_second_rules_are_refused_and_changed_with_put(api_world: "ApiWorld") -> None:
    client = reachable(api_world)
    pk = client.post(RULES, {}).json()["id"]
    assert client.post(RULES, {}).status_code == 422
    quiet = {"from": "22:00", "to": "07:00", "days": ["mon"]}
    body = client.put(f"{RULES}{pk}/", {"quiet": quiet, "zone": "Europe/Berlin"}).json()
    assert (body["quiet"], body["zone"]) == (quiet, "Europe/Berlin")


def test_method_that_one_does_not_have_is_named(api_world: "ApiWorld") -> None:
    client = reachable(api_world)
    make.contact(api_world.lab, api_world.person("admin"), slug="others")
    answer = client.post(RULES, {"urgent": [{"method": "others"}]})
    [error] = answer.json()["errors"]
    assert error == {
        "field": "urgent[0].method",
        "value": "others",
        "remedy": "Name one of mail.",
    }
    assert NotificationRules.objects.count() == 0


def test_administrator_reads_a_members_rules_and_changes_none(
    api_world: "ApiWorld",
) -> None:
    pk = reachable(api_world).post(RULES, {}).json()["id"]
    admin = api_world.as_("admin")
    assert [row["id"] for row in admin.get(RULES).json()["results"]] == [pk]
    answer = admin.put(f"{RULES}{pk}/", {"digest_after": 0})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_colleague_does_not_find_ones_rules(api_world: "ApiWorld") -> None:
    pk = reachable(api_world).post(RULES, {}).json()["id"]
    colleague = api_world.as_("responder")
    assert colleague.get(RULES).json()["results"] == []
    assert colleague.get(f"{RULES}{pk}/").status_code == 404


def test_removed_rules_are_gone(api_world: "ApiWorld") -> None:
    client = reachable(api_world)
    pk = client.post(RULES, {}).json()["id"]
    assert client.delete(f"{RULES}{pk}/").status_code == 204
    assert NotificationRules.objects.count() == 0


def test_list_takes_as_many_queries_for_three_as_for_one(
    api_world: "ApiWorld", django_assert_num_queries: Any
) -> None:
    client = api_world.as_("admin")
    make.rules(api_world.lab, api_world.person("staff"))
    client.get(RULES)
    with django_assert_num_queries(6) as one:
        client.get(RULES)
    for name in ("admin", "responder"):
        make.rules(api_world.lab, api_world.person(name))
    with django_assert_num_queries(len(one)):
        assert len(client.get(RULES).json()["results"]) == 3
