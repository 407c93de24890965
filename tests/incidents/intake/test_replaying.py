import json
from datetime import UTC, datetime, timedelta

import pytest

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.intake.process import process_batch
from incidents.intake.receive import store_deliveries
from incidents.intake.replaying import replay, replay_many
from incidents.intake.sources import change_source, create_source
from incidents.models import Alert, Delivery, DeliveryCount, Entry, Incident
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

FIRING = b'{"title": "Disk full", "dedup_key": "d"}'
RESOLVED = b'{"title": "Disk full", "dedup_key": "d", "status": "resolved"}'
AT = datetime(2026, 11, 23, 3, 10, tzinfo=UTC)


@pytest.fixture
def source():
    lab = factories.lab("aurora")
    made, _ = create_source(
        lab, tool="generic", slug="s", name="S", actor=Actor.system(lab), now=NOW
    )
    made.refresh_from_db()
    return made


def store(source, *bodies):
    made = store_deliveries(source, bodies)
    Delivery.objects.update(received_at=AT)
    return made


def process():
    while process_batch(NOW):
        pass


def world():
    """Return all that reading deliveries may change."""
    alerts = Alert.objects.order_by("pk").values(
        "status", "repeat_count", "late_count", "delivery_id", "incident_id"
    )
    incidents = Incident.objects.order_by("pk").values(
        "status", "alert_count", "open_alert_count"
    )
    kinds = Entry.objects.order_by("pk").values_list("kind", flat=True)
    return list(alerts), list(incidents), list(kinds)


def counts():
    rows = DeliveryCount.objects.exclude(count=0).order_by("state")
    return [(row.hour, row.state, row.count) for row in rows]


HOUR = AT.replace(minute=0)


def test_a_processed_delivery_that_is_read_again_changes_nothing(source):
    first, _ = store(source, FIRING, FIRING)
    process()
    before = world()

    replay(first)
    process()

    assert world() == before
    first.refresh_from_db()
    assert (first.state, first.replays) == ("processed", 1)


def test_the_whole_past_read_again_leaves_the_present(source):
    store(source, FIRING, RESOLVED, FIRING, RESOLVED)
    process()
    before = world()

    assert replay_many(source, states=["processed"]) == 4
    process()

    assert world() == before


def test_a_mended_mapping_reads_what_it_could_not(source):
    store(source, b'{"name": "Disk full"}')
    process()
    assert Incident.objects.count() == 0
    actor = Actor.system(source.organisation)
    change_source(source, changes={"mapping": {"title": "name"}}, actor=actor, now=NOW)

    replay_many(source, states=["unreadable"])
    process()

    assert Incident.objects.get().title == "Disk full"


def test_each_delivery_is_counted_once_whatever_is_read_again(source):
    first, _, _ = store(source, FIRING, b"{", b"{}")
    process()
    assert counts() == [(HOUR, "processed", 1), (HOUR, "unreadable", 2)]

    replay(first)
    assert counts() == [(HOUR, "unreadable", 2)]
    replay_many(source, states=["unreadable", "processed"])
    process()

    assert counts() == [(HOUR, "processed", 1), (HOUR, "unreadable", 2)]


def test_only_the_named_ones_are_read_again(source):
    first, second = store(source, b"{", b"[")
    process()

    assert replay_many(source, uids=[second.uid]) == 1

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("unreadable", "pending")


def test_another_sources_deliveries_are_left_alone(source):
    lab = source.organisation
    other, _ = create_source(
        lab, tool="generic", slug="o", name="O", actor=Actor.system(lab), now=NOW
    )
    [theirs] = store(other, b"{")
    process()

    assert replay_many(source, uids=[theirs.uid]) == 0


def test_one_without_a_body_is_not_read_again(source):
    [delivery] = store(source, FIRING)
    process()
    Delivery.objects.update(body=None)

    with pytest.raises(NotPossible) as refused:
        replay(delivery)

    assert str(refused.value) == (
        "Its body is no longer kept, so it cannot be read again."
    )


def test_one_that_waits_is_not_read_again(source):
    [delivery] = store(source, FIRING)

    with pytest.raises(NotPossible) as refused:
        replay(delivery)

    assert str(refused.value) == "It is waiting: there is nothing to read again."


def test_a_state_that_cannot_be_read_again_is_refused(source):
    with pytest.raises(BadInput) as refused:
        replay_many(source, states=["too_large"])

    assert refused.value.remedy == "Use unreadable, ignored, processed."


@pytest.fixture
def pagerduty():
    lab = factories.lab("borealis")
    made, _ = create_source(
        lab,
        tool="pagerduty_events",
        slug="p",
        name="P",
        actor=Actor.system(lab),
        now=NOW,
    )
    made.refresh_from_db()
    return made


def event(action, **more):
    payload = {"summary": "HTTP is down", "source": "srv", "severity": "critical"}
    body = {"event_action": action, "dedup_key": "k", "payload": payload}
    return json.dumps({**body, **more}).encode()


def test_an_acknowledgement_that_is_read_again_is_not_told_twice(pagerduty):
    store(pagerduty, event("trigger"))
    process()
    [said] = store(pagerduty, event("acknowledge"))
    process()
    before = world()
    assert before[2].count("alert.acknowledged") == 1

    for _ in range(2):
        replay(said)
        process()

    assert world() == before


def test_an_acknowledgement_of_a_former_incident_is_none_of_the_next(pagerduty):
    # It could not be read when it came, so it was never told.
    _, said = store(pagerduty, event("trigger"), event("acknowledge"))
    Delivery.objects.filter(pk=said.pk).update(state="unreadable")
    process()
    for minutes, action in ((5, "resolve"), (9, "trigger")):
        [row] = store_deliveries(pagerduty, [event(action)])
        came = AT + timedelta(minutes=minutes)
        Delivery.objects.filter(pk=row.pk).update(received_at=came)
        process()
    assert Incident.objects.filter(status="open").count() == 1

    replay(Delivery.objects.get(pk=said.pk))
    process()

    assert Incident.objects.filter(status="open").count() == 1
    assert Entry.objects.filter(kind="alert.acknowledged").count() == 0


def test_an_acknowledgement_that_could_not_be_read_is_told_later(pagerduty):
    _, said = store(pagerduty, event("trigger"), event("acknowledge"))
    Delivery.objects.filter(pk=said.pk).update(state="unreadable")
    process()

    replay(Delivery.objects.get(pk=said.pk))
    process()

    assert Incident.objects.get().status == "acknowledged"
    assert Entry.objects.filter(kind="alert.acknowledged").count() == 1


def test_a_note_that_is_read_again_is_not_told_twice():
    lab = factories.lab("cygnus")
    source, _ = create_source(
        lab, tool="opsgenie_api", slug="o", name="O", actor=Actor.system(lab), now=NOW
    )
    source.refresh_from_db()
    store(source, b'{"message": "Disk full", "alias": "d"}')
    process()
    [said] = store(source, b'{"note": "looking"}')
    marks = {":action": "notes", ":alert": "d", ":alert-by": "alias"}
    Delivery.objects.filter(pk=said.pk).update(headers=marks)
    process()
    before = world()
    assert before[2].count("alert.noted") == 1

    replay(said)
    process()

    assert world() == before
