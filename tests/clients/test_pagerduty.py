import contextlib
import json
import ssl

import pagerduty
import pytest

from incidents.models import Acknowledgement, Delivery, Entry


@pytest.fixture
def connect(secure_url):
    """Return a function that makes a client; it speaks to nothing but https."""
    url, certificate = secure_url
    with contextlib.ExitStack() as stack:

        def make(key):
            trust = ssl.create_default_context(cafile=certificate)
            client = pagerduty.EventsApiV2Client(key, base_url=url, verify=trust)
            return stack.enter_context(client)

        yield make


@pytest.fixture
def client(site, connect):
    return connect(site.keys["pagerduty_events"])


def test_client_triggers_acknowledges_and_resolves(site, client):
    key = client.trigger(
        "Egress anomaly", "gpu-7", severity="critical", custom_details={"gb": 12}
    )
    alert = site.alerts()["Egress anomaly"]
    assert (alert.status, alert.severity, alert.labels["gb"]) == (
        "firing",
        "critical",
        "12",
    )
    assert client.acknowledge(key) == key
    site.alerts()
    [row] = Acknowledgement.objects.all()
    assert (row.incident, row.via, row.user) == (alert.incident, "api", None)
    alert.incident.refresh_from_db()
    assert alert.incident.status == "acknowledged"
    assert client.resolve(key) == key
    assert site.alerts()["Egress anomaly"].status == "resolved"
    alert.incident.refresh_from_db()
    assert alert.incident.status == "resolved"
    kinds = list(Entry.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-5:] == [
        "alert.attached",
        "alert.acknowledged",
        "incident.acknowledged",
        "alert.resolved",
        "incident.resolved",
    ]


def test_client_counts_up_and_sends_changes_that_open_nothing(site, client):
    for _ in range(3):
        assert client.trigger("Disk full", "gpu-7", dedup_key="disk/7") == "disk/7"
    # The client's own clock is broken: its default raises AttributeError.
    client.submit("Deployed meridian-3", source="ci", timestamp="2026-11-23T12:00:00Z")
    alert = site.alerts()["Disk full"]
    assert (alert.repeat_count, alert.incident.alert_count) == (2, 1)
    change = Delivery.objects.latest("pk")
    assert (change.state, change.error) == (
        "ignored",
        "A change event opens no incident.",
    )
    key = site.keys["pagerduty_events"]
    body = json.loads(bytes(Delivery.objects.earliest("pk").body))
    assert body["routing_key"] == "(the key)"
    assert key not in site.log.read_text()


def test_wrong_key_and_invalid_event_are_told_in_the_words_of_the_original(
    site, connect, client
):
    with pytest.raises(pagerduty.HttpError) as caught:
        connect("x" * 32).trigger("Egress anomaly", "gpu-7")
    assert caught.value.response.status_code == 400
    assert caught.value.response.json() == {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": ["Invalid routing key"],
    }
    assert Delivery.objects.count() == 0
    with pytest.raises(pagerduty.HttpError) as caught:
        client.resolve("")
    assert caught.value.response.json()["errors"] == ["'dedup_key' is missing or blank"]
    site.alerts()
    [delivery] = Delivery.objects.all()
    assert delivery.state == "unreadable"
    assert "'dedup_key' is missing or blank" in delivery.error
