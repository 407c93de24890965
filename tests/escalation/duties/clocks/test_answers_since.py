"""What is answered after a decision that it does not fit."""

import pytest

from escalation.duties.assessment import Answer, give_answer
from escalation.models import Decision, StatutoryClock

LAW = "eu-ai-act-73"


@pytest.fixture
def incident(world):
    world.watch(LAW)
    made = world.open()
    world.note(made, "aware")
    return made


def say(world, incident, question, said="yes", reason="because"):
    give_answer(
        incident,
        Answer(question, said, reason),
        organisation=world.lab,
        author=world.accountable,
        now=world.now,
    )
    world.run()


def running():
    rows = StatutoryClock.objects.filter(is_current=True, state="running")
    return {row.stage: row.is_provisional for row in rows}


def test_limb_that_is_ruled_out_takes_its_clock_away_and_back(world, incident):
    assert set(running()) == {"report", "report_fast", "report_death"}
    say(world, incident, "people_harmed", "no")
    assert set(running()) == {"report", "report_fast"}
    say(world, incident, "people_harmed", "unknown")
    assert set(running()) == {"report", "report_fast", "report_death"}


def test_limb_that_is_met_after_a_yes_brings_its_stage_at_once(world, incident):
    world.decide(incident, LAW, "reportable", ["health"])
    assert running() == {"report": False}
    say(world, incident, "people_harmed")
    say(world, incident, "death")
    assert running() == {"report": False, "report_death": False}


def test_no_does_not_hold_back_a_limb_that_is_met_after_it(world, incident):
    world.decide(incident, LAW, "not_reportable")
    assert running() == {}
    say(world, incident, "fundamental_rights")
    assert running()["report"] is True


def test_no_holds_against_what_the_deciders_had_before_them(world, incident):
    say(world, incident, "fundamental_rights")
    world.decide(incident, LAW, "not_reportable")
    Decision.objects.update(facts={"fundamental_rights": "yes"})
    say(world, incident, "critical_infrastructure", "no")
    assert running() == {}
