"""Lists, counts and heartbeats, as clients of Opsgenie ask for them."""

import json

import pytest
from django.test import Client

from incidents.events.actor import Actor
from incidents.intake.heartbeats.monitors import HeartbeatDraft, create_heartbeat
from incidents.intake.receive import store_deliveries
from incidents.intake.sources import source_key
from incidents.intake.surfaces.opsgenie_query import parse_query
from incidents.models import Alert
from incidents.timers.clock import read_now
from tests.incidents.intake.intake_world import (
    make_organisation,
    make_source,
    process_all,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def opsgenie():
    return make_source(make_organisation(), tool="opsgenie_api")


def genie(source, path, *, method="get", **query):
    headers = {"Authorization": f"GenieKey {source_key(source)}"}
    client = Client()
    if query:
        response = client.get(path, query_params=query, headers=headers)
    else:
        response = getattr(client, method)(path, headers=headers)
    return response.status_code, response.json()


def create(source, message, **more):
    body = {"message": message, "alias": message.lower(), **more}
    store_deliveries(source, [json.dumps(body).encode()])
    process_all(read_now())


def close(source, alias):
    Alert.objects.filter(source=source, title__iexact=alias).update(status="resolved")


def messages(source, **query):
    return [row["message"] for row in genie(source, "/v2/alerts", **query)[1]["data"]]


@pytest.fixture
def three(opsgenie):
    create(opsgenie, "Disk", priority="P1", tags=["prod", "eu"], entity="gpu-7")
    create(opsgenie, "Egress", priority="P2", tags=["prod"])
    create(opsgenie, "Probe")
    close(opsgenie, "probe")
    other = make_source(make_organisation("borealis"), tool="opsgenie_api")
    create(other, "Theirs")
    return opsgenie


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Probe", "Egress", "Disk"]),
        ("status: open", ["Egress", "Disk"]),
        ("status=closed", ["Probe"]),
        ("NOT status: open", ["Probe"]),
        ("priority: P1", ["Disk"]),
        ("tag: PROD", ["Egress", "Disk"]),
        ("tag: eu AND status: open", ["Disk"]),
        ("tag: pro", []),
        ("NOT tag: prod", ["Probe"]),
        ("alias: egress", ["Egress"]),
        ('message: "gres"', ["Egress"]),
        ("entity: gpu-7", ["Disk"]),
        ("acknowledged: true", []),
        ("acknowledged: false", ["Probe", "Egress", "Disk"]),
    ],
)
def test_lists_and_counts_hold_what_a_query_asks_for(three, query, found):
    assert messages(three, query=query) == found
    count = genie(three, "/v2/alerts/count", query=query)[1]["data"]["count"]
    assert count == len(found)


def test_pages_follow_each_other_in_the_order_that_is_asked_for(three):
    first = genie(three, "/v2/alerts", limit=2, sort="message", order="asc")[1]
    assert [row["message"] for row in first["data"]] == ["Disk", "Egress"]
    assert first["paging"].keys() == {"first", "next"}
    address, _, query = first["paging"]["next"].partition("?")
    second = genie(three, f"/v2/alerts?{query}")[1]
    assert [row["message"] for row in second["data"]] == ["Probe"]
    assert (address.endswith("/v2/alerts"), second["paging"].keys()) == (
        True,
        {"first", "prev"},
    )


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"query": "status: open OR priority: P1"}, "query", "'OR priority: P1'"),
        ({"query": "team: x"}, "query", "'team: x' is not understood"),
        ({"query": "status: snoozed"}, "query", "use open or closed"),
        ({"query": "priority: 1"}, "query", "use P1 to P5"),
        ({"query": "tinyId: x"}, "query", "is not a number"),
        ({"limit": "101"}, "limit", "from 1 to 100"),
        ({"offset": "-1"}, "offset", "from 0 to"),
        ({"sort": "owner"}, "sort", "Sort by one of"),
        ({"order": "up"}, "order", "asc or desc"),
    ],
)
def test_what_cannot_be_searched_is_named_with_a_remedy(three, asked, field, said):
    status, told = genie(three, "/v2/alerts", **asked)
    assert (status, list(told["errors"])) == (422, [field])
    assert said in told["errors"][field]


def test_a_query_of_too_many_terms_is_refused():
    with pytest.raises(ValueError, match="at most 20"):
        parse_query("status: open " * 21)


def test_an_alert_is_told_by_its_tiny_id(three):
    [row] = genie(three, "/v2/alerts", query="alias: disk")[1]["data"]
    tiny = {"identifierType": "tiny"}
    status, told = genie(three, f"/v2/alerts/{row['tinyId']}", **tiny)
    assert (status, told["data"]) == (200, row)
    theirs = Alert.objects.get(title="Theirs").pk
    for wrong in (theirs, "disk", "9" * 30):
        assert genie(three, f"/v2/alerts/{wrong}", **tiny)[0] == 404


@pytest.fixture
def backup(opsgenie):
    return create_heartbeat(
        opsgenie.organisation,
        HeartbeatDraft(name="Nightly backup", period_minutes=60),
        slug="backup",
        actor=Actor.system(opsgenie.organisation),
        now=read_now(),
    )


@pytest.mark.parametrize("method", ["get", "post", "put", "patch"])
def test_a_ping_by_name_is_a_sign_of_life(opsgenie, backup, method):
    for name in ("backup", "Nightly%20backup"):
        status, told = genie(opsgenie, f"/v2/heartbeats/{name}/ping", method=method)
        assert (status, told["result"]) == (202, "PONG - Heartbeat received")
    backup.refresh_from_db()
    assert (backup.ping_count, backup.state) == (2, "up")
    shown = genie(opsgenie, "/v2/heartbeats/backup")[1]["data"]
    assert (shown["interval"], shown["intervalUnit"]) == (60, "minutes")
    assert (shown["expired"], shown["lastPingTime"] is None) == (False, False)
    listed = genie(opsgenie, "/v2/heartbeats")[1]["data"]["heartbeats"]
    assert listed == [shown]


def test_a_ping_that_nobody_watches_is_not_taken(opsgenie, backup):
    other = make_source(make_organisation("borealis"), tool="opsgenie_api")
    for source, name in ((opsgenie, "restore"), (other, "backup")):
        status, told = genie(source, f"/v2/heartbeats/{name}/ping")
        assert (status, "No heartbeat exists" in told["message"]) == (404, True)
    assert Client().get("/v2/heartbeats/backup/ping").status_code == 401
    backup.is_enabled = False
    backup.save(update_fields=["is_enabled"])
    assert genie(opsgenie, "/v2/heartbeats/backup/ping")[0] == 404
    backup.refresh_from_db()
    assert backup.ping_count == 0
