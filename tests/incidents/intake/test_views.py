import pytest
from django.urls import reverse

from incidents.events.actor import Actor
from incidents.intake.models import Delivery
from incidents.intake.process import process_batch
from incidents.intake.receive import store_deliveries
from incidents.intake.sources import create_source, source_url
from incidents.models import Entry, Incident, Source
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


@pytest.mark.parametrize("tool", ["generic", "pagerduty_events"])
def test_key_is_shown_only_to_who_may_configure(client, aurora, tool):
    made, key = create_source(
        aurora, tool=tool, slug="x", name="X", actor=Actor.system(aurora), now=NOW
    )
    pages = []
    for role in ("admin", "responder"):
        client.force_login(factories.person(aurora, role=role))
        pages.append(client.get(reverse("source-detail", args=[made.uid])).text)
    assert [key in page for page in pages] == [True, False]
    assert "The address is a secret" in pages[1]


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


ALERT = b'{"title": "Egress from gpu-7", "severity": "high", "dedup_key": "e"}'


def test_the_last_deliveries_say_what_they_mean(client, aurora, source):
    store_deliveries(source, [ALERT, b'{"title": "Egress", "status": "resolved"}'])
    process_all()
    client.force_login(factories.person(aurora, role="admin"))

    page = client.get(reverse("source-detail", args=[source.uid]))

    assert [row["alerts"] for row in page.context["deliveries"]] == [
        [{"title": "Egress", "status": "resolved", "severity": 2}],
        [{"title": "Egress from gpu-7", "status": "firing", "severity": 3}],
    ]


def test_the_tail_renews_itself_only_when_something_is_new(client, aurora, source):
    store_deliveries(source, [ALERT])
    client.force_login(factories.person(aurora, role="admin"))
    url = reverse("source-detail", args=[source.uid])
    mark = client.get(url).context["tail_mark"]

    def poll():
        return client.get(f"{url}?tail={mark}", headers={"HX-Request": "true"})

    assert poll().status_code == 204
    process_all()
    assert [row["state"] for row in poll().context["deliveries"]] == ["processed"]


def test_chosen_deliveries_and_all_of_a_state_are_read_again(client, aurora, source):
    good, _, worse = store_deliveries(source, [ALERT, b"{", b"["])
    process_all()
    client.force_login(factories.person(aurora, role="admin"))
    url = reverse("source-replay", args=[source.uid])

    def states():
        return list(Delivery.objects.order_by("pk").values_list("state", flat=True))

    client.post(url, {"delivery": [good.uid, worse.uid]})
    assert states() == ["pending", "unreadable", "pending"]
    client.post(url, {"state": "unreadable"})
    assert states() == ["pending", "pending", "pending"]


def test_a_responder_has_nothing_read_again(client, aurora, source):
    [delivery] = store_deliveries(source, [ALERT])
    process_all()
    client.force_login(factories.person(aurora, role="responder"))

    refused = client.post(
        reverse("source-replay", args=[source.uid]), {"delivery": [delivery.uid]}
    )

    assert (refused.status_code, Delivery.objects.get().state) == (403, "processed")


def test_a_source_is_found_by_its_tool_named_and_made(client, aurora):
    client.force_login(factories.person(aurora, role="admin"))
    url = reverse("source-new")

    tools = client.get(f"{url}?q=alertmanager").context["tools"]
    made = client.post(
        f"{url}?tool={tools[0].tool}",
        {
            "name": "Cluster",
            "slug": "cluster",
            "organisation": "aurora",
            "default_severity": 3,
            "default_category": "INF",
            "default_tlp": "AMBER",
            "is_enabled": "on",
        },
    )

    row = Source.objects.get()
    assert made.url == reverse("source-detail", args=[row.uid])
    assert (row.tool, row.slug, row.default_severity, row.default_category) == (
        "alertmanager",
        "cluster",
        3,
        "INF",
    )


def test_a_short_name_that_is_taken_is_said_beside_it(client, aurora, source):
    client.force_login(factories.person(aurora, role="admin"))

    page = client.post(
        f"{reverse('source-new')}?tool=generic",
        {
            "name": "Scripts",
            "slug": "scripts",
            "organisation": "aurora",
            "default_severity": 2,
            "default_category": "AVL",
            "default_tlp": "AMBER",
        },
    )

    assert page.status_code == 422
    assert page.context["form"].errors["slug"] == [
        "'scripts': Another source has it; choose another."
    ]


def test_a_source_is_renamed_and_switched_off(client, aurora, source):
    client.force_login(factories.person(aurora, role="admin"))

    client.post(
        reverse("source-edit", args=[source.uid]),
        {"name": "Cron", "default_category": "AVL", "default_tlp": "GREEN"},
    )

    source.refresh_from_db()
    assert (source.name, source.is_enabled, source.default_tlp) == (
        "Cron",
        False,
        "GREEN",
    )
