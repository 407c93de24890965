from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from escalation.duties.assessment import Answer, assessment_of, give_answer
from escalation.duties.overdue import overdue_since
from escalation.duties.wanted import wanted_clocks
from escalation.lawbook.profiles import place_of
from escalation.models import DueDate, Notification, StatutoryClock
from incidents.events.actor import Actor
from incidents.incident.shares import share
from incidents.models import Timer

HOUR = timedelta(hours=1)
NIS2 = "eu-nis2-23"


def test_a_law_that_is_watched_runs_to_be_safe_from_the_instant_it_counts_from(
    world,
):
    world.watch(NIS2)
    incident = world.open()
    aware = world.now - 2 * HOUR

    world.note(incident, "aware", aware)

    clock = world.clock("early_warning")
    assert clock.state == "running"
    assert clock.is_provisional
    assert clock.due_operational == aware + 24 * HOUR
    assert clock.due_statutory_latest >= clock.due_operational
    assert (clock.anchor, clock.counted_from) == ("aware", aware)
    assert clock.citation == "Article 23(4)(a)"
    assert world.clock("notification").due_operational == aware + 72 * HOUR


def test_without_an_instant_it_waits_and_says_for_which(world):
    world.watch(NIS2)
    incident = world.open()

    world.look(incident)

    clock = world.clock("early_warning")
    assert (clock.state, clock.waiting_for) == ("waiting", ["aware"])
    assert clock.due_operational is None
    assert not DueDate.objects.exists()
    assert not Notification.objects.exists()


def test_looking_twice_writes_nothing(world):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    before = (
        list(StatutoryClock.objects.order_by("pk").values()),
        DueDate.objects.count(),
        Notification.objects.count(),
        world.kinds(incident),
        list(Timer.objects.order_by("pk").values_list("kind", "subject_id", "due_at")),
    )

    world.look(incident)

    assert before == (
        list(StatutoryClock.objects.order_by("pk").values()),
        DueDate.objects.count(),
        Notification.objects.count(),
        world.kinds(incident),
        list(Timer.objects.order_by("pk").values_list("kind", "subject_id", "due_at")),
    )


def test_an_earlier_instant_moves_the_date_and_the_history_keeps_both(
    world,
):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    first = world.clock("early_warning").due_operational

    world.note(incident, "aware", world.now - HOUR)

    clock = world.clock("early_warning")
    dates = list(clock.due_dates.values_list("due_operational", "reason"))
    assert dates == [
        (first, "counted from aware"),
        (first - HOUR, "another instant of aware counts"),
    ]
    assert clock.moves == 1
    assert "clock.moved" in world.kinds(incident)


def test_a_report_meets_its_clock_and_starts_those_that_count_from_it(
    world,
):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    world.forward(hours=10)

    world.submit(incident, NIS2, "notification", source="FIL-7")

    clock = world.clock("notification")
    assert (clock.state, clock.met_by, clock.met_at) == ("met", "FIL-7", world.now)
    assert clock.ended_at == world.now
    assert world.clock("final").state == "running"
    assert world.kinds(incident).count("clock.met") == 1


def test_a_report_exactly_at_the_due_instant_is_in_time(world):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    due = world.clock("early_warning").due_operational

    world.now = due
    world.submit(incident, NIS2, "early_warning")

    assert "clock.breached" not in world.kinds(incident)


def test_a_report_the_least_bit_later_is_late_and_says_by_how_much(world):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    due = world.clock("early_warning").due_operational

    world.now = overdue_since(due) + timedelta(minutes=21)
    world.submit(incident, NIS2, "early_warning")

    kinds = world.kinds(incident)
    assert kinds.index("clock.breached") < kinds.index("clock.met")
    assert kinds.count("clock.breached") == 1


def test_a_later_version_of_a_report_does_not_move_the_clock(world):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    world.submit(incident, NIS2, "notification", source="FIL-1")
    final = world.clock("final").due_operational
    world.forward(hours=5)

    world.submit(incident, NIS2, "notification", source="FIL-2")

    assert world.clock("notification").met_by == "FIL-1"
    assert world.clock("final").due_operational == final


def test_a_confirmed_no_cancels_and_a_later_yes_takes_up_again(world):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")

    world.decide(incident, NIS2, "not_reportable")
    cancelled = world.clock("early_warning")
    world.decide(incident, NIS2, "reportable", ["significant_incident"])
    resumed = world.clock("early_warning")

    assert cancelled.state == "cancelled"
    assert cancelled.state_reason == "decided: not reportable"
    assert cancelled.ended_at is not None
    assert (resumed.pk, resumed.state) == (cancelled.pk, "running")
    assert not resumed.is_provisional
    assert resumed.ended_at is None


def test_a_no_that_nobody_has_confirmed_changes_nothing(world):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")

    world.decide(incident, NIS2, "not_reportable", is_confirmed=False)

    assert world.clock("early_warning").state == "running"
    assert world.clock("early_warning").is_provisional


@pytest.mark.parametrize("verdict", ["not_reportable", "undecided"])
def test_nobody_undoes_alone_what_two_people_decided(world, verdict):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    world.decide(incident, NIS2, "reportable", ["significant_incident"])

    world.decide(incident, NIS2, verdict, is_confirmed=False)

    assert world.clock("early_warning").state == "running"
    assert not world.clock("early_warning").is_provisional


def test_answers_of_one_person_do_not_cancel_what_two_people_decided(world):
    law = "eu-ai-act-73"
    world.watch(law)
    incident = world.open()
    world.note(incident, "aware")
    world.decide(incident, law, "reportable", ["health"])
    world.decide(incident, law, "undecided", is_confirmed=False)

    # One after another: a no settles others that are then not asked.
    while left := assessment_of(incident, world.lab.pk).open:
        give_answer(
            incident,
            Answer(left[0].question.key, "no", "because"),
            organisation=world.lab,
            author=world.accountable,
            now=world.now,
        )
    world.run()

    [proposed] = assessment_of(incident, world.lab.pk).proposals
    assert proposed.proposal == "not_reportable"
    clock = world.clock("report")
    assert (clock.state, clock.is_provisional) == ("running", False)


def test_what_two_people_left_open_counts_as_undecided(world):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    world.decide(incident, NIS2, "reportable", ["significant_incident"])

    world.decide(incident, NIS2, "undecided")

    assert world.clock("early_warning").is_provisional


def test_a_report_that_is_due_again_has_a_clock_for_each_round(world):
    regime = "eu-gpai-cop-9"
    world.watch(regime)
    incident = world.open()
    world.note(incident, "model_involvement_aware")
    world.submit(incident, regime, "initial_serious_harm")
    first = world.clock("intermediate")
    world.forward(days=20)

    world.submit(incident, regime, "intermediate", source="FIL-2")

    first.refresh_from_db()
    second = world.clock("intermediate", is_current=True)
    assert (first.round, first.state, first.is_current) == (1, "met", False)
    assert (second.round, second.state) == (2, "running")
    assert second.due_operational - first.due_operational == timedelta(days=20)


def test_the_law_ends_what_recurs_once_it_is_resolved_and_a_reopening_resumes(
    world,
):
    regime = "eu-gpai-cop-9"
    world.watch(regime)
    incident = world.open()
    world.note(incident, "model_involvement_aware")
    world.submit(incident, regime, "initial_serious_harm")
    world.forward(days=1)

    world.note(incident, "resolved")
    ended = world.clock("intermediate")
    world.forward(days=1)
    world.note(incident, "reopened")

    assert ended.state == "cancelled"
    assert ended.state_reason == "the law asks for it no more: resolved"
    assert world.clock("intermediate").state == "running"


def test_a_law_that_is_not_watched_any_more_ends_its_clocks(world):
    world.watch(NIS2, "eu-gdpr-33")
    incident = world.open()
    world.note(incident, "aware")

    world.watch("eu-gdpr-33")
    world.look(incident)

    assert world.clock("early_warning").state == "cancelled"
    assert world.clock("notification", "eu-gdpr-33").state == "running"


def test_each_organisation_has_its_own_clocks_and_an_agency_those_of_its_duty(
    world,
):
    world.watch(NIS2)
    incident = world.open()
    world.note(incident, "aware")
    share(
        incident,
        agency=world.agency,
        reason="by hand",
        user=None,
        actor=Actor.system(world.lab),
        now=world.now,
    )

    world.submit(incident, NIS2, "early_warning", owner=world.agency)

    [clock] = StatutoryClock.objects.filter(organisation=world.agency)
    assert clock.stage == "authority_answer"
    assert not clock.is_provisional
    assert clock.due_operational == world.now + 24 * HOUR
    lab = StatutoryClock.objects.filter(organisation=world.lab)
    assert "authority_answer" not in lab.values_list("stage", flat=True)


def test_at_the_end_of_the_year_and_when_the_clocks_change_hours_stay_hours(
    world,
):
    world.watch(NIS2)
    for aware in ("2026-12-31T22:30:00+00:00", "2026-10-24T22:00:00+00:00"):
        incident = world.open()
        at = world.now.fromisoformat(aware)
        world.note(incident, "aware", at)
        clock = world.clock("early_warning", incident=incident)
        assert clock.due_operational - at == 24 * HOUR


def test_law_that_cannot_be_counted_stays_as_it_is_and_stops_no_other(
    world, monkeypatch
):
    world.watch(NIS2, "eu-gdpr-33")
    incident = world.open()
    world.note(incident, "aware")
    due = world.clock("early_warning").due_operational

    def count(duty):
        if duty.regime_id == NIS2:
            raise OverflowError("date value out of range")
        return wanted_clocks(duty)

    monkeypatch.setattr("escalation.duties.clocks.wanted_clocks", count)
    with capture_logs() as logs:
        world.note(incident, "aware", world.now - HOUR)

    kept = world.clock("early_warning")
    assert (kept.state, kept.due_operational) == ("running", due)
    moved = world.clock("notification", "eu-gdpr-33")
    assert moved.due_operational == world.now + 71 * HOUR
    [said] = [line for line in logs if line["log_level"] == "error"]
    assert said == {
        "event": "statutory_clocks_not_counted",
        "log_level": "error",
        "regime": NIS2,
        "incident": incident.pk,
        "error": "OverflowError",
    }


def test_law_that_cannot_be_read_stays_as_it_is_and_stops_no_other(world, monkeypatch):
    world.watch(NIS2, "eu-gdpr-33")
    incident = world.open()
    world.note(incident, "aware")

    def place(registered, watched):
        if registered.regime.id == NIS2:
            raise OverflowError("date value out of range")
        return place_of(registered, watched)

    monkeypatch.setattr("escalation.duties.basis.place_of", place)
    world.note(incident, "aware", world.now - HOUR)

    assert world.clock("early_warning").state == "running"
    moved = world.clock("notification", "eu-gdpr-33")
    assert moved.due_operational == world.now + 71 * HOUR
