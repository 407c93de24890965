"""What becomes of clocks while people work on an incident."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.clocks.pausing import pause_clock, resume_clock
from escalation.loop import fire_due
from escalation.models import Clock, ClockState
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import (
    acknowledge,
    change_severity,
    merge,
    reopen,
    resolve,
)
from incidents.incident.shares import unshare
from incidents.models import Timer
from incidents.triage.outcomes import Decision, decide
from tests import factories as make
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
ACK = {"what": "acknowledge_by", "minutes": 30}
TRIAGE = {"what": "triage_by", "minutes": 60}
UPDATE = {"what": "first_update_by", "minutes": 120}
RESOLVE = {"what": "resolve_by", "minutes": 240}


def resolve_it(world, incident):
    resolve(
        incident,
        reason="over",
        user=world.duty,
        actor=Actor.of(world.duty, world.lab),
        now=world.now,
    )
    world.run()


def set_severity(world, incident, severity):
    change_severity(
        incident,
        severity=severity,
        reason="looks worse",
        user=world.duty,
        actor=Actor.of(world.duty, world.lab),
        now=world.now,
    )
    world.run()


def states(organisation):
    rows = Clock.objects.filter(organisation=organisation).order_by("pk")
    return {row.what: row.state for row in rows}


def test_clocks_start_with_the_incident_and_are_due_by_their_targets(world):
    world.watch(world.lab, ACK, RESOLVE)
    incident = world.open()
    rows = Clock.objects.order_by("what").values_list("what", "started_at", "due_at")
    assert list(rows) == [
        ("acknowledge_by", NOW, NOW + 30 * MINUTE),
        ("resolve_by", NOW, NOW + 240 * MINUTE),
    ]
    assert world.kinds(incident, world.lab) == ["clock.started"] * 2


def test_only_the_targets_of_the_severity_start(world):
    world.watch(world.lab, {**ACK, "severity": [5]}, {**RESOLVE, "severity": [3, 4]})
    world.open(severity=3)
    assert states(world.lab) == {"resolve_by": "running"}


def test_working_time_counts_where_a_calendar_is_named(world):
    make.calendar(world.lab, slug="office", hours={"tue": [["09:00", "17:00"]]})
    world.watch(world.lab, {**ACK, "calendar": "office"})
    world.open()  # on a Monday at 03:00
    due = world.clock("acknowledge_by").due_at
    assert due == NOW + timedelta(days=1, hours=6) + 30 * MINUTE


def test_an_acknowledgement_meets_the_clock_that_waits_for_it(world):
    world.watch(world.lab, ACK, RESOLVE)
    incident = world.open()
    world.forward(10)
    world.acknowledge(incident)
    clock = world.clock("acknowledge_by")
    assert (clock.state, clock.met_at) == (ClockState.MET, NOW + 10 * MINUTE)
    assert world.clock("resolve_by").state == ClockState.RUNNING
    assert world.kinds(incident, world.lab)[-1] == "clock.met"
    assert not Timer.objects.filter(subject_id=clock.pk, kind="clock.breach").exists()


def test_an_acknowledgement_at_the_due_instant_is_on_time(world):
    world.watch(world.lab, ACK)
    incident = world.open()
    world.forward(30)
    assert world.clock("acknowledge_by").state == ClockState.RUNNING
    world.acknowledge(incident)
    assert world.clock("acknowledge_by").state == ClockState.MET


def test_an_acknowledgement_in_time_is_found_by_a_tick_that_comes_late(world):
    world.watch(world.lab, ACK)
    incident = world.open()
    world.now = NOW + 29 * MINUTE
    acknowledge(
        incident,
        organisation=world.lab,
        user=world.duty,
        via="page",
        actor=Actor.of(world.duty, world.lab),
        now=world.now,
    )
    world.now = NOW + 300 * MINUTE
    world.run()
    clock = world.clock("acknowledge_by")
    assert (clock.state, clock.met_at) == (ClockState.MET, NOW + 29 * MINUTE)


def test_what_is_not_done_by_its_due_instant_is_overdue(world):
    world.watch(world.lab, ACK)
    incident = world.open()
    world.forward(31)
    clock = world.clock("acknowledge_by")
    assert (clock.state, clock.breached_at) == (ClockState.BREACHED, NOW + 31 * MINUTE)
    world.forward(9)
    world.acknowledge(incident)
    clock = world.clock("acknowledge_by")
    assert (clock.state, clock.met_at) == (ClockState.BREACHED, NOW + 40 * MINUTE)
    kinds = world.kinds(incident, world.lab)
    assert kinds == ["clock.started", "clock.breached", "clock.met"]


def test_an_agency_has_its_own_clocks_from_the_share_on(world):
    world.watch(world.lab, ACK)
    world.watch(world.agency, ACK, TRIAGE)
    incident = world.open()
    world.forward(20)
    world.share(incident)
    assert world.clock("triage_by", world.agency).due_at == NOW + 80 * MINUTE
    world.acknowledge(incident, world.officer)
    assert states(world.agency) == {"acknowledge_by": "met", "triage_by": "running"}
    assert states(world.lab) == {"acknowledge_by": "running"}
    assert world.kinds(incident, world.agency) == [
        "clock.started",
        "clock.started",
        "clock.met",
    ]


def test_a_decision_meets_triage_and_an_aside_ends_the_rest(world):
    world.watch(world.agency, TRIAGE, RESOLVE)
    incident = world.open()
    world.share(incident)
    other = make.agency("bureau")
    decide(
        incident,
        organisation=world.agency,
        decision=Decision("not_ours", "Theirs.", referred_to=other),
        user=world.officer,
        actor=Actor.of(world.officer, world.agency),
        now=world.now,
    )
    world.run()
    assert states(world.agency) == {"triage_by": "met", "resolve_by": "cancelled"}


def test_only_an_update_that_the_other_side_sees_counts(world):
    world.watch(world.lab, UPDATE)
    incident = world.open()
    world.share(incident)
    world.comment(incident, world.duty, is_shared=False)
    world.comment(incident, world.officer, is_shared=True)
    assert states(world.lab) == {"first_update_by": "running"}
    world.comment(incident, world.duty, is_shared=True)
    assert states(world.lab) == {"first_update_by": "met"}


def test_a_clock_on_the_other_side_waits_for_their_act(world):
    world.watch(world.agency, {**UPDATE, "side": "other"})
    incident = world.open()
    world.share(incident)
    world.comment(incident, world.officer, is_shared=True)
    assert states(world.agency) == {"first_update_by": "running"}
    world.comment(incident, world.duty, is_shared=True)
    assert states(world.agency) == {"first_update_by": "met"}


def test_resolving_meets_what_waits_for_it_and_ends_the_rest(world):
    world.watch(world.lab, ACK, UPDATE, RESOLVE)
    incident = world.open()
    world.forward(5)
    resolve_it(world, incident)
    assert states(world.lab) == {
        "acknowledge_by": "cancelled",
        "first_update_by": "met",
        "resolve_by": "met",
    }
    clock = world.clock("acknowledge_by")
    assert (clock.ended_at, clock.state_reason) == (NOW + 5 * MINUTE, "resolved")


def test_a_reopened_incident_has_new_clocks(world):
    world.watch(world.lab, RESOLVE)
    incident = world.open()
    world.forward(5)
    resolve_it(world, incident)
    world.forward(5)
    reopen(
        incident,
        reason="again",
        user=world.duty,
        actor=Actor.of(world.duty, world.lab),
        now=world.now,
    )
    world.run()
    found = Clock.objects.order_by("pk").values_list(
        "state", "started_at", "is_current"
    )
    assert list(found) == [
        ("met", NOW, False),
        ("running", NOW + 10 * MINUTE, True),
    ]


def test_an_overdue_clock_ends_with_its_incident_and_never_comes_back(world):
    world.watch(world.lab, ACK)
    incident = world.open()
    world.forward(40)
    resolve_it(world, incident)
    resolved_at = world.now
    world.forward(5)
    actor = Actor.of(world.duty, world.lab)
    reopen(incident, reason="again", user=world.duty, actor=actor, now=world.now)
    world.run()
    world.forward(5)
    world.acknowledge(incident)
    found = Clock.objects.order_by("pk").values_list("state", "ended_at", "is_current")
    assert list(found) == [
        ("breached", resolved_at, False),
        ("met", NOW + 50 * MINUTE, True),
    ]
    assert not Timer.objects.filter(attempts__gt=0).exists()


def test_what_was_resolved_and_reopened_between_two_looks_was_resolved(world):
    world.watch(world.lab, RESOLVE)
    incident = world.open()
    world.now = NOW + 5 * MINUTE
    actor = Actor.of(world.duty, world.lab)
    resolve(incident, reason="over", user=world.duty, actor=actor, now=world.now)
    world.now += MINUTE
    reopen(incident, reason="again", user=world.duty, actor=actor, now=world.now)
    world.run()
    found = Clock.objects.order_by("pk").values_list("state", "is_current")
    assert list(found) == [("met", False), ("running", True)]


def test_unsharing_ends_the_agencys_clocks_and_a_new_share_starts_new_ones(world):
    world.watch(world.agency, TRIAGE)
    incident = world.open()
    world.share(incident)
    unshare(
        incident,
        agency=world.agency,
        reason="by mistake",
        user=None,
        actor=Actor.system(world.lab),
        now=world.now,
    )
    world.run()
    assert states(world.agency) == {"triage_by": "cancelled"}
    world.forward(10)
    world.share(incident)
    clock = world.clock("triage_by", world.agency)
    assert (clock.state, clock.started_at) == (ClockState.RUNNING, NOW + 10 * MINUTE)


def test_a_merged_incident_is_no_longer_watched(world):
    world.watch(world.lab, ACK)
    incident, other = world.open(), world.open()
    merge(
        incident,
        into=other,
        reason="the same",
        user=world.duty,
        actor=Actor.of(world.duty, world.lab),
        now=world.now,
    )
    world.run()
    found = Clock.objects.order_by("pk").values_list("incident", "state")
    assert list(found) == [(incident.pk, "cancelled"), (other.pk, "running")]


def test_another_severity_moves_the_due_instant_from_the_same_start(world):
    world.watch(
        world.lab,
        {**ACK, "severity": [3]},
        {"what": "acknowledge_by", "minutes": 15, "severity": [5]},
    )
    incident = world.open(severity=3)
    world.forward(5)
    set_severity(world, incident, 5)
    clock = world.clock("acknowledge_by")
    assert (clock.due_at, clock.severity) == (NOW + 15 * MINUTE, 5)
    assert world.kinds(incident, world.lab) == ["clock.started", "clock.moved"]
    world.forward(11)
    assert world.clock("acknowledge_by").state == ClockState.BREACHED


def test_a_severity_without_a_target_ends_a_clock_and_one_with_starts_it_now(world):
    world.watch(world.lab, {**ACK, "severity": [4]}, {**RESOLVE, "severity": [2]})
    incident = world.open(severity=4)
    world.forward(5)
    set_severity(world, incident, 2)
    assert states(world.lab) == {"acknowledge_by": "cancelled", "resolve_by": "running"}
    assert world.clock("resolve_by").started_at == NOW + 5 * MINUTE


def test_a_clock_that_its_severity_ended_comes_back_from_the_same_start(world):
    world.watch(world.lab, {**ACK, "severity": [4, 5]})
    incident = world.open(severity=4)
    world.forward(5)
    set_severity(world, incident, 2)
    world.forward(5)
    set_severity(world, incident, 5)
    clock = world.clock("acknowledge_by")
    assert (clock.started_at, clock.due_at) == (NOW, NOW + 30 * MINUTE)
    assert world.kinds(incident, world.lab) == [
        "clock.started",
        "clock.cancelled",
        "clock.started",
    ]
    world.forward(21)
    assert world.clock("acknowledge_by").state == ClockState.BREACHED


def test_a_clock_that_comes_back_keeps_its_pauses(world):
    world.watch(world.lab, {**ACK, "severity": [4]}, {**RESOLVE, "severity": [4]})
    incident = world.open(severity=4)
    by = {"actor": Actor.of(world.duty, world.lab)}
    pause_clock(world.clock("acknowledge_by"), reason="vendor", now=world.now, **by)
    pause_clock(world.clock("resolve_by"), reason="night", now=world.now, **by)
    world.forward(10)
    resume_clock(world.clock("resolve_by"), reason="day", now=world.now, **by)
    set_severity(world, incident, 2)
    set_severity(world, incident, 4)
    stands, runs = world.clock("acknowledge_by"), world.clock("resolve_by")
    assert (stands.state, stands.due_at) == (ClockState.PAUSED, None)
    assert (runs.state, runs.due_at) == (ClockState.RUNNING, NOW + 250 * MINUTE)
    entries = [
        e for e in timeline(incident, [world.lab.pk]) if e.kind == "clock.paused"
    ]
    assert [e.data["reason"] for e in entries] == ["vendor", "night", "vendor"]
    resume_clock(stands, reason="here", now=world.now, **by)
    assert world.clock("acknowledge_by").due_at == NOW + 40 * MINUTE


def test_a_clock_that_was_shared_anew_does_not_come_back_from_before(world):
    world.watch(world.agency, {**ACK, "severity": [4]})
    incident = world.open(severity=4)
    world.share(incident)
    set_severity(world, incident, 2)
    world.forward(5)
    unshare(
        incident,
        agency=world.agency,
        reason="by mistake",
        user=None,
        actor=Actor.system(world.lab),
        now=world.now,
    )
    world.run()
    world.forward(5)
    set_severity(world, incident, 4)
    world.share(incident)
    assert world.clock("acknowledge_by", world.agency).started_at == NOW + 10 * MINUTE


def test_what_was_done_before_is_not_asked_for_again_at_another_severity(world):
    world.watch(world.lab, {**ACK, "severity": [4]})
    incident = world.open(severity=2)
    world.acknowledge(incident)
    set_severity(world, incident, 4)
    assert states(world.lab) == {}


def test_breaches_of_three_incidents_cost_as_many_statements_as_of_one(world):
    world.watch(world.lab, ACK, RESOLVE)
    world.open()
    with CaptureQueriesContext(connection) as one:
        fire_due(NOW + 31 * MINUTE)
    for _ in range(3):
        world.open()
    with CaptureQueriesContext(connection) as three:
        assert fire_due(NOW + 31 * MINUTE) >= 3
    assert len(three) <= len(one)


@pytest.mark.parametrize("times", [1, 3])
def test_looking_again_records_nothing_new(world, times):
    world.watch(world.lab, ACK)
    incident = world.open()
    world.forward(31)
    before = world.kinds(incident, world.lab)
    for _ in range(times):
        Timer.objects.create(
            kind="clock.look",
            subject_id=incident.pk,
            incident=incident,
            organisation=world.lab,
            due_at=world.now,
        )
        world.run()
    assert world.kinds(incident, world.lab) == before
