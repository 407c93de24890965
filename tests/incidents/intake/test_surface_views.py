"""What Django answers to clients of compatible surfaces, with the key of a source."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from incidents.events.actor import Actor
from incidents.intake.receive import store_deliveries
from incidents.intake.silences import SilenceDraft, create_silence
from incidents.intake.sources import change_source, rotate_key, source_key
from incidents.intake.trust import change_trust
from incidents.models import Delivery, Silence
from incidents.timers.clock import read_now
from tests.incidents.intake.intake_world import (
    make_organisation,
    make_source,
    process_all,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def prometheus():
    return make_source(make_organisation(), tool="alertmanager_api")


@pytest.fixture
def opsgenie():
    return make_source(make_organisation(), tool="opsgenie_api")


def fire(source, *alerts):
    store_deliveries(source, [json.dumps(alerts).encode()])
    process_all(read_now())


def labels(name, **more):
    return {"labels": {"alertname": name, **more}}


def ask(source, path, *, method="get", body=None, **query):
    """Ask with the source's key in the path; returns (status, JSON or text)."""
    address = f"/am/{source_key(source)}{path}"
    options = {"query_params": query} if query else {}
    if body is not None:
        options |= {"data": json.dumps(body), "content_type": "application/json"}
    response = getattr(Client(), method)(address, **options)
    is_json = response.content and response["Content-Type"] == "application/json"
    return response.status_code, response.json() if is_json else response.content


def test_alerts_that_fire_are_listed_as_by_alertmanager(prometheus):
    fire(
        prometheus,
        {**labels("Disk", job="node"), "startsAt": "2026-11-23T12:00:00Z"},
        {**labels("Gone"), "endsAt": "2026-11-23T12:00:00Z"},
    )
    status, [alert] = ask(prometheus, "/api/v2/alerts")
    assert status == 200
    assert alert["labels"] == {"alertname": "Disk", "job": "node"}
    assert alert["annotations"] == {"summary": "Disk"}
    assert alert["startsAt"] == "2026-11-23T12:00:00.000Z"
    assert alert["endsAt"] > alert["updatedAt"]
    assert len(alert["fingerprint"]) == 16
    assert alert["receivers"] == [{"name": "tocsin"}]
    assert alert["status"] == {
        "inhibitedBy": [],
        "mutedBy": [],
        "silencedBy": [],
        "state": "active",
    }


def test_filters_choose_by_label(prometheus):
    fire(prometheus, labels("Disk", job="node"), labels("Egress", job="net"))
    found = [
        sorted(alert["labels"]["alertname"] for alert in alerts)
        for _, alerts in (
            ask(prometheus, "/api/v2/alerts", filter=text)
            for text in ('job="net"', 'job=~"n.*"', "job!=net", 'none=""')
        )
    ]
    assert found == [["Egress"], ["Disk", "Egress"], ["Disk"], ["Disk", "Egress"]]
    status, told = ask(prometheus, "/api/v2/alerts", filter="job=~[")
    assert status == 400
    assert told.startswith("bad matcher format: job=~[")


def test_lists_take_the_same_queries_for_one_and_for_three(
    prometheus, django_assert_num_queries
):
    for names in (("a",), ("b", "c")):
        fire(prometheus, *(labels(name) for name in names))
        with django_assert_num_queries(3):
            ask(prometheus, "/api/v2/alerts/groups")


def test_groups_are_by_name_or_by_what_the_source_groups_by(prometheus):
    fire(prometheus, labels("Disk", job="a"), labels("Disk", job="b"))
    _, [group] = ask(prometheus, "/api/v2/alerts/groups")
    assert group["labels"] == {"alertname": "Disk"}
    assert len(group["alerts"]) == 2
    prometheus.group_by = ["job"]
    prometheus.save(update_fields=["group_by"])
    _, groups = ask(prometheus, "/api/v2/alerts/groups")
    assert [group["labels"] for group in groups] == [{"job": "a"}, {"job": "b"}]


def test_another_source_sees_nothing_of_it(prometheus):
    other = make_source(make_organisation("borealis"), tool="alertmanager_api")
    fire(prometheus, labels("Disk"))
    _silence(prometheus)
    assert ask(other, "/api/v2/alerts") == (200, [])
    assert ask(other, "/api/v2/silences") == (200, [])
    [silence] = Silence.objects.all()
    for method in ("get", "delete"):
        status, _ = ask(other, f"/api/v2/silence/{silence.uid}", method=method)
        assert status == 404
    assert Silence.objects.get().ends_at == silence.ends_at


def _silence(source, **more):
    now = read_now()
    body = {
        "matchers": [{"name": "alertname", "value": "Disk", "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "ada",
        "comment": "Moving racks",
        **more,
    }
    return ask(source, "/api/v2/silences", method="post", body=body)


def test_silence_holds_back_and_is_listed_and_ended(prometheus):
    status, told = _silence(prometheus)
    assert status == 200
    uid = told["silenceID"]
    fire(prometheus, labels("Disk"), labels("Egress"))
    states = {
        alert["labels"]["alertname"]: alert["status"]
        for alert in ask(prometheus, "/api/v2/alerts")[1]
    }
    assert (states["Disk"]["state"], states["Disk"]["silencedBy"]) == (
        "suppressed",
        [uid],
    )
    assert states["Egress"]["state"] == "active"
    _, [silence] = ask(prometheus, "/api/v2/silences")
    assert silence == ask(prometheus, f"/api/v2/silence/{uid}")[1]
    assert (silence["createdBy"], silence["comment"]) == ("ada", "Moving racks")
    assert silence["status"] == {"state": "active"}
    assert silence["matchers"] == [
        {"name": "alertname", "value": "Disk", "isRegex": False, "isEqual": True}
    ]
    address = f"/api/v2/silence/{uid}"
    assert ask(prometheus, address, method="delete") == (200, b"")
    assert ask(prometheus, address)[1]["status"] == {"state": "expired"}
    assert ask(prometheus, address, method="delete")[0] == 500


def test_silence_that_is_sent_with_an_id_takes_the_place_of_the_former(prometheus):
    _, first = _silence(prometheus)
    status, second = _silence(prometheus, id=first["silenceID"], comment="Longer")
    assert status == 200
    states = {
        silence["id"]: silence["status"]["state"]
        for silence in ask(prometheus, "/api/v2/silences")[1]
    }
    assert states == {first["silenceID"]: "expired", second["silenceID"]: "active"}
    assert _silence(prometheus, id="no-such")[0] == 404


@pytest.mark.parametrize(
    "more",
    [{"matchers": []}, {"endsAt": "soon"}, {"comment": ""}, {"matchers": ["x"]}],
)
def test_silence_that_cannot_be_made_is_400_and_says_why(prometheus, more):
    status, told = _silence(prometheus, **more)
    assert status == 400
    assert next(iter(more)) in told or "reason" in told
    assert Silence.objects.count() == 0


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
@pytest.mark.parametrize("part", ["name", "value"])
def test_silence_for_text_that_cannot_be_stored_is_400(prometheus, part, text):
    matcher = {"name": "alertname", "value": "Disk", "isRegex": False, part: text}
    status, told = _silence(prometheus, matchers=[matcher])
    assert status == 400
    assert told.startswith("matchers")
    assert Silence.objects.count() == 0


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_words_of_a_silence_are_freed_of_what_cannot_be_stored(prometheus, text):
    assert _silence(prometheus, comment=text, createdBy=text)[0] == 200
    silence = Silence.objects.get()
    assert (silence.reason, silence.author_name) == ("ab", "ab")


def test_silence_of_the_whole_organisation_is_shown_and_not_the_key_s_to_end(
    prometheus,
):
    now = read_now()
    matchers = [{"field": "severity", "op": "=", "value": 1}]
    draft = SilenceDraft(
        matchers=matchers, starts_at=now, ends_at=now + timedelta(hours=1), reason="x"
    )
    organisation = prometheus.organisation
    actor = Actor.system(organisation)
    made = create_silence(organisation, draft, author=None, actor=actor, now=now)
    _, [shown] = ask(prometheus, "/api/v2/silences")
    assert shown["matchers"][0]["name"] == "severity"
    assert ask(prometheus, f"/api/v2/silence/{made.uid}", method="delete")[0] == 404


def test_status_and_probes_and_the_old_api(prometheus):
    status, told = ask(prometheus, "/api/v2/status")
    assert (status, told["cluster"]["status"]) == (200, "disabled")
    assert ask(prometheus, "/api/v2/receivers") == (200, [{"name": "tocsin"}])
    assert ask(prometheus, "/-/healthy") == ask(prometheus, "/-/ready") == (200, b"OK")
    assert ask(prometheus, "/api/v1/alerts", method="post", body=[])[0] == 410
    bare = Client().post("/api/v1/alerts", data="[]", content_type="application/json")
    assert (bare.status_code, b"api_version: v2" in bare.content) == (410, True)
    assert Client().get("/-/healthy").content == b"OK"


def test_key_is_taken_as_token_and_password_and_a_wrong_one_is_401(prometheus):
    key = source_key(prometheus)
    headers = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v2/alerts", headers=headers).json() == []
    for wrong in ({}, {"Authorization": f"GenieKey {key}"}, {"Authorization": "x"}):
        response = Client().get("/api/v2/alerts", headers=wrong)
        assert (response.status_code, response.json()["code"]) == (401, 401)
    response = Client().get(f"/am/{key}x/api/v2/alerts")
    assert response.status_code == 404
    response = Client().delete("/api/v2/alerts", headers=headers)
    assert (response.status_code, response["Allow"]) == (405, "GET")


def test_former_key_opens_while_it_lasts_and_a_switched_off_source_nothing(prometheus):
    old = source_key(prometheus)
    actor = Actor.system(prometheus.organisation)
    kept = timedelta(hours=1)
    rotate_key(prometheus, actor=actor, now=read_now(), keep_old=kept)
    assert Client().get(f"/am/{old}/api/v2/alerts").status_code == 200
    changes = {"is_enabled": False}
    change_source(prometheus, changes=changes, actor=actor, now=read_now())
    assert Client().get(f"/am/{old}/api/v2/alerts").status_code == 404


def test_reading_passes_the_same_checks_as_posting(prometheus):
    actor = Actor.system(prometheus.organisation)
    change_trust(
        prometheus,
        changes={"address_ranges": ["10.0.0.0/8"]},
        actor=actor,
        now=read_now(),
    )
    assert ask(prometheus, "/api/v2/alerts")[0] == 403
    address = f"/am/{source_key(prometheus)}/api/v2/alerts"
    assert Client(REMOTE_ADDR="10.1.2.3").get(address).status_code == 200


def test_former_secret_opens_while_it_lasts(prometheus):
    actor = Actor.system(prometheus.organisation)
    for secret, kept in (("old-secret-0001", 0), ("new-secret-0002", 1)):
        change_trust(
            prometheus,
            changes={"verification": "bearer", "secret": secret},
            actor=actor,
            now=read_now(),
            keep_old_secret=timedelta(hours=kept),
        )
    address = f"/am/{source_key(prometheus)}/api/v2/alerts"

    def statuses():
        secrets = ("old-secret-0001", "new-secret-0002", "no-secret")
        headers = [{"authorization": f"Bearer {secret}"} for secret in secrets]
        return [Client().get(address, headers=one).status_code for one in headers]

    assert statuses() == [200, 200, 401]
    prometheus.old_secret_ends_at = read_now() - timedelta(seconds=1)
    prometheus.save(update_fields=["old_secret_ends_at"])
    assert statuses() == [401, 200, 401]


def genie(source, path, **query):
    headers = {"Authorization": f"GenieKey {source_key(source)}"}
    response = Client().get(path, query_params=query, headers=headers)
    return response.status_code, response.json()


def post_alert(source, body, **headers):
    [delivery] = store_deliveries(source, [json.dumps(body).encode()])
    Delivery.objects.filter(pk=delivery.pk).update(headers=headers)
    return delivery


def test_request_is_not_found_until_it_is_read_and_then_tells_its_alert(opsgenie):
    delivery = post_alert(opsgenie, {"message": "Disk full", "alias": "disk/7"})
    address = f"/v2/alerts/requests/{delivery.uid}"
    assert genie(opsgenie, address)[0] == 404
    process_all(read_now())
    status, told = genie(opsgenie, address)
    assert (status, told["requestId"]) == (200, str(delivery.uid))
    data = told["data"]
    assert (data["isSuccess"], data["status"]) == (True, "Created alert")
    assert data["alias"] == "disk/7"
    status, told = genie(opsgenie, f"/v2/alerts/{data['alertId']}")
    assert (status, told["data"]["message"]) == (200, "Disk full")
    by_alias = genie(opsgenie, "/v2/alerts/disk/7", identifierType="alias")[1]["data"]
    assert by_alias == {**told["data"], "alias": "disk/7"}
    assert (by_alias["status"], by_alias["count"], by_alias["priority"]) == (
        "open",
        1,
        "P3",
    )


def test_request_that_was_ignored_or_unreadable_says_why(opsgenie):
    snooze = post_alert(opsgenie, {}, **{":action": "snooze", ":alert": "x"})
    empty = post_alert(opsgenie, {})
    process_all(read_now())
    told = [
        genie(opsgenie, f"/v2/alerts/requests/{delivery.uid}")[1]["data"]
        for delivery in (snooze, empty)
    ]
    assert [data["isSuccess"] for data in told] == [False, False]
    assert told[0]["status"] == "The action snooze changes nothing here."
    assert "Message can not be empty." in told[1]["status"]


def test_alerts_and_requests_of_others_do_not_exist(opsgenie):
    other = make_source(make_organisation("borealis"), tool="opsgenie_api")
    delivery = post_alert(opsgenie, {"message": "Disk full", "alias": "disk"})
    process_all(read_now())
    assert genie(other, f"/v2/alerts/requests/{delivery.uid}")[0] == 404
    assert genie(other, "/v2/alerts/disk", identifierType="alias")[0] == 404
    assert Client().get("/v2/alerts/disk").status_code == 401
