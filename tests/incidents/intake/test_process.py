import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.events.actor import Actor
from incidents.intake.process import BATCH_DELIVERIES, process_batch
from incidents.intake.receive import store_deliveries
from incidents.intake.replaying import replay
from incidents.intake.sources import change_source
from incidents.models import Alert, Delivery, Entry, Incident
from incidents.timers.clock import read_now
from tests.incidents.intake.intake_world import (
    NOW,
    at,
    generic,
    make_organisation,
    make_source,
    post,
    process_all,
)

pytestmark = pytest.mark.django_db


def states():
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def test_delivery_becomes_alert_and_incident(source):
    [delivery] = post(source, generic("Egress anomaly", severity="critical"))
    alert, incident = Alert.objects.get(), Incident.objects.get()
    assert (delivery.state, delivery.alert_count) == ("processed", 1)
    assert delivery.processed_at == NOW
    assert (alert.title, alert.status) == ("Egress anomaly", "firing")
    assert alert.incident == incident
    assert (incident.title, incident.severity) == ("Egress anomaly", 4)
    assert (incident.alert_count, incident.open_alert_count) == (1, 1)


def test_nothing_waiting_is_zero(source):
    assert process_batch(NOW) == 0


def test_same_delivery_twice_is_one_effect(source):
    post(source, generic(), generic())
    assert Incident.objects.count() == 1
    assert Alert.objects.get().repeat_count == 1
    assert Entry.objects.filter(kind="alert.attached").count() == 1


def test_same_delivery_twice_in_one_batch_is_one_effect(source):
    store_deliveries(source, [generic(), generic()])
    assert process_all() == [2]
    assert Incident.objects.count() == 1
    assert Alert.objects.get().repeat_count == 1
    assert Entry.objects.filter(kind="alert.attached").count() == 1


def outcome():
    alert = Alert.objects.get()
    incidents = Incident.objects.values_list("status", "open_alert_count")
    return alert.status, alert.event_at, list(incidents)


def test_pair_in_order_resolves(source):
    post(source, generic(), generic(status="resolved", minutes=5))
    assert outcome() == ("resolved", at(5), [("resolved", 0)])


def test_pair_in_one_batch_resolves(source):
    store_deliveries(source, [generic(), generic(status="resolved", minutes=5)])
    process_all()
    assert outcome() == ("resolved", at(5), [("resolved", 0)])
    kinds = Entry.objects.order_by("id").values_list("kind", flat=True)
    assert [kind for kind in kinds if kind != "config.changed"] == [
        "incident.opened",
        "alert.attached",
        "alert.resolved",
        "incident.resolved",
    ]


@pytest.mark.parametrize("is_one_batch", [True, False])
def test_pair_in_reverse_order_counts_late_one(source, is_one_batch):
    bodies = [generic(status="resolved", minutes=5), generic()]
    if is_one_batch:
        store_deliveries(source, bodies)
        process_all()
    else:
        post(source, *bodies)
    assert outcome() == ("resolved", at(5), [])
    assert Alert.objects.get().late_count == 1


def test_late_firing_after_resolution_changes_nothing(source):
    post(source, generic(), generic(status="resolved", minutes=5))
    before = list(Entry.objects.values_list("id", flat=True))
    post(source, generic(minutes=1))
    assert outcome() == ("resolved", at(5), [("resolved", 0)])
    assert Alert.objects.get().late_count == 1
    assert list(Entry.objects.values_list("id", flat=True)) == before


def test_late_news_keeps_the_newer_title(source):
    post(source, generic("A", minutes=9, dedup_key="k"))
    post(source, generic("B", minutes=3, dedup_key="k"))
    alert = Alert.objects.get()
    assert (alert.title, alert.late_count, alert.repeat_count) == ("A", 1, 0)


def deliver(source, body, *, received_at):
    [delivery] = store_deliveries(source, [body])
    Delivery.objects.filter(pk=delivery.pk).update(received_at=received_at)
    process_all()


def test_a_clock_that_is_ahead_does_not_silence_what_comes_later(source):
    ahead = 9 * 60
    deliver(source, generic(minutes=ahead), received_at=NOW)
    resolved = generic(status="resolved", minutes=ahead + 1)
    deliver(source, resolved, received_at=at(1))
    deliver(source, generic(minutes=5), received_at=at(5))
    assert list(Incident.objects.order_by("pk").values_list("status", flat=True)) == [
        "resolved",
        "open",
    ]


def test_unreadable_is_kept_and_disturbs_no_other(source):
    store_deliveries(source, [b"not json", generic(), b'{"status": "firing"}'])
    process_all()
    first, _, third = Delivery.objects.order_by("id")
    assert states() == ["unreadable", "processed", "unreadable"]
    assert bytes(first.body) == b"not json"
    assert first.error.startswith('body: found "not json"; send a JSON object')
    assert third.error.startswith("title: found nothing; send a title")
    assert Incident.objects.count() == 1


def test_known_event_that_is_ignored_is_recorded_as_such(organisation):
    source = make_source(organisation, tool="grafana", slug="grafana")
    [delivery] = post(source, b'{"ruleId": 7, "ruleName": "CPU", "state": "pending"}')
    assert (delivery.state, delivery.alert_count) == ("ignored", 0)
    assert delivery.error == "The state pending changes nothing."
    assert not Alert.objects.exists()


def test_replay_after_a_fix_is_processed(source):
    [delivery] = post(source, b'{"event": {"name": "Disk full"}}')
    assert delivery.state == "unreadable"
    change_source(
        source,
        changes={"mapping": {"title": "event.name"}},
        actor=Actor.system(source.organisation),
        now=NOW,
    )
    assert replay(delivery).state == "pending"
    process_all()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("processed", "")
    assert Incident.objects.get().title == "Disk full"


def test_trial_of_the_tool_opens_nothing(source):
    [delivery] = post(source, generic(test=True))
    assert (delivery.state, delivery.alert_count) == ("processed", 1)
    assert Incident.objects.count() == 0


def test_storm_of_one_organisation_does_not_delay_another(source):
    store_deliveries(source, [generic(f"n{n}") for n in range(1000)])
    other = make_source(make_organisation("meridian"))
    [lone] = store_deliveries(other, [generic("lone")])
    assert process_batch(NOW) < BATCH_DELIVERIES
    lone.refresh_from_db()
    assert lone.state == "processed"
    assert (
        Delivery.objects.filter(state="processed").count() == BATCH_DELIVERIES // 2 + 1
    )


def test_a_single_organisation_gets_the_whole_batch(source):
    store_deliveries(source, [generic(f"n{n}") for n in range(BATCH_DELIVERIES + 1)])
    assert process_all() == [BATCH_DELIVERIES, 1]


def count_statements(source, bodies):
    store_deliveries(source, bodies)
    with CaptureQueriesContext(connection) as queries:
        process_batch(NOW)
    return [query["sql"][:70] for query in queries]


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_statements_do_not_grow_with_the_batch(source, status):
    def bodies(prefix, count):
        return [generic(f"{prefix}{n}", status=status, minutes=9) for n in range(count)]

    if status == "resolved":
        post(source, *[generic(f"{p}{n}") for p in "ab" for n in range(30)])
    post(source, generic("warm up"))
    one = count_statements(source, bodies("a", 1))
    thirty = count_statements(source, bodies("b", 30))
    assert len(one) == len(thirty)
    assert len(one) < 45
    wanted = {"firing": "open", "resolved": "resolved"}[status]
    assert Incident.objects.exclude(title="warm up").filter(status=wanted).count() >= 31


def test_a_resolve_without_a_time_counts_after_a_fire_whose_clock_is_ahead(source):
    post(source, generic(started_at="2999-01-01T00:00:00Z"))
    ahead = read_now() + timedelta(hours=2)
    post(source, generic(minutes=0, started_at=ahead.isoformat()))
    body = {"title": "Disk full", "dedup_key": "Disk full", "status": "resolved"}
    post(source, json.dumps(body).encode())
    assert Alert.objects.get().status == "resolved"
    post(source, generic(started_at=None))
    assert Alert.objects.get().status == "firing"
