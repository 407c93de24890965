from datetime import timedelta

import pytest

from incidents.custody.holds import place_hold, release_hold
from incidents.events.actor import Actor
from incidents.intake.models import Alert, Delivery
from incidents.intake.retention import forget_old_bodies
from tests import factories as make
from tests.factories import NOW
from tests.incidents.intake.intake_world import make_source

pytestmark = pytest.mark.django_db


def delivery(source, *, days_old, state="processed"):
    number = Delivery.objects.count()
    return Delivery.objects.create(
        uid=f"00000000-0000-4000-8000-{number:012d}",
        source=source,
        organisation=source.organisation,
        received_at=NOW - timedelta(days=days_old),
        body=b"{}",
        size_bytes=2,
        sha256=b"x",
        headers={"content-type": "application/json"},
        state=state,
    )


def test_old_bodies_go_and_their_size_stays(settings):
    settings.DELIVERY_RETENTION_DAYS = 90
    source = make_source(make.lab())
    old, young = delivery(source, days_old=91), delivery(source, days_old=89)
    assert forget_old_bodies(NOW) == 1
    assert forget_old_bodies(NOW) == 0
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.body, old.headers, old.size_bytes) == (None, {}, 2)
    assert bytes(young.body) == b"{}"


def test_waiting_delivery_keeps_its_body(settings):
    settings.DELIVERY_RETENTION_DAYS = 90
    delivery(make_source(make.lab()), days_old=400, state="pending")
    assert forget_old_bodies(NOW) == 0


def test_a_legal_hold_keeps_the_bodies_of_its_sources(settings):
    settings.DELIVERY_RETENTION_DAYS = 90
    lab = make.lab()
    source = make_source(lab)
    kept, incident = delivery(source, days_old=91), make.incident(lab)
    Alert.objects.create(
        organisation=lab,
        source=source,
        incident=incident,
        delivery=kept,
        dedup_key="x",
        status="firing",
        title="x",
        severity="high",
        event_at=NOW,
    )
    ann = make.person(lab, role="approver")
    actor = Actor.of(ann, lab)
    hold = place_hold(
        lab, on=incident, matter="7", reason="x", user=ann, actor=actor, now=NOW
    )
    assert forget_old_bodies(NOW) == 0
    release_hold(hold, reason="x", user=ann, actor=actor, now=NOW)
    assert forget_old_bodies(NOW) == 1
