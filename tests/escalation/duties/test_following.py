import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.duties.following import ask_to_keep, follow, keep_records
from escalation.duties.instants import withdraw_anchor
from escalation.lawbook.models import LegalProfile
from escalation.loop import fire_due
from escalation.models import AnchorValue, StatutoryClock
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import acknowledge, reopen, resolve
from incidents.incident.shares import unshare
from incidents.intake.sources import create_source
from incidents.models import AcknowledgedVia, Pending, Timer
from tests import factories as make
from tests.escalation.duties.duty_world import HOUR, NIS2, make_duty_world
from tests.factories import NOW


@pytest.fixture
def world(db):
    return make_duty_world()


def keep(now=NOW):
    """Let what waits be noted, and nothing else happen."""
    while follow(now):
        pass
    timers = Timer.objects.filter(kind="duties.record")
    with recording(now):
        keep_records(list(timers), now)
    timers.delete()


def noted(organisation):
    rows = AnchorValue.objects.filter(organisation=organisation).order_by("pk")
    return list(rows.values_list("name", "at", "source"))


def by(user, organisation, now=NOW):
    return {"user": user, "actor": Actor.of(user, organisation), "now": now}


def test_instants_of_a_report_are_the_first_candidates(world):
    incident = world.incident(
        occurred_at=NOW - 3 * HOUR, detected_at=NOW - 2 * HOUR, aware_at=NOW - HOUR
    )
    keep()
    assert noted(world.lab) == [
        ("occurred", NOW - 3 * HOUR, "report"),
        ("discovered", NOW - 2 * HOUR, "report"),
        ("aware", NOW - HOUR, "report"),
    ]
    assert world.looked_at() == [(incident.pk, world.lab.pk)]
    assert world.kinds(incident, world.lab, "anchor.") == ["anchor.noted"] * 3


def test_what_was_reported_is_noted_although_somebody_was_quicker(world):
    incident = world.incident(aware_at=NOW - HOUR)
    world.note(incident, NOW)
    keep()
    assert noted(world.lab) == [
        ("aware", NOW, "the log"),
        ("aware", NOW - HOUR, "report"),
    ]


def test_nothing_is_assumed_of_what_somebody_said(world):
    incident = world.incident(reported_by=world.staff)
    world.note(incident, NOW - HOUR)
    keep()
    assert noted(world.lab) == [("aware", NOW - HOUR, "the log")]


def test_whoever_files_without_saying_when_is_aware_by_then(world):
    world.incident(reported_by=world.staff)
    keep()
    assert noted(world.lab) == [("aware", NOW, "report")]


def test_incident_of_a_tool_makes_aware_when_somebody_takes_it(world):
    source = make_source(world.lab)
    incident = world.incident(source_id=source.pk, group_key="g")
    keep()
    assert noted(world.lab) == []
    acknowledge(
        incident,
        organisation=world.lab,
        via=AcknowledgedVia.PAGE,
        **by(world.duty, world.lab, NOW + HOUR),
    )
    keep(NOW + HOUR)
    assert noted(world.lab) == [("aware", NOW + HOUR, "acknowledgement")]


def test_each_resolution_and_reopening_is_noted(world):
    incident = world.incident(aware_at=NOW)
    for hours, change in enumerate((resolve, reopen, resolve), start=1):
        at = NOW + hours * HOUR
        change(incident, reason="x", **by(world.duty, world.lab, at))
        keep(at)
    assert noted(world.lab) == [
        ("aware", NOW, "report"),
        ("resolved", NOW + HOUR, "record of the incident"),
        ("reopened", NOW + 2 * HOUR, "record of the incident"),
        ("resolved", NOW + 3 * HOUR, "record of the incident"),
    ]


def test_looking_again_notes_nothing_twice(world):
    world.incident(aware_at=NOW - HOUR)
    keep()
    incident = world.incident(aware_at=NOW)
    keep()
    ask_to_keep([(incident.pk, world.lab.pk)], NOW)
    keep()
    assert len(noted(world.lab)) == 2


def test_what_somebody_withdrew_does_not_come_back(world):
    incident = world.incident(aware_at=NOW - HOUR)
    keep()
    value = AnchorValue.objects.get()
    withdraw_anchor(value, reason="wrong", author=world.duty, now=NOW)
    resolve(incident, reason="x", **by(world.duty, world.lab))
    keep()
    assert [name for name, *_ in noted(world.lab)] == ["aware", "resolved"]


def test_incident_of_an_organisation_under_no_law_is_left_alone(world):
    other = make.lab("meridian")
    make.incident(other, aware_at=NOW)
    assert follow(NOW) == 1
    assert not Timer.objects.filter(kind="duties.record").exists()
    assert not Pending.objects.filter(consumer="duties").exists()


def test_incident_from_before_the_profile_is_noted_when_somebody_asks(world):
    LegalProfile.objects.update(regimes={})
    incident = world.incident(aware_at=NOW)
    keep()
    assert noted(world.lab) == []
    LegalProfile.objects.update(regimes={"eu-dora-19": {}})
    ask_to_keep([(incident.pk, world.lab.pk)], NOW)
    keep()
    assert noted(world.lab) == [("aware", NOW, "report")]


def test_place_without_a_record_is_looked_at_when_somebody_asks(world):
    LegalProfile.objects.update(regimes={})
    incident = world.incident()
    ask_to_keep([(incident.pk, world.lab.pk)], NOW)
    keep()
    assert world.looked_at() == [(incident.pk, world.lab.pk)]


def test_agency_with_a_record_of_its_own_gets_what_happened_while_it_sees_it(world):
    incident = world.incident(aware_at=NOW)
    world.share(incident)
    world.note(
        incident,
        NOW,
        organisation=world.agency,
        name="authority_request",
        author=world.officer,
    )
    resolve(incident, reason="x", **by(world.duty, world.lab))
    keep()
    assert [name for name, *_ in noted(world.agency)] == [
        "authority_request",
        "resolved",
    ]
    looked = set(world.looked_at())
    assert {(incident.pk, world.lab.pk), (incident.pk, world.agency.pk)} <= looked


def test_clock_of_an_agency_ends_with_its_share_and_resumes_with_the_next(world):
    incident = world.incident(aware_at=NOW)
    world.share(incident)
    world.note(
        incident,
        NOW,
        organisation=world.agency,
        name="submitted:early_warning",
        regime_id=NIS2,
        author=world.officer,
    )
    world.run()
    clocks = StatutoryClock.objects.filter(organisation=world.agency)
    assert clocks.get().state == "running"
    unshare(
        incident,
        agency=world.agency,
        reason="by mistake",
        **by(world.duty, world.lab),
    )
    world.run()
    assert clocks.get().state == "cancelled"
    world.share(incident)
    world.run()
    assert clocks.get().state == "running"


def test_the_loop_notes_by_itself(world):
    incident = world.incident(aware_at=NOW)
    while follow(NOW) + fire_due(NOW):
        pass
    assert noted(world.lab) == [("aware", NOW, "report")]
    assert world.kinds(incident, world.lab, "anchor.") == ["anchor.noted"]


def test_three_incidents_take_as_many_statements_as_one(world):
    def statements(count):
        for _ in range(count):
            world.incident(aware_at=NOW, occurred_at=NOW)
        with CaptureQueriesContext(connection) as followed:
            follow(NOW)
        timers = list(Timer.objects.filter(kind="duties.record"))
        Timer.objects.all().delete()
        with CaptureQueriesContext(connection) as kept, recording(NOW):
            keep_records(timers, NOW)
        return len(followed), len(kept)

    statements(1)
    assert statements(3) == statements(1)
    assert len(noted(world.lab)) == 10


def make_source(organisation):

    source, _ = create_source(
        organisation,
        tool="generic",
        slug="x",
        name="x",
        actor=Actor.system(organisation),
        now=NOW,
    )
    return source
