import json

import pytest
from django.db import transaction

from incidents.intake.batch_reading import LARGE_ALERTS, MAX_ALERTS
from incidents.intake.claims import claim_deliveries
from incidents.intake.process import process_batch
from incidents.intake.receive import store_deliveries
from incidents.models import Alert, Entry, Incident
from tests.incidents.intake.intake_world import (
    NOW,
    generic,
    make_organisation,
    make_source,
    process_all,
)

pytestmark = pytest.mark.django_db

MEGABYTE = b"x" * 1_000_000


@pytest.fixture
def prometheus(organisation):
    return make_source(organisation, tool="alertmanager_api", slug="prometheus")


@pytest.fixture
def other():
    return make_source(make_organisation("meridian"))


def alerts(count, *, first=0, name="", **labels):
    """Return a body with so many alerts, each in a group of its own unless named."""
    told = [
        {"labels": {"alertname": name or f"a{n}", "n": f"{n}", **labels}}
        for n in range(first, first + count)
    ]
    return json.dumps(told).encode()


def state_of(delivery):
    delivery.refresh_from_db()
    return delivery.state, delivery.alert_count


def test_large_bodies_of_one_organisation_do_not_crowd_out_another(source, other):
    for _ in range(40):
        store_deliveries(source, [MEGABYTE])
    [lone] = store_deliveries(other, [generic("lone")])
    with transaction.atomic():
        first, second, *_ = claim_deliveries(400, now=NOW)
    assert second.id == lone.pk
    assert first.source_id == source.pk


def test_delivery_with_many_alerts_is_taken_in_by_slices_after_others(
    prometheus, other
):
    count = MAX_ALERTS + 1
    [large] = store_deliveries(prometheus, [alerts(count, name="GPU")])
    [lone] = store_deliveries(other, [generic("lone")])
    assert process_batch(NOW) == 2
    assert state_of(lone) == ("processed", 1)
    assert state_of(large) == ("pending", MAX_ALERTS)
    assert Alert.objects.filter(source=prometheus).count() == MAX_ALERTS
    assert process_all() == [1]
    assert state_of(large) == ("processed", count)
    assert Incident.objects.get(source=prometheus).alert_count == count
    assert Alert.objects.filter(repeat_count=0, late_count=0).count() == count + 1


def test_what_comes_behind_a_large_one_of_its_source_waits_for_it(prometheus):
    bodies = [alerts(LARGE_ALERTS + 1, name="GPU"), alerts(1, name="Disk")]
    large, small = store_deliveries(prometheus, bodies)
    process_batch(NOW)
    assert state_of(large) == ("processed", LARGE_ALERTS + 1)
    assert state_of(small) == ("pending", 0)
    process_batch(NOW)
    assert state_of(small) == ("processed", 1)


def test_a_transaction_takes_a_bounded_number_of_alerts(prometheus):
    bodies = [
        alerts(LARGE_ALERTS, first=n * LARGE_ALERTS, name="GPU")
        for n in range(MAX_ALERTS // LARGE_ALERTS + 1)
    ]
    deliveries = store_deliveries(prometheus, bodies)
    process_batch(NOW)
    assert Alert.objects.count() == MAX_ALERTS
    assert state_of(deliveries[-1]) == ("pending", 0)


def homes():
    rows = Incident.objects.order_by("pk").values_list("title", "alert_count")
    return list(rows)


def test_groups_beyond_the_bound_share_an_incident(prometheus, settings):
    settings.INCIDENTS_PER_DELIVERY = 2
    store_deliveries(prometheus, [alerts(5)])
    process_all()
    more = "More groups of alerts at once from The prometheus"
    assert sorted(homes()) == [(more, 3), ("a0", 1), ("a1", 1)]
    assert Entry.objects.filter(kind="alert.attached").count() == 5
    shared = Incident.objects.get(title=more)
    assert shared.description == (
        "One delivery of source prometheus told of more than 2 new groups of alerts. "
        "That many have got incidents of their own; the alerts of all further ones are "
        "listed here."
    )


def test_groups_beyond_the_bound_join_the_incident_that_is_open(prometheus, settings):
    settings.INCIDENTS_PER_DELIVERY = 2
    store_deliveries(prometheus, [alerts(3), alerts(3), alerts(4, first=10)])
    process_all()
    assert sorted(count for _, count in homes()) == [1, 1, 1, 1, 3]
    assert Alert.objects.filter(repeat_count=1).count() == 3


def test_all_slices_of_a_delivery_count_against_its_bound(prometheus, settings):
    settings.INCIDENTS_PER_DELIVERY = 3
    store_deliveries(prometheus, [alerts(MAX_ALERTS + 10)])
    process_all()
    assert sorted(count for _, count in homes()) == [1, 1, 1, MAX_ALERTS + 7]


def test_an_alert_that_went_beyond_the_bound_resolves_there(prometheus, settings):
    settings.INCIDENTS_PER_DELIVERY = 1
    store_deliveries(prometheus, [alerts(2)])
    process_all()
    gone = [{"labels": {"alertname": "a1", "n": "1"}, "endsAt": "2026-11-01T00:00:00Z"}]
    store_deliveries(prometheus, [json.dumps(gone).encode()])
    process_all()
    assert list(Incident.objects.order_by("pk").values_list("status", flat=True)) == [
        "open",
        "resolved",
    ]
