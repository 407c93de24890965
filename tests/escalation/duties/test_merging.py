from datetime import timedelta

import pytest

from escalation.duties.time_record import anchors_for
from escalation.models import AnchorValue, StatutoryClock
from incidents.events.actor import Actor
from incidents.incident.lifecycle import merge
from tests.escalation.duties.duty_world import HOUR, NIS2, make_duty_world
from tests.factories import NOW


@pytest.fixture
def world(db):
    return make_duty_world()


def merge_them(world, one, into):
    merge(
        one,
        into=into,
        reason="the same",
        user=world.duty,
        actor=Actor.of(world.duty, world.lab),
        now=NOW,
    )
    world.run()


def known(world, incident, side=None):
    return anchors_for(incident.pk, (side or world.lab).pk, [NIS2])[NIS2]


def report(world, incident, side, ref="FIL-1"):
    """Note a submission as the product does."""
    more = {"organisation": side, "regime_id": NIS2, "source": ref, "author": None}
    world.note(incident, NOW - HOUR, name="submitted:early_warning", **more)


def test_the_earlier_awareness_of_a_merged_incident_counts_for_the_other(world):
    one = world.incident(aware_at=NOW - 9 * HOUR)
    other = world.incident(aware_at=NOW - HOUR)
    world.run()

    merge_them(world, one, other)

    assert known(world, other)["aware"] == [NOW - 9 * HOUR]
    copied = AnchorValue.objects.get(incident=other, name="aware", at=NOW - 9 * HOUR)
    assert copied.source == f"merged from {one.ref}"
    clocks = StatutoryClock.objects.filter(stage="early_warning", regime_id=NIS2)
    assert clocks.get(incident=one).state == "cancelled"
    due = clocks.get(incident=other).due_operational
    assert due == NOW - 9 * HOUR + timedelta(hours=24)


def test_what_neither_had_noted_yet_is_noted_for_both(world):
    one = world.incident(aware_at=NOW - HOUR)
    other = world.incident(aware_at=NOW - 9 * HOUR)

    merge_them(world, one, other)

    assert known(world, other)["aware"] == [NOW - 9 * HOUR]
    noted = AnchorValue.objects.filter(incident=other, name="aware")
    assert noted.count() == 2


def test_a_report_of_the_merged_incident_meets_the_clock_of_the_other(world):
    one = world.incident(aware_at=NOW - 9 * HOUR)
    other = world.incident(aware_at=NOW - HOUR)
    report(world, one, world.lab)
    world.run()

    merge_them(world, one, other)

    clock = StatutoryClock.objects.get(
        stage="early_warning", regime_id=NIS2, incident=other
    )
    assert (clock.state, clock.met_by, clock.met_at) == ("met", "FIL-1", NOW - HOUR)


@pytest.mark.parametrize("is_shared", [True, False])
def test_an_agencys_record_follows_only_to_what_it_sees(world, is_shared):
    one, other = world.incident(), world.incident()
    world.share(one)
    report(world, one, world.agency)
    if is_shared:
        world.share(other)
    world.run()

    merge_them(world, one, other)

    found = known(world, other, world.agency)
    assert found.get("submitted:early_warning") == ([NOW - HOUR] if is_shared else None)
