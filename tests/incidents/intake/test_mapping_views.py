import json

import pytest
from django.urls import reverse

from incidents.intake.mapping_form import FIELD_PREFIX
from incidents.intake.models import Source
from incidents.models import Entry
from tests import factories
from tests.incidents.intake.intake_world import make_source, post

pytestmark = pytest.mark.django_db

BODY = json.dumps({"rule": {"name": "Egress"}, "state": "clear"}).encode()
SENT = {
    "do": "save",
    "path_title": "$.rule.name",
    "path_status": "$.state",
    "labels_each": "state = $.state",
    "states": "Clear = resolved",
    "severity_map": "bad = 4",
    "body": BODY.decode(),
}


@pytest.fixture
def aurora():
    return factories.lab("aurora", name="Aurora Labs")


@pytest.fixture
def source(aurora):
    return make_source(aurora)


@pytest.fixture
def admin(client, aurora):
    client.force_login(factories.person(aurora, role="admin"))
    return client


def address(source):
    return reverse("source-mapping", args=[source.uid])


def stored(source):
    source.refresh_from_db()
    return source.mapping, source.severity_map


def test_the_last_body_is_shown_and_its_reading_recorded(admin, source):
    post(source, b'{"title": "old"}')
    [delivery] = post(source, BODY)

    page = admin.get(address(source))

    assert page.context["chosen"] == delivery.uid
    assert json.loads(page.context["form"]["body"].value()) == json.loads(BODY)
    assert Entry.objects.filter(kind="record.read").count() == 1


def test_a_mapping_is_tried_without_being_saved(admin, source):
    page = admin.post(address(source), {**SENT, "do": "try"})

    [alert] = page.context["alerts"]
    assert (alert["title"], alert["status"]) == ("Egress", "resolved")
    assert 'id="found-title">Finds &quot;Egress&quot;</p>' in page.text
    assert stored(source) == ({}, {})


def test_a_mapping_is_saved_with_its_words(admin, source):
    response = admin.post(address(source), SENT)

    assert response.url == reverse("source-detail", args=[source.uid])
    assert stored(source) == (
        {
            "title": "$.rule.name",
            "status": "$.state",
            "labels.state": "$.state",
            "status.clear": "resolved",
        },
        {"bad": 4},
    )
    [delivery] = post(source, BODY)
    assert (delivery.state, delivery.alert_count) == ("processed", 1)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"path_status": "$.a["}, "path_status"),
        ({"path_title": ""}, "path_title"),
        ({"states": "clear = fine"}, "states"),
        ({"labels_each": "state"}, "labels_each"),
        ({"labels_each": "a = $.b["}, "labels_each"),
        ({"severity_map": "bad = 9"}, "severity_map"),
    ],
)
def test_a_bad_mapping_is_not_saved_and_its_field_is_named(
    admin, source, changed, field
):
    response = admin.post(address(source), {**SENT, **changed})

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert stored(source) == ({}, {})


def test_another_body_is_loaded_and_the_paths_stay(admin, source):
    [delivery] = post(source, BODY)
    post(source, b'{"title": "newer"}')

    sent = {**SENT, "do": "load", "delivery": str(delivery.uid), "body": "{}"}
    page = admin.post(address(source), sent)

    assert json.loads(page.context["form"]["body"].value()) == json.loads(BODY)
    assert page.context["form"]["path_title"].value() == "$.rule.name"


def test_a_delivery_of_another_source_is_not_loaded(admin, aurora, source):
    [other] = post(make_source(aurora, slug="other"), BODY)

    sent = {**SENT, "do": "load", "delivery": str(other.uid)}
    assert admin.post(address(source), sent).status_code == 404
    assert admin.get(f"{address(source)}?delivery={other.uid}").status_code == 404


def test_one_can_start_from_a_preset(admin, source):
    sent = {**SENT, "do": "start", "start": "checkmk"}
    form = admin.post(address(source), sent).context["form"]

    assert form["path_dedup_key"].value() == "$['site', 'host', 'service']"
    assert "recovery = resolved" in form["states"].value().splitlines()
    assert "acknowledgement = ignored" in form["states"].value().splitlines()
    assert form["severity_map"].value().splitlines()[0] == "down = 4"


def test_a_new_source_can_start_from_a_preset(admin, aurora):
    url = f"{reverse('source-new')}?tool=generic&start=checkmk"
    assert admin.get(url).context["form"]["start"].value() == "checkmk"
    sent = {
        "name": "Checks",
        "slug": "checks",
        "organisation": "aurora",
        "start": "checkmk",
        "default_category": "AVL",
        "default_tlp": "AMBER",
        "default_severity": 2,
        "is_enabled": "on",
    }

    admin.post(url, sent)

    made = Source.objects.get(slug="checks")
    assert made.mapping["status.recovery"] == "resolved"
    assert made.severity_map == {
        "crit": 4,
        "down": 4,
        "unknown": 2,
        "unreach": 3,
        "unreachable": 3,
    }


def test_a_body_of_any_tool_can_be_tried(admin, aurora):
    falco = make_source(aurora, tool="falco", slug="falco")
    body = {"rule": "Write below root", "priority": "Error", "output": "x"}

    page = admin.post(address(falco), {"do": "try", "body": json.dumps(body)})

    [alert] = page.context["alerts"]
    assert (alert["title"], alert["status"]) == ("Write below root", "firing")
    assert page.text.count('id="result"') == 1


def test_the_mapping_of_a_preset_is_shown_and_cannot_be_changed(admin, aurora):
    preset = make_source(aurora, tool="checkmk", slug="cmk")
    body = {"notification_type": "PROBLEM", "host": "gpu-7"}
    post(preset, json.dumps(body).encode())

    page = admin.get(address(preset))

    found = {row["label"]: row["found"] for row in page.context["paths"]}
    assert found["Title"] == '"gpu-7"'
    assert FIELD_PREFIX not in page.text
    assert admin.post(address(preset), SENT).status_code == 422
    assert stored(preset) == ({}, {})
