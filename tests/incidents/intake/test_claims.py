"""Two lanes: the oldest go first, but the newest do not wait for all of them."""

from datetime import timedelta

import pytest

from incidents.intake.claims import BATCH_NEWEST
from incidents.intake.process import BATCH_DELIVERIES, process_batch
from incidents.intake.receive import store_deliveries
from incidents.models import Alert, Delivery, Incident
from tests.incidents.intake.intake_world import NOW, generic, process_all

pytestmark = pytest.mark.django_db


def store(source, bodies, *, seconds_ago):
    deliveries = store_deliveries(source, bodies)
    received_at = NOW - timedelta(seconds=seconds_ago)
    ids = [delivery.pk for delivery in deliveries]
    Delivery.objects.filter(pk__in=ids).update(received_at=received_at)
    return deliveries


def test_newest_are_served_while_many_old_ones_wait(source):
    store(source, [generic("old")] * (BATCH_DELIVERIES + 300), seconds_ago=3600)
    new = store(source, [generic("new")] * BATCH_NEWEST, seconds_ago=0)
    assert process_batch(NOW) == BATCH_DELIVERIES + BATCH_NEWEST
    ids = [delivery.pk for delivery in new]
    left = Delivery.objects.filter(state="pending")
    assert left.filter(pk__in=ids).count() == 0
    assert left.count() == 300


def test_second_lane_is_closed_while_nothing_has_waited_for_long(source):
    store(source, [generic("old")] * BATCH_DELIVERIES, seconds_ago=2)
    store(source, [generic("new")], seconds_ago=0)
    assert process_batch(NOW) == BATCH_DELIVERIES
    assert Alert.objects.get().title == "old"


def test_what_is_in_both_lanes_is_taken_once(source):
    store(source, [generic("old")] * 10, seconds_ago=60)
    assert process_all() == [10]
    assert Alert.objects.get().repeat_count == 9


def test_alert_that_cleared_behind_the_backlog_opens_nothing_late(source):
    store(
        source,
        [generic("disk"), *[generic("other")] * (BATCH_DELIVERIES + BATCH_NEWEST)],
        seconds_ago=60,
    )
    # The newest lane meets the end before the other lane meets the begin.
    ids = Delivery.objects.order_by("id").values_list("pk", flat=True)
    first = Delivery.objects.get(pk=ids[0])
    Delivery.objects.filter(pk=first.pk).update(state="ignored")
    store(source, [generic("disk", status="resolved", minutes=5)], seconds_ago=0)
    process_batch(NOW)
    Delivery.objects.filter(pk=first.pk).update(state="pending")
    process_all()
    assert Alert.objects.get(title="disk").status == "resolved"
    assert Incident.objects.filter(title="disk").count() == 0
