from datetime import timedelta

from escalation.clocks.remaining import fractions_left
from escalation.loop import fire_due
from escalation.models import ContactMethod, Notification
from incidents.events.actor import Actor
from incidents.models import Incident, Timer
from incidents.triage.outcomes import assign
from tests import factories as make
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
WARNED = {
    "what": "resolve_by",
    "minutes": 60,
    "warn": [{"percent": 50}, {"minutes_before": 10}],
}


def test_a_warning_tells_whom_the_path_told_last(world, told):
    world.watch(world.lab, WARNED)
    world.open()
    world.forward(30)
    assert told("clock") == ["duty@aurora.example"]
    text = Notification.objects.get(purpose="clock").message["text"]
    assert "Resolve: due in 30 minutes, at 04:00 UTC on Mon 23 Nov." in text


def test_each_warning_is_told_once(world, told):
    world.watch(world.lab, WARNED)
    world.open()
    world.forward(59)
    assert told("clock") == ["duty@aurora.example"] * 2
    assert told("overdue") == []


def test_warnings_that_come_together_are_told_as_the_last(world, told):
    world.watch(world.lab, WARNED)
    incident = world.open()
    world.now = NOW + 55 * MINUTE
    world.run()
    assert told("clock") == ["duty@aurora.example"]
    assert world.kinds(incident, world.lab) == ["clock.started", "clock.warned"]


def test_a_warning_tells_who_acknowledged(world, told):
    world.watch(world.lab, WARNED)
    incident = world.open()
    colleague = make.person(world.lab, "colleague@aurora.example")
    make.contact(world.lab, colleague)
    world.duty, before = colleague, world.duty
    world.acknowledge(incident, colleague)
    world.duty = before
    world.forward(30)
    assert told("clock") == ["colleague@aurora.example"]


def test_a_warning_tells_the_officer_who_has_the_incident(world, told):
    world.watch(world.agency, WARNED)
    incident = world.open()
    world.share(incident)
    second = make.person(world.agency, "second@naisa.example", role="officer")
    make.contact(world.agency, second)
    assign(
        incident,
        organisation=world.agency,
        owner=second,
        actor=Actor.of(world.officer, world.agency),
        now=world.now,
    )
    world.forward(30)
    assert told("clock") == ["second@naisa.example"]


def test_a_warning_goes_to_the_desk_when_nobody_can_be_reached(world, told):
    world.watch(world.lab, WARNED)
    world.open()
    ContactMethod.objects.filter(user=world.duty).update(disabled_at=NOW)
    world.forward(30)
    assert told("clock") == ["desk@aurora.example"]


def test_a_warning_goes_to_the_desk_when_who_had_the_incident_has_left(world, told):
    world.watch(world.lab, WARNED)
    world.open()
    world.duty.memberships.update(ended_at=NOW)
    world.forward(30)
    assert told("clock") == ["desk@aurora.example"]


def test_a_breach_tells_that_it_is_overdue(world, told):
    world.watch(world.lab, WARNED)
    world.open()
    world.now = NOW + 90 * MINUTE
    world.run()
    assert (told("clock"), told("overdue")) == ([], ["duty@aurora.example"])
    text = Notification.objects.get(purpose="overdue").message["text"]
    assert "Resolve: overdue by 30 minutes, since 04:00 UTC on Mon 23 Nov." in text


def test_a_breach_raises_the_severity_and_leaves_word_to_the_run(world):
    effects = [{"raise_severity": 5}, {"go_to": "2"}, {"notify_role": "approver"}]
    world.watch(world.lab, {**WARNED, "on_breach": effects})
    incident = world.open(severity=3)
    run = incident.runs.get()
    world.now = NOW + 61 * MINUTE

    fire_due(world.now)
    assert Incident.objects.get().severity == 5
    words = Timer.objects.filter(kind="run.clock_effect").order_by("pk")
    assert [(t.subject_id, t.payload["effect"], t.payload["step"]) for t in words] == [
        (run.pk, "go_to", "2"),
        (run.pk, "notify_role", ""),
    ]
    assert words[1].payload["role"] == "approver"


def test_an_agencys_breach_leaves_the_owners_severity_alone(world):
    world.watch(world.agency, {**WARNED, "on_breach": [{"raise_severity": 5}]})
    incident = world.open(severity=3)
    world.share(incident)
    world.forward(61)
    assert Incident.objects.get().severity == 3
    assert world.kinds(incident, world.agency)[-1] == "clock.breached"


def test_the_least_that_is_left_is_told_for_each_side(world, django_assert_num_queries):
    world.watch(world.lab, WARNED, {"what": "acknowledge_by", "minutes": 40})
    world.watch(world.agency, WARNED)
    incident = world.open()
    world.now = NOW + 10 * MINUTE
    world.share(incident)
    with django_assert_num_queries(2):
        left = fractions_left([incident.pk], NOW + 30 * MINUTE)
    assert left == {
        (incident.pk, world.lab.pk): 25,
        (incident.pk, world.agency.pk): 66,
    }
