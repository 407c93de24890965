import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from incidents.events.actor import Actor
from incidents.intake.receive import store_deliveries
from incidents.intake.source_facts import facts_of
from incidents.intake.source_health import Facts, judge
from incidents.intake.trust import change_trust
from incidents.models import Delivery, DeliveryCount, Refusal
from tests import factories
from tests.api_world import make_api_world
from tests.incidents.intake.intake_world import NOW, generic, make_source, post

HOUR = timedelta(hours=1)
REFUSED = "signature_wrong"


@pytest.mark.parametrize(
    ("known", "word", "place"),
    [
        ({"is_enabled": False, "last_state": "unreadable"}, "Off", "edit"),
        ({}, "New", "setup"),
        ({"last_at": NOW, "last_state": "processed"}, "Well", ""),
        ({"last_at": NOW, "last_state": "ignored"}, "Well", ""),
        ({"last_at": NOW, "last_state": "unreadable"}, "Unreadable", "unreadable"),
        ({"last_at": NOW, "last_state": "too_large"}, "Too large", ""),
        ({"last_at": NOW - HOUR, "quiet_after_hours": 1}, "Quiet", "setup"),
        ({"last_at": NOW - HOUR, "quiet_after_hours": 2}, "Well", ""),
        ({"quiet_after_hours": 1, "created_at": NOW - HOUR}, "Quiet", "setup"),
        ({"last_at": NOW - HOUR, "last_state": "pending"}, "Waiting", "status"),
        ({"last_at": NOW, "last_state": "pending"}, "Well", ""),
        ({"last_at": NOW, "failed": 1, "count": 9}, "Some failed", "unreadable"),
        (
            {"last_at": NOW - HOUR, "refused_at": NOW, "refused_reason": REFUSED},
            "Refused",
            "trust",
        ),
        (
            {"last_at": NOW, "refused_at": NOW - HOUR, "refused_reason": REFUSED},
            "Well",
            "",
        ),
    ],
)
def test_the_trouble_to_mend_first_is_told(known, word, place):
    health = judge(Facts(**{"created_at": NOW, **known}), now=NOW)
    assert (health.word, health.place) == (word, place)


def test_a_refusal_tells_what_was_named_and_what_to_do():
    arn = "arn:aws:sns:eu-west-1:1:theirs"
    health = judge(
        Facts(
            created_at=NOW,
            refused_at=NOW,
            refused_reason="topic_not_taken",
            refused_value=arn,
        ),
        now=NOW,
    )
    assert health.sentence.endswith(f"does not name. It named {arn}.")
    assert health.remedy.startswith("Add the topic under Proof of senders")


@pytest.mark.django_db
def test_facts_hold_the_last_delivery_the_last_day_and_the_last_refusal(organisation):
    source, other = (make_source(organisation, slug=slug) for slug in ("a", "b"))
    post(source, generic(), b"{not")
    DeliveryCount.objects.all().delete()
    counted(source, hours_ago=23, processed=5, unreadable=2)
    counted(source, hours_ago=24, processed=100)
    too_large(source)
    refused(source, "signature_wrong", NOW - HOUR)
    refused(source, "topic_not_taken", NOW, last_told="arn:a")

    found = facts_of([source, other], now=NOW)

    facts = found[source.pk]
    assert (facts.last_state, facts.count, facts.failed) == ("too_large", 8, 3)
    assert (facts.refused_reason, facts.refused_value) == ("topic_not_taken", "arn:a")
    assert (found[other.pk].last_at, found[other.pk].count) == (None, 0)


@pytest.mark.django_db
def test_the_list_needs_as_many_statements_for_three_sources(client, organisation):
    client.force_login(factories.person(organisation, role="admin"))
    post(make_source(organisation, slug="a"), generic(), b"{not")

    def statements():
        # What is read once in a process is read now, and the reading recorded.
        client.get(reverse("source-list"))
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("source-list"))
        return len(seen)

    one = statements()
    for slug in ("b", "c"):
        post(make_source(organisation, slug=slug), generic(), b"{not")
    assert statements() == one


@pytest.mark.django_db
def test_the_list_tells_which_source_is_not_well(client, organisation):
    post(make_source(organisation, slug="a"), generic())
    post(make_source(organisation, slug="b"), b"{not")
    client.force_login(factories.person(organisation))

    page = client.get(reverse("source-list"))

    words = [row["health"].word for row in page.context["sources"]]
    assert words == ["Unreadable", "Well"]


@pytest.mark.django_db
def test_the_page_renews_how_the_source_is_after_a_refusal(client, organisation):
    source = make_source(organisation)
    post(source, generic())
    client.force_login(factories.person(organisation))
    url = reverse("source-detail", args=[source.uid])
    page = client.get(url)
    assert page.context["health"].word == "Well"

    refused(source, "signature_wrong", Delivery.objects.get().received_at + HOUR)
    mark = page.context["tail_mark"]
    part = client.get(f"{url}?tail={mark}", headers={"HX-Request": "true"})

    assert part.context["health"].word == "Refused"
    assert 'id="health"' in part.text
    assert 'hx-swap-oob="true"' in part.text


@pytest.mark.django_db
def test_a_topic_that_was_refused_can_be_added_once_looked_at(client, organisation):
    source = make_source(organisation, tool="aws_sns")
    options = {"topics": "arn:aws:sns:eu-west-1:123456789012:ours"}
    change_trust(
        source,
        changes={"verification": "aws_sns", "options": options},
        actor=Actor.system(organisation),
        now=NOW,
    )
    theirs = "arn:aws:sns:eu-west-1:123456789012:theirs"
    refused(source, "topic_not_taken", NOW, last_told=theirs)
    client.force_login(factories.person(organisation, role="admin"))

    page = client.get(reverse("source-detail", args=[source.uid]))
    form = client.get(page.context["mend"]["url"]).context["form"]

    assert page.context["mend"]["label"] == "Add this topic"
    assert form["topics"].value().splitlines() == [options["topics"], theirs]
    source.refresh_from_db()
    assert source.verification_options == options


@pytest.mark.django_db
def test_the_page_links_the_makers_documentation(client, organisation):
    source = make_source(organisation, tool="grafana")
    client.force_login(factories.person(organisation))
    page = client.get(reverse("source-detail", args=[source.uid]))
    assert f'<a href="{page.context["docs_url"]}" rel="noreferrer">' in page.text


@pytest.mark.django_db
def test_the_api_tells_how_a_source_is_and_counts_by_hour():
    world = make_api_world()
    sent = {"tool": "generic", "slug": "probe", "name": "Probe"}
    uid = world.as_("admin").post("/api/v1/sources/", sent).json()["id"]
    source = world.lab.sources.get(uid=uid)
    store_deliveries(source, [b"{}"])
    received_at = Delivery.objects.get().received_at
    now_hour = received_at.replace(minute=0, second=0, microsecond=0)
    DeliveryCount.objects.create(
        source=source, hour=now_hour, state="unreadable", count=3
    )

    health = world.as_("responder").get(f"/api/v1/sources/{uid}/health/").json()
    counts = world.as_("responder").get(f"/api/v1/sources/{uid}/counts/").json()

    assert (health["word"], health["failed_24h"]) == ("Some failed", 3)
    assert (len(counts["hours"]), len(counts["days"])) == (24, 30)
    assert sum(span["failed"] for span in counts["hours"]) == 3
    assert counts["days"][-1]["count"] + counts["days"][-2]["count"] == 3


def counted(source, *, hours_ago, **states):
    for state, count in states.items():
        hour = NOW - hours_ago * HOUR
        DeliveryCount.objects.create(source=source, hour=hour, state=state, count=count)


def too_large(source):
    Delivery.objects.create(
        uid=uuid.uuid4(),
        source=source,
        organisation=source.organisation,
        size_bytes=9,
        sha256=b"",
        state="too_large",
        received_at=NOW,
    )


def refused(source, reason, at, **more):
    Refusal.objects.create(
        source=source,
        reason=reason,
        count=1,
        first_at=at,
        last_at=at,
        last_size_bytes=1,
        last_sha256=b"",
        **more,
    )
