import json

import pytest

from incidents.intake.models import Source
from incidents.models import Entry
from tests.api_world import ApiWorld, make_api_world
from tests.incidents.intake.intake_world import post

SOURCES = "/api/v1/sources/"
BODY = json.dumps({"rule": {"name": "Egress"}, "state": "clear"}).encode()


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def make(api_world: ApiWorld, **options) -> Source:
    sent = {"tool": "generic", "slug": "probe", "name": "Probe", **options}
    uid = api_world.as_("admin").post(SOURCES, sent).json()["id"]
    return Source.objects.get(uid=uid)


def tried(api_world: ApiWorld, source: Source, sent=None):
    url = f"{SOURCES}{source.uid}/mapping/try/"
    return api_world.as_("admin").post(url, sent or {})


def test_the_stored_mapping_is_tried_on_the_last_body(api_world):
    source = make(api_world, mapping={"title": "$.rule.name"})
    post(source, BODY)
    before = Entry.objects.filter(kind="record.read").count()

    answer = tried(api_world, source).json()

    assert answer["outcome"] == "read"
    assert [alert["title"] for alert in answer["alerts"]] == ["Egress"]
    assert answer["found"] == {"title": '"Egress"'}
    assert Entry.objects.filter(kind="record.read").count() == before + 1


def test_another_mapping_is_tried_on_a_delivery_without_being_saved(api_world):
    source = make(api_world)
    [delivery] = post(source, BODY)
    post(source, b'{"title": "newer"}')
    mapping = {"title": "$.rule.name", "status": "$.state", "status.clear": "resolved"}

    sent = {"mapping": mapping, "delivery": str(delivery.uid)}
    answer = tried(api_world, source, sent).json()

    assert [alert["status"] for alert in answer["alerts"]] == ["resolved"]
    source.refresh_from_db()
    assert source.mapping == {}


def test_wrong_fields_are_named_for_a_body_that_is_sent(api_world):
    sent = {"mapping": {"title": "$.a["}, "body": "{}"}
    answer = tried(api_world, make(api_world), sent).json()
    assert [problem["field"] for problem in answer["problems"]] == ["title"]


def test_a_body_is_asked_for_where_nothing_has_arrived(api_world):
    response = tried(api_world, make(api_world))
    assert (response.status_code, response.json()["errors"][0]["field"]) == (
        422,
        "body",
    )


def test_only_a_generic_source_tries_a_mapping(api_world):
    sent = {"mapping": {"title": "$.a"}, "body": "{}"}
    response = tried(api_world, make(api_world, tool="checkmk"), sent)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (
        422,
        "mapping",
    )
