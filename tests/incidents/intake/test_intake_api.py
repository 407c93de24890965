import base64

import pytest
from django.conf import settings

from incidents.intake.receive import digest_of_key, store_deliveries
from incidents.models import Delivery, ReadMark, Source
from tests.api_world import ApiWorld, client_of, make_api_world

SOURCES = "/api/v1/sources/"
NEW = {"tool": "generic", "slug": "probe", "name": "Probe"}


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def make(api_world: ApiWorld) -> Source:
    uid = api_world.as_("admin").post(SOURCES, NEW).json()["id"]
    return Source.objects.get(uid=uid)


def deliveries(source: Source) -> str:
    return f"{SOURCES}{source.uid}/deliveries/"


def test_source_has_tool_name_and_url(api_world: ApiWorld) -> None:
    source = make(api_world)
    [row] = api_world.as_("admin").get(SOURCES).json()["results"]
    assert (row["tool"], row["name"]) == ("generic", "Probe")
    base, _, key = row["url"].rpartition("/")
    assert base == f"{settings.BASE_URL}/hooks/generic"
    assert digest_of_key(key) == bytes(source.key_digest)


@pytest.mark.parametrize("role", ["staff", "responder", "approver", "officer"])
def test_only_an_administrator_makes_sources(api_world: ApiWorld, role: str) -> None:
    answer = api_world.as_(role).post(SOURCES, NEW)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert not Source.objects.exists()


def test_change_keeps_the_rest(api_world: ApiWorld) -> None:
    source = make(api_world)
    sent = {"default_severity": 4}
    body = api_world.as_("admin").patch(f"{SOURCES}{source.uid}/", sent).json()
    assert (body["default_severity"], body["name"]) == (4, "Probe")


def test_mapping_that_cannot_be_read_is_named(api_world: ApiWorld) -> None:
    answer = api_world.as_("admin").post(SOURCES, {**NEW, "mapping": {"colour": "a"}})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "mapping")


def test_rotating_ends_the_old_address(api_world: ApiWorld) -> None:
    source = make(api_world)
    client = api_world.as_("admin")
    before = client.get(f"{SOURCES}{source.uid}/").json()["url"]
    after = client.post(f"{SOURCES}{source.uid}/rotate-key/").json()["url"]
    source.refresh_from_db()
    assert before != after
    assert digest_of_key(after.rpartition("/")[2]) == bytes(source.key_digest)


def test_token_that_may_only_read_does_not_learn_where_to_post(
    api_world: ApiWorld,
) -> None:
    source = make(api_world)
    reader = client_of(api_world.person("admin"), scopes=["read"])
    listed = reader.get(SOURCES).json()["results"]
    opened = reader.get(f"{SOURCES}{source.uid}/").json()
    assert [row["url"] for row in [*listed, opened]] == ["", ""]
    assert api_world.as_("admin").get(SOURCES).json()["results"][0]["url"] != ""


def test_member_who_may_not_configure_does_not_learn_where_to_post(
    api_world: ApiWorld,
) -> None:
    sent = {**NEW, "tool": "pagerduty_events"}
    uid = api_world.as_("admin").post(SOURCES, sent).json()["id"]
    member = api_world.as_("responder")
    shown = [
        *member.get(SOURCES).json()["results"],
        member.get(f"{SOURCES}{uid}/").json(),
    ]
    assert [(row["url"], row["key"]) for row in shown] == [("", ""), ("", "")]
    assert api_world.as_("admin").get(f"{SOURCES}{uid}/").json()["key"] != ""


def test_test_button_stores_a_delivery(api_world: ApiWorld) -> None:
    source = make(api_world)
    answer = api_world.as_("admin").post(f"{SOURCES}{source.uid}/test/")
    assert answer.status_code == 202
    assert str(Delivery.objects.get().uid) == answer.json()["id"]


def test_unreadable_delivery_is_found_opened_and_replayed(api_world: ApiWorld) -> None:
    source = make(api_world)
    good, bad = store_deliveries(source, [b"{}", b"not json"])
    Delivery.objects.filter(pk=bad.pk).update(state="unreadable", error="line 1")
    client = api_world.as_("admin")
    rows = client.get(f"{deliveries(source)}?state=unreadable").json()["results"]
    assert [(row["id"], row["error"]) for row in rows] == [(str(bad.uid), "line 1")]
    opened = client.get(f"{deliveries(source)}{bad.uid}/").json()
    assert base64.b64decode(opened["body"]) == b"not json"
    assert ReadMark.objects.get().target == f"delivery:{bad.uid}"
    replayed = client.post(f"{deliveries(source)}{bad.uid}/replay/")
    assert (replayed.status_code, replayed.json()["state"]) == (202, "pending")
    refused = client.post(f"{deliveries(source)}{good.uid}/replay/")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_possible")


def test_many_are_read_again_by_state(api_world: ApiWorld) -> None:
    source = make(api_world)
    store_deliveries(source, [b"{", b"[", b"{}"])
    Delivery.objects.filter(body__in=[b"{", b"["]).update(state="unreadable")
    url = f"{SOURCES}{source.uid}/replay/"
    answer = api_world.as_("admin").post(url, {"states": ["unreadable"]})
    assert (answer.status_code, answer.json()) == (202, {"count": 2})
    assert set(Delivery.objects.values_list("state", "replays")) == {
        ("pending", 1),
        ("pending", 0),
    }


def test_delivery_of_another_source_is_not_found(api_world: ApiWorld) -> None:
    source = make(api_world)
    other = api_world.as_("admin").post(SOURCES, {**NEW, "slug": "second"}).json()["id"]
    [delivery] = store_deliveries(source, [b"{}"])
    url = f"{SOURCES}{other}/deliveries/{delivery.uid}/"
    assert api_world.as_("admin").get(url).status_code == 404
