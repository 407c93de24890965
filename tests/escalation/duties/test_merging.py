from datetime import timedelta

import pytest

from escalation.duties.decisions import Judgement, confirm, decide
from escalation.duties.time_record import anchors_for
from escalation.lawbook.registry import regimes_of
from escalation.models import (
    AnchorValue,
    AssessmentAnswer,
    LegalProfile,
    StatutoryClock,
)
from escalation.regimes.answers import questions_of
from escalation.regimes.questions import shipped_questions
from incidents.events.actor import Actor
from incidents.incident.lifecycle import merge
from tests.escalation.duties.duty_world import HOUR, NIS2, make_duty_world
from tests.factories import NOW

AI_ACT = "eu-ai-act-73"


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


def decide_by_two(world, incident, verdict, *, regime=NIS2, **more):
    judgement = Judgement(regime, verdict, "as counsel says", **more)
    made = decide(
        incident, judgement, organisation=world.lab, author=world.duty, now=NOW - HOUR
    )
    confirm(made, by=world.approver, now=NOW - HOUR)
    world.run()


def clock_of(incident):
    return StatutoryClock.objects.get(
        incident=incident, stage="early_warning", regime_id=NIS2
    )


def test_a_yes_of_the_merged_incident_puts_a_no_of_the_other_in_doubt(world):
    one, other = (world.incident(aware_at=NOW - HOUR) for _ in range(2))
    later = (NOW + timedelta(days=9)).date()
    decide_by_two(world, one, "reportable", limbs=["significant_incident"])
    decide_by_two(world, other, "not_reportable", review_on=later)
    before = clock_of(other).state

    merge_them(world, one, other)
    doubted = clock_of(other)
    again = decide(
        other,
        Judgement(NIS2, "not_reportable", "both looked at", review_on=later),
        organisation=world.lab,
        author=world.duty,
        now=NOW + HOUR,
    )
    confirm(again, by=world.approver, now=NOW + HOUR)
    world.run(NOW + HOUR)

    assert (before, doubted.state) == ("cancelled", "running")
    assert doubted.is_provisional
    assert clock_of(other).state == "cancelled"


def test_a_yes_of_the_merged_incident_opens_what_answers_had_ruled_out(world):
    LegalProfile.objects.update(regimes={AI_ACT: {}})
    one, other = (world.incident(aware_at=NOW - HOUR) for _ in range(2))
    decide_by_two(world, one, "reportable", regime=AI_ACT, limbs=["health"])
    regime = regimes_of(world.lab.pk)[AI_ACT].regime
    for key in questions_of(regime, shipped_questions()):
        AssessmentAnswer.objects.create(
            incident=other,
            organisation=world.lab,
            question=key,
            said="no",
            reason="x",
            author=world.duty,
            answered_at=NOW,
        )
    world.note(other, NOW - 2 * HOUR)
    world.run()
    open_ones = StatutoryClock.objects.filter(incident=other, ended_at=None)
    before = open_ones.count()

    merge_them(world, one, other)

    assert before == 0
    assert list(open_ones.values_list("stage", flat=True)) == ["report"]


@pytest.mark.parametrize("is_shared", [True, False])
def test_an_agencys_duty_goes_on_where_its_record_does(world, is_shared):
    one, other = world.incident(), world.incident()
    world.share(one)
    report(world, one, world.agency)
    if is_shared:
        world.share(other)
    world.run()
    [clock] = StatutoryClock.objects.filter(incident=one, organisation=world.agency)

    merge_them(world, one, other)

    clock.refresh_from_db()
    assert clock.is_open is not is_shared
    followed = StatutoryClock.objects.filter(
        incident=other, organisation=world.agency, ended_at=None
    )
    assert followed.count() == int(is_shared)
