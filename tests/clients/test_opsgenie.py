"""Opsgenie's own package for Python, with another host."""

import opsgenie_sdk
import pytest
from opsgenie_sdk.exceptions import AuthenticationException

from incidents.events.actor import Actor
from incidents.intake.heartbeats.monitors import HeartbeatDraft, create_heartbeat
from incidents.models import Acknowledgement, Alert, Entry, Organisation
from tests.incidents.intake.intake_world import NOW


@pytest.fixture
def connect(site):
    """Return a function that makes a client with a key."""
    clients = []

    def make(key):
        configuration = opsgenie_sdk.Configuration()
        configuration.host = site.url
        configuration.api_key["Authorization"] = key
        configuration.retry_enabled = False
        client = opsgenie_sdk.ApiClient(configuration=configuration)
        clients.append(client)
        return opsgenie_sdk.AlertApi(api_client=client)

    yield make
    for client in clients:
        client.rest_client.pool_manager.clear()


def test_client_creates_acknowledges_notes_and_closes(site, connect):
    api = connect(site.keys["opsgenie_api"])
    payload = opsgenie_sdk.CreateAlertPayload(
        message="Refusals collapsed", alias="refusals/3", priority="P1", tags=["safety"]
    )
    created = api.create_alert(payload)
    assert created.result == "Request will be processed"
    alert = site.alerts()["Refusals collapsed"]
    assert (alert.severity, alert.labels) == ("critical", {"tags": "safety"})

    done = api.get_request_status(created.request_id).data
    assert (done.is_success, done.status, done.alias) == (
        True,
        "Created alert",
        "refusals/3",
    )
    shown = api.get_alert("refusals/3", identifier_type="alias").data
    assert (shown.id, shown.status, shown.priority) == (done.alert_id, "open", "P1")

    by_id = {"identifier_type": "id"}
    who = opsgenie_sdk.AcknowledgeAlertPayload(user="Ada", note="On it")
    api.acknowledge_alert(done.alert_id, acknowledge_alert_payload=who, **by_id)
    note = opsgenie_sdk.AddNoteToAlertPayload(user="Ada", note="Rolled back")
    api.add_note("refusals/3", note, identifier_type="alias")
    site.alerts()
    assert Acknowledgement.objects.get().incident == alert.incident
    assert api.get_alert(done.alert_id, **by_id).data.acknowledged is True

    api.close_alert("refusals/3", identifier_type="alias")
    assert site.alerts()["Refusals collapsed"].status == "resolved"
    alert.incident.refresh_from_db()
    assert alert.incident.status == "resolved"
    kinds = list(Entry.objects.order_by("pk").values_list("kind", flat=True))
    assert "alert.noted" in kinds


def test_client_lists_counts_and_gets_by_tiny_id(site, connect):
    api = connect(site.keys["opsgenie_api"])
    for message in ("Disk full", "Egress"):
        payload = opsgenie_sdk.CreateAlertPayload(message=message, alias=message)
        api.create_alert(payload)
    site.alerts()

    listed = api.list_alerts(query="status: open", limit=1, sort="message")
    assert [alert.message for alert in listed.data] == ["Egress"]
    assert "offset=1" in listed.paging.next
    assert api.count_alerts(query="message: disk").data.count == 1
    [alert] = listed.data
    shown = api.get_alert(alert.tiny_id, identifier_type="tiny").data
    assert (shown.id, shown.message) == (alert.id, "Egress")


def test_client_pings_a_heartbeat(site, connect):
    organisation = Organisation.objects.get()
    create_heartbeat(
        organisation,
        HeartbeatDraft(name="Backup", period_minutes=60),
        slug="backup",
        actor=Actor.system(organisation),
        now=NOW,
    )
    client = connect(site.keys["opsgenie_api"]).api_client
    heartbeats = opsgenie_sdk.HeartbeatApi(api_client=client)
    assert heartbeats.ping("backup").result == "PONG - Heartbeat received"
    shown = heartbeats.get_heartbeat("backup").data
    assert (shown.name, shown.interval, shown.expired) == ("backup", 60, False)
    assert heartbeats.list_heart_beats().data.heartbeats == [shown]
    with pytest.raises(opsgenie_sdk.ApiException, match="No heartbeat exists"):
        heartbeats.ping("restore")


def test_client_is_told_of_a_wrong_key_and_of_an_invalid_request(site, connect):
    payload = opsgenie_sdk.CreateAlertPayload(message="x")
    with pytest.raises(AuthenticationException, match="Could not authenticate"):
        connect("wrong").create_alert(payload)
    api = connect(site.keys["opsgenie_api"])
    with pytest.raises(opsgenie_sdk.ApiException, match="Alert does not exist"):
        api.get_alert("nothing", identifier_type="alias")
    assert Alert.objects.count() == 0
