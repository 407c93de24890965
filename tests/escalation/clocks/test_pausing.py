from datetime import timedelta

import pytest

from escalation.clocks.pausing import pause_clock, resume_clock
from escalation.models import ClockPause, ClockState
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.incident.lifecycle import change_severity
from incidents.triage.questions import answer, request_info
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
RESOLVE = {"what": "resolve_by", "minutes": 60, "warn": [{"percent": 50}]}
ASKED = {"what": "resolve_by", "minutes": 60, "pause_while_asked": True}


def pause(world, clock, reason="waiting for the vendor"):
    actor = Actor.of(world.duty, world.lab)
    return pause_clock(clock, reason=reason, actor=actor, now=world.now)


def resume(world, clock, reason="the vendor has answered"):
    actor = Actor.of(world.duty, world.lab)
    return resume_clock(clock, reason=reason, actor=actor, now=world.now)


def ask(world, incident):
    return request_info(
        incident,
        organisation=world.agency,
        text="Which cluster?",
        user=world.officer,
        actor=Actor.of(world.officer, world.agency),
        now=world.now,
    )


def reply(world, question):
    answer(
        question,
        text="The second.",
        user=world.duty,
        actor=Actor.of(world.duty, world.lab),
        now=world.now,
    )


def test_paused_time_does_not_count(world):
    world.watch(world.lab, RESOLVE)
    incident = world.open()
    world.forward(10)
    assert pause(world, world.clock("resolve_by")).due_at is None
    world.forward(600)
    assert world.clock("resolve_by").state == ClockState.PAUSED
    resume(world, world.clock("resolve_by"))
    clock = world.clock("resolve_by")
    assert (clock.state, clock.due_at) == (ClockState.RUNNING, NOW + 660 * MINUTE)
    world.forward(51)
    assert world.kinds(incident, world.lab) == [
        "clock.started",
        "clock.paused",
        "clock.resumed",
        "clock.warned",
        "clock.breached",
    ]


def test_a_pause_needs_a_reason(world):
    world.watch(world.lab, RESOLVE)
    world.open()
    with pytest.raises(BadInput, match="reason"):
        pause(world, world.clock("resolve_by"), reason="  ")
    assert not ClockPause.objects.exists()


def test_a_clock_is_paused_once_and_resumed_once(world):
    world.watch(world.lab, RESOLVE)
    world.open()
    pause(world, world.clock("resolve_by"))
    with pytest.raises(NotPossible, match="paused already"):
        pause(world, world.clock("resolve_by"))
    resume(world, world.clock("resolve_by"))
    with pytest.raises(NotPossible, match="Nobody has paused"):
        resume(world, world.clock("resolve_by"))


def test_what_is_overdue_cannot_be_paused_even_before_a_tick_has_seen_it(world):
    world.watch(world.lab, RESOLVE)
    world.open()
    world.now = NOW + 90 * MINUTE
    with pytest.raises(NotPossible, match="overdue already"):
        pause(world, world.clock("resolve_by"))


def test_what_was_done_while_paused_is_on_time(world):
    world.watch(world.lab, {**RESOLVE, "what": "acknowledge_by"})
    incident = world.open()
    pause(world, world.clock("acknowledge_by"))
    world.forward(600)
    world.acknowledge(incident)
    assert world.clock("acknowledge_by").state == ClockState.MET


def test_what_was_done_while_paused_does_not_go_on(world):
    world.watch(world.lab, {**RESOLVE, "what": "acknowledge_by"})
    incident = world.open()
    pause(world, world.clock("acknowledge_by"))
    world.acknowledge(incident)
    with pytest.raises(NotPossible, match="met already"):
        resume(world, world.clock("acknowledge_by"))
    assert world.clock("acknowledge_by").state == ClockState.MET
    assert world.kinds(incident, world.lab)[-1] == "clock.met"


def test_what_became_overdue_while_paused_stays_overdue(world):
    world.watch(
        world.lab,
        {**RESOLVE, "severity": [3]},
        {"what": "resolve_by", "minutes": 5, "severity": [5]},
    )
    incident = world.open(severity=3)
    world.forward(10)
    pause(world, world.clock("resolve_by"))
    actor = Actor.of(world.duty, world.lab)
    by = {"user": world.duty, "actor": actor, "now": world.now}
    change_severity(incident, severity=5, reason="worse", **by)
    world.run()
    with pytest.raises(NotPossible, match="overdue already"):
        resume(world, world.clock("resolve_by"))
    assert world.kinds(incident, world.lab)[-1] == "clock.breached"


def test_a_clock_stands_while_the_agencys_question_is_open(world):
    world.watch(world.agency, ASKED)
    incident = world.open()
    world.share(incident)
    world.forward(10)
    question = ask(world, incident)
    world.forward(200)
    assert world.clock("resolve_by", world.agency).state == ClockState.PAUSED
    reply(world, question)
    world.run()
    clock = world.clock("resolve_by", world.agency)
    assert (clock.state, clock.due_at) == (ClockState.RUNNING, NOW + 260 * MINUTE)
    assert world.kinds(incident, world.agency) == [
        "clock.started",
        "clock.paused",
        "clock.resumed",
    ]


def test_the_answer_ends_a_pause_also_when_the_target_changed_meanwhile(world):
    more = {"what": "resolve_by", "minutes": 120, "severity": [5]}
    world.watch(world.agency, {**ASKED, "severity": [3]}, more)
    incident = world.open(severity=3)
    world.share(incident)
    question = ask(world, incident)
    world.run()
    by = {"user": world.duty, "actor": Actor.of(world.duty, world.lab)}
    change_severity(incident, severity=5, reason="worse", now=world.now, **by)
    world.forward(10)
    reply(world, question)
    world.run()
    clock = world.clock("resolve_by", world.agency)
    assert (clock.state, clock.due_at) == (ClockState.RUNNING, NOW + 130 * MINUTE)


def test_a_question_counts_to_its_exact_instants_however_late_it_is_seen(world):
    world.watch(world.agency, ASKED)
    incident = world.open()
    world.share(incident)
    world.now = NOW + 10 * MINUTE
    question = ask(world, incident)
    world.now = NOW + 40 * MINUTE
    reply(world, question)
    world.now = NOW + 85 * MINUTE
    world.run()
    clock = world.clock("resolve_by", world.agency)
    assert (clock.state, clock.due_at) == (ClockState.RUNNING, NOW + 90 * MINUTE)


def test_a_clock_that_a_person_paused_stands_also_after_the_answer(world):
    world.watch(world.agency, ASKED)
    incident = world.open()
    world.share(incident)
    question = ask(world, incident)
    world.run()
    clock = world.clock("resolve_by", world.agency)
    actor = Actor.of(world.officer, world.agency)
    pause_clock(clock, reason="away", actor=actor, now=world.now)
    reply(world, question)
    world.run()
    assert world.clock("resolve_by", world.agency).state == ClockState.PAUSED


def test_another_agencys_question_stops_nothing(world):
    world.watch(world.lab, ASKED)
    incident = world.open()
    world.share(incident)
    ask(world, incident)
    world.run()
    assert world.clock("resolve_by").state == ClockState.RUNNING
