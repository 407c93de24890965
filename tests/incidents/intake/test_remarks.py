"""What clients of compatible surfaces say of alerts that fire: acknowledged, noted."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from incidents.intake.claims import claim_these
from incidents.intake.process import process_batch
from incidents.intake.receive import store_deliveries
from incidents.intake.replaying import replay_many
from incidents.models import Delivery, Entry, Incident
from tests.incidents.intake.intake_world import (
    NOW,
    at,
    make_organisation,
    make_source,
    process_all,
)


def pagerduty(organisation):
    return make_source(organisation, tool="pagerduty_events", slug="pd")


def event(action, key="K"):
    payload = {"summary": "Down", "source": "x", "severity": "critical"}
    body = {"event_action": action, "dedup_key": key}
    more = {"payload": payload} if action == "trigger" else {}
    return json.dumps({**body, **more}).encode()


def store(source, *actions):
    """Store events, a minute apart; the first came at NOW."""
    minutes = Delivery.objects.count()
    stored = store_deliveries(source, [event(action) for action in actions])
    for minute, delivery in enumerate(stored, start=minutes):
        Delivery.objects.filter(pk=delivery.pk).update(received_at=at(minute))
    return stored


def states():
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def incidents():
    """Return of each incident whether it is open, and acknowledged."""
    rows = Incident.objects.order_by("pk").values_list("status", "acknowledged_at")
    return [(status, bool(instant)) for status, instant in rows]


@pytest.mark.django_db
@pytest.mark.parametrize("is_one_batch", [True, False])
def test_acknowledgement_of_an_earlier_time_does_not_acknowledge(
    organisation, is_one_batch
):
    source = pagerduty(organisation)
    store(source, "trigger", "acknowledge", "resolve")
    process_all()
    store(source, "trigger")
    if not is_one_batch:
        process_all()
    replay_many(source, states=["processed"])
    process_all()
    assert incidents() == [("resolved", True), ("open", False)]


@pytest.mark.django_db
def test_late_acknowledgement_of_what_still_fires_counts(organisation):
    source = pagerduty(organisation)
    _, acknowledged, _ = store(source, "trigger", "acknowledge", "trigger")
    Delivery.objects.filter(pk=acknowledged.pk).update(retry_at=at(9))
    process_all()
    assert incidents() == [("open", False)]
    process_all(at(9))
    assert [is_acknowledged for _, is_acknowledged in incidents()] == [True]


@pytest.mark.django_db
def test_remark_that_is_read_again_is_recorded_once(organisation):
    source = make_source(organisation, tool="opsgenie_api", slug="og")
    store_deliveries(source, [b'{"message": "Disk", "alias": "d"}'])
    note = store_deliveries(source, [b'{"note": "Looking."}'])
    said = {":action": "notes", ":alert": "d", ":alert-by": "alias"}
    Delivery.objects.filter(pk=note[0].pk).update(headers=said)
    process_all()
    replay_many(source, states=["processed"])
    process_all()
    assert Entry.objects.filter(kind="alert.noted").count() == 1


@pytest.mark.django_db
def test_remark_that_was_unreadable_counts_when_it_is_read_again(organisation):
    source = pagerduty(organisation)
    _, acknowledged = store(source, "trigger", "acknowledge")
    Delivery.objects.filter(pk=acknowledged.pk).update(state="unreadable")
    process_all()
    replay_many(source, states=["unreadable"])
    process_all()
    assert [is_acknowledged for _, is_acknowledged in incidents()] == [True]


def hold(delivery, until_set):
    """Hold a delivery as another worker does, until the event is set."""
    is_held = threading.Event()

    def run():
        try:
            with transaction.atomic():
                claim_these([delivery.pk])
                is_held.set()
                until_set.wait()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    is_held.wait()
    return thread


def test_acknowledgement_waits_for_the_trigger_that_another_worker_holds(
    world_database, django_db_blocker
):
    with django_db_blocker.unblock():
        source = pagerduty(make_organisation())
        trigger, _ = store(source, "trigger", "acknowledge")
        is_done = threading.Event()
        other = hold(trigger, is_done)
        assert process_batch(NOW) == 1
        is_done.set()
        other.join()
        assert states() == ["pending", "pending"]
        process_batch(NOW)
        assert incidents() == [("open", False)]
        process_batch(NOW + timedelta(seconds=1))
        assert states() == ["processed", "processed"]
        assert [is_acknowledged for _, is_acknowledged in incidents()] == [True]


@pytest.mark.django_db
def test_acknowledgement_of_what_never_fired_waits_for_nothing(organisation):
    source = pagerduty(organisation)
    store(source, "acknowledge", "acknowledge")
    process_all()
    assert states() == ["processed", "processed"]
    assert incidents() == []
