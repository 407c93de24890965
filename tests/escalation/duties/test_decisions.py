from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from escalation.duties.decisions import (
    Judgement,
    confirm,
    decide,
    standing_decisions,
    standing_decisions_of_many,
)
from escalation.models import AssessmentAnswer, Decision, Notification
from incidents.errors import BadInput, NotPossible
from incidents.events.feed import timeline
from incidents.models import Timer
from tests import factories as make
from tests.escalation.duties.duty_world import DORA, NIS2, make_duty_world, utc
from tests.factories import NOW

LATER = date(2026, 12, 24)
YES = Judgement(DORA, "reportable", "two criteria", limbs=["major_incident"])
NO = Judgement(DORA, "not_reportable", "no client noticed", review_on=LATER)


@pytest.fixture
def world(db):
    return make_duty_world()


def decided(world, judgement=YES, *, incident=None, author=None):
    return decide(
        incident or world.incident(),
        judgement,
        organisation=world.lab,
        author=author or world.duty,
        now=NOW,
    )


def test_verdict_keeps_the_text_it_went_by_and_the_answers_it_relied_on(world):
    incident = world.incident()
    AssessmentAnswer.objects.create(
        incident=incident,
        organisation=world.lab,
        question="clients",
        said="no",
        author=world.staff,
        answered_at=NOW,
    )
    decision = decided(world, NO, incident=incident)
    assert len(decision.regime_digest) == 64
    [entry] = [e for e in timeline(incident, [world.lab.pk]) if "decision" in e.kind]
    assert (entry.kind, entry.data) == (
        "decision.not_reportable",
        {
            "decision": decision.pk,
            "regime": DORA,
            "digest": decision.regime_digest,
            "limbs": [],
            "answers": {"clients": "no"},
            "reason": "no client noticed",
            "review_on": "2026-12-24",
        },
    )
    assert world.looked_at() == [(incident.pk, world.lab.pk)]


def test_another_person_confirms(world):
    decision = decided(world)
    confirmed = confirm(decision, by=world.approver, now=NOW)
    assert (confirmed.confirmed_by, confirmed.confirmed_at) == (world.approver, NOW)
    kinds = world.kinds(decision.incident, world.lab, "decision.")
    assert kinds == ["decision.reportable", "decision.confirmed"]
    assert len(world.looked_at()) == 2


def test_nobody_confirms_what_they_decided_themselves(world):
    decision = decided(world, author=world.approver)
    with pytest.raises(NotPossible, match="Another person") as caught:
        confirm(decision, by=world.approver, now=NOW)
    assert caught.value.state == {
        "regime": DORA,
        "verdict": "reportable",
        "is_current": True,
        "is_confirmed": False,
    }


def test_decision_is_confirmed_once(world):
    decision = decided(world)
    confirm(decision, by=world.approver, now=NOW)
    with pytest.raises(NotPossible, match="confirmed already"):
        confirm(decision, by=world.approver, now=NOW)


def test_former_decision_and_an_open_one_are_not_confirmed(world):
    incident = world.incident()
    former = decided(world, incident=incident)
    open_one = decided(world, Judgement(DORA, "undecided", "x"), incident=incident)
    with pytest.raises(NotPossible, match="later decision"):
        confirm(former, by=world.approver, now=NOW)
    with pytest.raises(NotPossible, match="Nothing is decided"):
        confirm(open_one, by=world.approver, now=NOW)


def test_what_two_decided_is_taken_back_by_two(world):
    former = decided(world)
    confirm(former, by=world.approver, now=NOW)
    back = Judgement(DORA, "undecided", "x")
    open_one = decided(world, back, incident=former.incident)
    assert confirm(open_one, by=world.approver, now=NOW).confirmed_by == world.approver


def test_later_decision_stands_unconfirmed_and_the_former_stays(world):
    incident = world.incident()
    former = decided(world, incident=incident)
    confirm(former, by=world.approver, now=NOW)
    later = decided(world, NO, incident=incident)
    standing = standing_decisions(incident.pk, world.lab.pk)
    assert standing == {DORA: later}
    assert standing[DORA].confirmed_at is None
    former.refresh_from_db()
    assert (former.is_current, former.confirmed_by) == (False, world.approver)


def test_the_same_verdict_sent_twice_is_one(world):
    incident = world.incident()
    first = decided(world, incident=incident)
    assert decided(world, incident=incident) == first
    assert decided(world, incident=incident, author=world.approver) != first
    assert Decision.objects.count() == 2


def test_decisions_under_two_laws_stand_beside_each_other(world):
    incident = world.incident()
    first = decided(world, incident=incident)
    other = decided(world, Judgement(NIS2, "undecided", "x"), incident=incident)
    assert standing_decisions(incident.pk, world.lab.pk) == {DORA: first, NIS2: other}
    assert standing_decisions(incident.pk, world.agency.pk) == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"regime_id": "meridian-own"}, "regime"),
        ({"verdict": "maybe"}, "verdict"),
        ({"reason": " "}, "reason"),
        ({"limbs": []}, "limbs"),
        ({"limbs": ["invented"]}, "limbs"),
        ({"verdict": "not_reportable", "review_on": LATER}, "limbs"),
        ({"verdict": "not_reportable", "limbs": []}, "review_on"),
        ({"review_on": NOW.date()}, "review_on"),
    ],
)
def test_what_cannot_be_decided_names_its_field(world, change, field):
    values = {
        "regime_id": DORA,
        "verdict": "reportable",
        "reason": "x",
        "limbs": ["major_incident"],
        **change,
    }
    with pytest.raises(BadInput) as caught:
        decided(world, Judgement(**values))
    assert caught.value.field == field
    assert not Decision.objects.exists()


def test_review_comes_back_in_the_morning_of_its_day(world):
    decision = decided(world, NO)
    timer = Timer.objects.get(kind="duties.review")
    # Eight o'clock in Brussels.
    assert (timer.subject_id, timer.due_at) == (decision.pk, utc("2026-12-24T07:00"))


def test_review_tells_who_decided_and_who_answers_for_it(world):
    make.contact(world.lab, world.duty)
    make.contact(world.lab, world.approver)
    world.lab.legal_profile.accountable = world.approver
    world.lab.legal_profile.save(update_fields=["accountable"])
    decision = decided(world, NO)
    world.run(utc("2026-12-24T07:00"))
    told = Notification.objects.filter(dedup_key__startswith="review:").order_by("pk")
    assert [row.address for row in told] == [
        "duty@aurora.example",
        "approver@aurora.example",
    ]
    law = "Digital Operational Resilience Act, Article 19"
    why = f"The decision under {law} is to be looked at again today."
    assert told[0].message["data"]["why"] == why
    kinds = world.kinds(decision.incident, world.lab, "decision.")
    assert [kind for kind in kinds if kind != "decision.asked"] == [
        "decision.not_reportable",
        "decision.review_due",
    ]


def test_review_of_what_was_decided_anew_tells_nobody(world):
    make.contact(world.lab, world.duty)
    decision = decided(world, NO)
    decided(world, incident=decision.incident)
    world.run(utc("2026-12-24T07:00"))
    assert not Notification.objects.filter(purpose="decision").exists()


def test_review_of_what_clocks_still_go_by_comes_although_somebody_decided_anew(world):
    make.contact(world.lab, world.duty)
    decision = confirm(decided(world, NO), by=world.approver, now=NOW)
    anew = decided(world, incident=decision.incident)
    world.run(utc("2026-12-24T07:00"))
    told = Notification.objects.filter(dedup_key__startswith="review:")
    assert [row.dedup_key.split(":")[1] for row in told] == [str(decision.pk)]

    confirm(anew, by=world.approver, now=NOW)
    Timer.objects.create(
        kind="duties.review",
        subject_id=decision.pk,
        organisation=world.lab,
        incident=decision.incident,
        due_at=utc("2026-12-24T07:00"),
    )
    world.run(utc("2026-12-24T08:00"))
    kinds = world.kinds(decision.incident, world.lab, "decision.review_due")
    assert len(kinds) == 1


def test_decisions_of_many_take_one_statement(world):
    made = [decided(world) for _ in range(3)]
    with CaptureQueriesContext(connection) as queries:
        found = standing_decisions_of_many([one.incident_id for one in made])
        assert {d[DORA].decided_by.email for d in found.values()} == {world.duty.email}
    assert len(queries) == 1
    assert len(found) == 3


def test_the_database_refuses_one_person_for_both(world):
    decision = decided(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(
            confirmed_by=world.duty, confirmed_at=NOW + timedelta(hours=1)
        )
