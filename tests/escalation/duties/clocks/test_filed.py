"""From the lab's report to the agency's answer: each clock is met by what was done."""

from datetime import timedelta

import pytest

from escalation.duties.looking import ask_to_look
from escalation.filings.receiving import accept
from escalation.loop import fire_due
from escalation.models import AnchorValue, LegalProfile, Notification, StatutoryClock
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents
from incidents.incident.shares import unshare
from tests import factories as make
from tests.escalation.filings.filing_world import NIS2, FilingWorld, make_filing_world

HOUR = timedelta(hours=1)


@pytest.fixture
def filed(db: None) -> FilingWorld:
    """A lab under NIS2 that became aware two hours ago."""
    world = make_filing_world()
    LegalProfile.objects.create(
        organisation=world.lab,
        regimes={NIS2: {}},
        accountable=world.approver,
        changed_at=world.now,
    )
    AnchorValue.objects.create(
        incident=world.incident,
        organisation=world.lab,
        name="aware",
        at=world.now - 2 * HOUR,
        written="two hours ago",
        source="the duty officer",
        created_at=world.now,
    )
    with recording(world.now):
        lock_incidents([world.incident.pk])
        ask_to_look(world.incident.pk, world.lab.pk, world.now)
    run(world)
    return world


def run(world: FilingWorld) -> None:
    while fire_due(world.now):
        pass


def clock(world: FilingWorld, side, stage: str) -> StatutoryClock:
    return StatutoryClock.objects.get(organisation=side, stage=stage)


def test_a_submitted_report_meets_the_labs_clock_and_starts_the_agencys(filed):
    filed.now += HOUR
    filing = filed.submitted()
    run(filed)

    lab = clock(filed, filed.lab, "early_warning")
    agency = clock(filed, filed.agency, "authority_answer")
    assert (lab.state, lab.met_by, lab.met_at) == ("met", filing.ref, filed.now)
    assert (agency.state, agency.due_operational) == (
        "running",
        filed.now + 24 * HOUR,
    )
    assert StatutoryClock.objects.filter(organisation=filed.agency).count() == 1


def test_the_agencys_answer_meets_its_own_clock(filed):
    filing = filed.submitted()
    run(filed)

    filed.now += HOUR
    accept(filed.got(filing), **filed.who(filed.officer))
    run(filed)

    agency = clock(filed, filed.agency, "authority_answer")
    assert (agency.state, agency.met_by) == ("met", filing.ref)


def test_an_agency_that_is_late_hears_of_it_and_the_lab_does_not(filed):
    make.contact(filed.agency, address="desk@naisa.example")
    filed.submitted()
    run(filed)
    before = Notification.objects.count()

    filed.now += 25 * HOUR
    run(filed)

    late = Notification.objects.order_by("pk")[before:]
    of_agency = [row for row in late if row.organisation_id == filed.agency.pk]
    assert [(row.purpose, row.address) for row in of_agency] == [
        ("overdue", "desk@naisa.example")
    ]
    assert "Answer of the CSIRT" not in str(
        [row.message for row in late if row.organisation_id == filed.lab.pk]
    )


def test_an_agency_that_does_not_see_it_any_more_has_no_clock_and_hears_nothing(filed):
    make.contact(filed.agency, address="desk@naisa.example")
    filed.submitted()
    run(filed)
    unshare(
        filed.incident,
        agency=filed.agency,
        reason="by mistake",
        user=None,
        actor=Actor.system(filed.lab),
        now=filed.now,
    )
    told = {"organisation": filed.agency, "purpose": "overdue"}

    filed.now += 25 * HOUR
    run(filed)

    agency = clock(filed, filed.agency, "authority_answer")
    assert (agency.state, agency.state_reason) == ("cancelled", "no longer shared")
    assert not Notification.objects.filter(**told).exists()
