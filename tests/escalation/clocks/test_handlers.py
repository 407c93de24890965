from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.clocks.handlers import BATCH, follow
from escalation.models import Clock
from escalation.routing.dispatch import dispatch
from escalation.runs.engine import escalate
from incidents.events.actor import Actor
from incidents.models import Pending, Timer
from tests import factories as make
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
ACK = {"what": "acknowledge_by", "minutes": 30}


def looks():
    return list(
        Timer.objects.filter(kind="clock.look").values_list("incident", flat=True)
    )


def test_an_entry_becomes_a_timer_of_its_incident_and_is_gone(world):
    world.watch(world.lab, ACK)
    incident = world.open()
    user = world.duty
    world.run = lambda: None
    world.acknowledge(incident, user)
    world.comment(incident, user, is_shared=True)
    assert follow(NOW) == 2
    assert looks() == [incident.pk]
    assert not Pending.objects.filter(consumer="clocks").exists()


def test_an_incident_without_clocks_is_left_alone(world):
    make.route(world.lab, make.policy(world.lab, make.wait(5)), is_default=True)
    incident = world.open()
    world.run = lambda: None
    world.acknowledge(incident)
    assert follow(NOW) == 1
    assert looks() == []


def test_following_takes_as_many_statements_for_three_as_for_one(world):
    world.watch(world.lab, ACK)
    incidents = [world.open() for _ in range(4)]
    world.run = lambda: None
    world.acknowledge(incidents[0])
    with CaptureQueriesContext(connection) as one:
        follow(NOW)
    for incident in incidents[1:]:
        world.acknowledge(incident)
    with CaptureQueriesContext(connection) as three:
        assert follow(NOW) == 3
    assert len(three) == len(one)
    assert BATCH >= 100


def test_starting_takes_as_many_statements_for_three_as_for_one(world):
    make.calendar(world.lab, slug="office")
    world.watch(world.lab, {**ACK, "calendar": "office"})
    make.incident(world.lab)
    with CaptureQueriesContext(connection) as one:
        dispatch(NOW)
    for _ in range(3):
        make.incident(world.lab)
    with CaptureQueriesContext(connection) as three:
        assert dispatch(NOW) == 3
    assert Clock.objects.count() == 4
    # The first also made its streams.
    assert len(three) <= len(one)


def test_routing_that_comes_late_does_not_move_the_due_instant(world):
    world.watch(world.lab, ACK)
    make.incident(world.lab, now=NOW)
    world.now = NOW + 20 * MINUTE
    world.run()
    assert world.clock("acknowledge_by").due_at == NOW + 30 * MINUTE


def test_a_path_started_by_hand_keeps_the_clocks_and_drives_them(world):
    world.watch(world.lab, ACK)
    incident = world.open()
    first = world.clock("acknowledge_by").run_id
    world.forward(10)
    run = escalate(
        incident,
        organisation=world.lab,
        policy=None,
        actor=Actor.of(world.duty, world.lab),
        now=world.now,
    )
    clock = world.clock("acknowledge_by")
    assert (clock.run_id, clock.due_at) == (run.pk, NOW + 30 * MINUTE)
    assert clock.run_id != first
