import pytest
from django.urls import reverse

from incidents.events.actor import Actor
from incidents.intake.models import Delivery
from incidents.intake.process import process_batch
from incidents.intake.receive import store_deliveries
from incidents.intake.sources import create_source, source_url
from incidents.models import Entry, Incident
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def aurora():
    return factories.lab("aurora", name="Aurora Labs")


@pytest.fixture
def source(aurora):
    actor = Actor.system(aurora)
    made, _ = create_source(
        aurora, tool="generic", slug="scripts", name="Scripts", actor=actor, now=NOW
    )
    made.refresh_from_db()
    return made


def test_a_test_walks_the_whole_way_to_an_incident(client, aurora, source):
    client.force_login(factories.person(aurora, role="admin"))
    response = client.post(reverse("source-test", args=[source.uid]))
    waiting = client.get(response.url)
    assert waiting.context["is_waiting"]

    process_all()

    result = client.get(response.url).context["test_result"]
    assert result["level"] == "success"
    assert result["incident"].title == "Test from Tocsin"


def test_result_of_a_test_keeps_its_incident_after_another_test(client, aurora):
    # This tool makes a title of its own: "Test from Tocsin is down".
    made, _ = create_source(
        aurora,
        tool="uptime_kuma",
        slug="kuma",
        name="Kuma",
        actor=Actor.system(aurora),
        now=NOW,
    )
    client.force_login(factories.person(aurora, role="admin"))
    first, second = (
        client.post(reverse("source-test", args=[made.uid])).url for _ in range(2)
    )
    process_all()
    found = [client.get(url).context["test_result"] for url in (first, second)]
    assert [result["incident"] for result in found] == [Incident.objects.get()] * 2


def test_who_may_not_configure_sees_no_test_button(client, aurora, source):
    client.force_login(factories.person(aurora, role="responder"))

    page = client.get(reverse("source-detail", args=[source.uid]))
    refused = client.post(reverse("source-test", args=[source.uid]))

    assert "Send a test alert" not in page.text
    assert (refused.status_code, Delivery.objects.count()) == (403, 0)


def test_the_address_can_be_copied(client, aurora, source):
    client.force_login(factories.person(aurora, role="admin"))

    page = client.get(reverse("source-detail", args=[source.uid]))

    assert f'value="{source_url(source)}"' in page.text


def test_another_organisations_source_is_not_found(client, source):
    meridian = factories.lab("meridian")
    delivery = store_deliveries(source, [b"{}"])[0]
    client.force_login(factories.person(meridian, role="admin"))

    assert client.get(reverse("source-list")).context["sources"] == []
    detail = client.get(reverse("source-detail", args=[source.uid]))
    body = client.get(reverse("delivery-body", args=[delivery.uid]))
    assert (detail.status_code, body.status_code) == (404, 404)


def test_an_unreadable_delivery_is_shown_recorded_and_read_again(
    client, aurora, source
):
    delivery = store_deliveries(source, [b"{not json"])[0]
    process_all()
    client.force_login(factories.person(aurora, role="admin"))

    page = client.get(reverse("source-detail", args=[source.uid]))
    client.post(reverse("delivery-replay", args=[delivery.uid]))

    assert [row["body_start"] for row in page.context["unreadable"]] == ["{not json"]
    assert Entry.objects.filter(kind="record.read").count() == 1
    delivery.refresh_from_db()
    assert delivery.state == "pending"


def test_a_raw_delivery_is_a_download(client, aurora, source):
    delivery = store_deliveries(source, [b"<script>alert(1)</script>"])[0]
    client.force_login(factories.person(aurora, role="admin"))

    response = client.get(reverse("delivery-body", args=[delivery.uid]))

    assert response.content == b"<script>alert(1)</script>"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")


def process_all():
    process_batch(NOW)
