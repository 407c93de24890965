from datetime import timedelta

import pytest

from incidents.intake.models import Delivery
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
