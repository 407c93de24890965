from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from escalation.duties.decisions import Judgement, confirm, decide
from escalation.duties.instants import choose_anchor
from escalation.lawbook.registry import regimes_of
from escalation.models import (
    AnchorValue,
    AssessmentAnswer,
    Decision,
    LegalProfile,
    StatutoryClock,
)
from escalation.regimes.answers import key_of
from incidents.models import Membership
from tests.escalation.duties.duty_world import DORA, HOUR, NIS2, make_duty_world
from tests.factories import NOW

NOTE = {"name": "aware", "at": "2026-11-20 14:05", "zone": "UTC", "source": "shift log"}


@pytest.fixture
def world(db):
    return make_duty_world()


def url(incident, name="incident-duties", *more):
    return reverse(name, args=[incident.ref, *more])


def shown(world, incident, user=None):
    return world.visit(user or world.duty).get(url(incident))


def part(answer, section):
    [found] = [s for s in answer.context["sections"] if s.id == section]
    return found.context


def decided(world, incident, regime=DORA, **more):
    values = {"verdict": "undecided", "reason": "not known", **more}
    return decide(
        incident,
        Judgement(regime, **values),
        organisation=world.lab,
        author=world.duty,
        now=timezone.now(),
    )


def test_page_says_what_is_open_and_whose_move_it_is(world):
    answer = shown(world, world.incident())
    strip = answer.context["strip"]
    assert strip.happening == "2 laws watched, 2 of them not decided yet."
    assert strip.due == "No report has a date."
    assert strip.move == (
        "Yours: decide whether to report under Digital Operational Resilience Act,"
        " Article 19; NIS2 Directive, Article 23."
    )
    assert "This is not legal advice." in answer.content.decode()


@pytest.mark.parametrize(
    ("hours", "ending", "has_date"),
    [(-1, ", overdue since", False), (1, "(if it is reportable)", True)],
)
def test_page_says_what_is_due_next_and_what_is_overdue(world, hours, ending, has_date):
    incident, now = world.incident(), timezone.now()
    for stage, more in (("final", 9), ("initial", 0)):
        StatutoryClock.objects.create(
            incident=incident,
            organisation=world.lab,
            regime_id=DORA,
            regime_digest="0" * 64,
            stage=stage,
            state="running",
            is_provisional=True,
            due_operational=now + (hours + more) * HOUR,
            started_at=now,
        )
    strip = shown(world, incident).context["strip"]
    assert strip.due.startswith(
        "Digital Operational Resilience Act, Article 19: Initial notification"
    )
    assert ending in strip.due
    assert bool(strip.due_at) == has_date


@pytest.mark.parametrize(
    ("hours", "due"),
    [
        (1, "NIS2 Directive, Article 23: Intermediate report, due now: "),
        (-1, "NIS2 Directive, Article 23: Early warning, overdue since "),
    ],
)
def test_what_is_due_without_a_date_stands_before_what_has_time(world, hours, due):
    incident, now = world.incident(), timezone.now()
    for stage, state, at in (
        ("early_warning", "running", now + hours * HOUR),
        ("intermediate", "no_date", None),
    ):
        StatutoryClock.objects.create(
            incident=incident,
            organisation=world.lab,
            regime_id=NIS2,
            regime_digest="0" * 64,
            stage=stage,
            state=state,
            due_operational=at,
            started_at=now,
        )
    assert shown(world, incident).context["strip"].due.startswith(due)


def test_second_person_is_asked_to_confirm_and_the_decider_is_not(world):
    incident = world.incident()
    decision = decided(world, incident, verdict="reportable", limbs=["major_incident"])
    [row] = [
        r
        for r in part(shown(world, incident, world.approver), "decisions")["rows"]
        if r.regime_id == DORA
    ]
    assert (row.state_word, row.why_not) == ("reportable, not confirmed", "")
    assert row.confirm_url == url(incident, "duties-confirm", decision.pk)
    strip = shown(world, incident, world.approver).context["strip"]
    assert strip.move.startswith("Yours: confirm what duty@aurora.example decided")
    rows = part(shown(world, incident), "decisions")["rows"]
    assert [r.confirm_url for r in rows] == ["", ""]


def test_record_says_which_candidate_counts_where_and_why(world):
    incident = world.incident()
    late, early = (world.note(incident, NOW - n * HOUR) for n in (1, 2))
    choose_anchor(late, regime_id=DORA, reason="the call", author=world.duty, now=NOW)
    [row] = part(shown(world, incident), "record")["rows"]
    assert row.is_disputed
    counts = {
        one.value.pk: [
            (under.regime.id, under.choice.reason if under.choice else "")
            for under in one.counts
        ]
        for one in row.candidates
    }
    assert counts == {late.pk: [(DORA, "the call")], early.pk: [(NIS2, "")]}


def test_instant_is_added_chosen_and_withdrawn_on_the_page(world):
    incident, client = world.incident(), world.visit(world.duty)
    for at in ("2026-11-20 14:05", "2026-11-20 14:05 +01:00"):
        answer = client.post(url(incident, "duties-note"), {**NOTE, "at": at})
        assert answer["Location"] == f"{url(incident)}#record"
    early, late = AnchorValue.objects.order_by("at")
    assert (early.written, late.written) == (
        "2026-11-20T14:05+01:00",
        "2026-11-20T14:05 UTC",
    )
    client.post(
        url(incident, "duties-choose", late.pk), {"regime": DORA, "reason": "the call"}
    )
    assert late.choices.get().reason == "the call"
    client.post(url(incident, "duties-withdraw", early.pk), {"reason": "wrong"})
    early.refresh_from_db()
    assert early.withdrawn_reason == "wrong"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"at": "2126-01-01"}, "at"),
        ({"at": "2026-03-29 02:30", "zone": "Europe/Berlin"}, "at"),
        ({"at": "soon"}, "at"),
        ({"source": ""}, "source"),
        ({"name": ""}, "name"),
    ],
)
def test_form_with_a_mistake_comes_back_as_it_was_typed(world, change, field):
    incident = world.incident()
    answer = world.visit(world.duty).post(
        url(incident, "duties-note"), {**NOTE, **change}
    )
    assert answer.status_code == 422
    form = part(answer, "record")["note"]
    assert list(form.errors) == [field]
    assert form["source"].value() == {**NOTE, **change}["source"]
    assert not AnchorValue.objects.exists()


def test_future_instant_is_taken_with_the_box_ticked(world):
    incident = world.incident()
    body = {**NOTE, "at": "2027-11-01", "confirm": "on"}
    world.visit(world.duty).post(url(incident, "duties-note"), body)
    assert AnchorValue.objects.get().precision == "day"


def test_what_was_chosen_is_not_withdrawn_and_the_page_says_why(world):
    incident = world.incident()
    value = world.note(incident, NOW)
    choose_anchor(value, regime_id=DORA, reason="x", author=world.duty, now=NOW)
    answer = world.visit(world.duty).post(
        url(incident, "duties-withdraw", value.pk), {"reason": "wrong"}
    )
    assert answer.status_code == 409
    assert f"It counts under {DORA}." in answer.content.decode()


def test_verdict_is_decided_and_confirmed_on_the_page(world):
    incident = world.incident()
    body = {
        "regime": DORA,
        "verdict": "not_reportable",
        "reason": "nothing failed",
        "review_on": (timezone.now() + timedelta(days=5)).date().isoformat(),
    }
    answer = world.visit(world.duty).post(url(incident, "duties-decide"), body)
    assert answer["Location"] == f"{url(incident)}#decisions"
    decision = Decision.objects.get()
    path = url(incident, "duties-confirm", decision.pk)
    world.visit(world.approver).post(path)
    decision.refresh_from_db()
    assert decision.confirmed_by == world.approver


def test_a_no_without_a_day_comes_back_with_the_field_named(world):
    incident = world.incident()
    body = {"regime": DORA, "verdict": "not_reportable", "reason": "nothing failed"}
    answer = world.visit(world.duty).post(url(incident, "duties-decide"), body)
    assert answer.status_code == 422
    [form] = [r.form for r in part(answer, "decisions")["rows"] if r.regime_id == DORA]
    assert list(form.errors) == ["review_on"]
    assert form["reason"].value() == "nothing failed"


def test_own_verdict_is_not_confirmed(world):
    incident = world.incident()
    Membership.objects.filter(user=world.duty).update(role="approver")
    decision = decided(world, incident, verdict="reportable", limbs=["major_incident"])
    answer = world.visit(world.duty).post(url(incident, "duties-confirm", decision.pk))
    assert answer.status_code == 409
    assert "Another person must confirm it." in answer.content.decode()


def test_former_verdicts_stay_on_the_page(world):
    incident = world.incident()
    for reason in ("first thought", "second thought"):
        decided(world, incident, reason=reason)
    rows = part(shown(world, incident), "decisions")["rows"]
    assert [[old.reason for old in row.history] for row in rows] == [
        ["first thought"],
        [],
    ]


def test_verdict_by_a_former_text_of_the_law_says_so(world):
    incident = world.incident()
    decision = decided(world, incident)
    rows = part(shown(world, incident), "decisions")["rows"]
    assert [row.is_of_former_text for row in rows] == [False, False]
    Decision.objects.filter(pk=decision.pk).update(regime_digest="0" * 64)
    answer = shown(world, incident)
    rows = part(answer, "decisions")["rows"]
    assert [row.is_of_former_text for row in rows] == [True, False]
    assert "text has changed since" in answer.content.decode()


def test_answers_that_suggest_the_opposite_are_shown_beside_the_verdict(world):
    incident = world.incident()
    later = (timezone.now() + timedelta(days=5)).date()
    regime = regimes_of(world.lab.pk)[DORA].regime
    [key] = {key_of(regime, limb) for limb in regime.limbs}
    answer(world, incident, key, "no")
    decided(world, incident, verdict="not_reportable", review_on=later)
    [row] = [
        r
        for r in part(shown(world, incident), "decisions")["rows"]
        if r.regime_id == DORA
    ]
    assert [said for _, said in row.answers] == ["No"]
    assert row.misfit == ""
    AssessmentAnswer.objects.update(said="yes")
    page = shown(world, incident)
    [row] = [r for r in part(page, "decisions")["rows"] if r.regime_id == DORA]
    assert row.misfit
    assert "The answers suggest otherwise now" in page.content.decode()
    # What it relied on stays as it was.
    assert [said for _, said in row.answers] == ["No"]


def answer(world, incident, key, said):
    AssessmentAnswer.objects.create(
        incident=incident,
        organisation=world.lab,
        question=key,
        said=said,
        reason="x",
        author=world.duty,
        answered_at=NOW,
    )


def test_staff_read_and_change_nothing(world):
    incident = world.incident()
    world.note(incident, NOW)
    answer = shown(world, incident, world.staff)
    assert part(answer, "record")["note"] is None
    assert [row.form for row in part(answer, "decisions")["rows"]] == [None, None]
    refused = world.visit(world.staff).post(url(incident, "duties-note"), NOTE)
    assert refused.status_code == 403


def test_agency_sees_nothing_of_the_labs_duties(world):
    incident = world.incident()
    world.share(incident)
    world.note(incident, NOW, source="lab's own log")
    decided(world, incident, reason="lab's own reason")
    answer = shown(world, incident, world.officer)
    text = answer.content.decode()
    assert (answer.status_code, part(answer, "record")["rows"]) == (200, [])
    assert "own log" not in text
    assert "own reason" not in text
    known = answer.context["strip"].happening
    assert known == "No clock of the authority's own runs."


def test_incident_page_shows_duties_to_those_who_have_any(world):
    incident = world.incident()
    world.share(incident)
    page = reverse("incident-detail", args=[incident.ref])
    own = world.visit(world.duty).get(page)
    assert [one["url"] for one in own.context["duties"]] == [url(incident)]
    assert "duties" not in world.visit(world.officer).get(page).context


def test_incident_page_says_what_a_law_wants_where_nothing_else_is_due(world):
    incident = world.incident()
    page = reverse("incident-detail", args=[incident.ref])
    client = world.visit(world.duty)
    client.post(reverse("incident-acknowledge", args=[incident.ref]))
    strip = client.get(page).context["strip"]
    assert (strip.due, strip.is_mine) == ("Nothing is due.", True)
    now = timezone.now()
    world.note(incident, now, now=now)
    world.run(now)
    strip = client.get(page).context["strip"]
    assert strip.due.endswith("(if it is reportable)")
    assert strip.due_at is not None
    assert strip.move.startswith("Yours: decide whether to report under ")


def test_confirmed_decisions_leave_nobody_to_move(world):
    incident = world.incident()
    for regime in (DORA, NIS2):
        decision = decided(
            world,
            incident,
            regime,
            verdict="not_reportable",
            review_on=(timezone.now() + timedelta(days=5)).date(),
        )
        confirm(decision, by=world.approver, now=timezone.now())
    strip = shown(world, incident).context["strip"]
    assert (strip.happening, strip.move, strip.is_calm) == (
        "2 laws watched, all decided and confirmed.",
        "Nobody's.",
        True,
    )


def test_page_takes_as_many_statements_for_three_candidates_as_for_one(world):
    incident = world.incident()
    world.note(incident, NOW)
    client = world.visit(world.duty)
    client.get(url(incident))
    with CaptureQueriesContext(connection) as one:
        client.get(url(incident))
    for hours in (1, 2):
        world.note(incident, NOW - hours * HOUR)
    with CaptureQueriesContext(connection) as three:
        client.get(url(incident))
    assert len(three) == len(one)


def test_page_reads_answers_and_decisions_once(world):
    incident = world.incident()
    decided(world, incident, verdict="reportable", limbs=["major_incident"])
    client = world.visit(world.duty)
    with CaptureQueriesContext(connection) as captured:
        client.get(url(incident))
    read = [query["sql"].split(" FROM ")[-1].split()[0] for query in captured]
    tables = ("assessment_answer", "decision", "legal_profile", "regime_text")
    counts = {name: read.count(f'"tocsin_{name}"') for name in tables}
    assert counts == {
        "assessment_answer": 1,
        "decision": 1,
        "legal_profile": 1,
        "regime_text": 1,
    }


def test_page_says_which_decision_counts_until_a_new_one_is_confirmed(world):
    incident = world.incident()
    first = decided(world, incident, verdict="reportable", limbs=["major_incident"])
    confirm(first, by=world.approver, now=timezone.now())
    later = (timezone.now() + timedelta(days=5)).date()
    words = "Until it is confirmed clocks go by the earlier decision"
    before = shown(world, incident).content.decode()

    second = decided(world, incident, verdict="not_reportable", review_on=later)
    page = shown(world, incident)
    [row] = [r for r in part(page, "decisions")["rows"] if r.regime_id == DORA]
    confirm(second, by=world.approver, now=timezone.now())
    after = shown(world, incident).content.decode()

    assert row.in_force == first
    assert [text.count(words) for text in (before, page.text, after)] == [0, 1, 0]


def test_page_says_that_clocks_go_by_nothing_until_the_first_is_confirmed(world):
    incident = world.incident()
    words = "clocks run as if nothing were decided"
    before = shown(world, incident).text
    decided(world, incident, verdict="reportable", limbs=["major_incident"])
    assert [before.count(words), shown(world, incident).text.count(words)] == [0, 1]


def test_clock_that_runs_to_be_safe_says_what_was_decided(world):
    incident = world.incident()
    world.note(incident, NOW)
    regime = regimes_of(world.lab.pk)[DORA].regime
    [key] = {key_of(regime, limb) for limb in regime.limbs}
    LegalProfile.objects.update(regimes={DORA: {}})
    later = (timezone.now() + timedelta(days=5)).date()
    said = {
        "nobody": "Nobody has decided yet",
        "one": "Decided, not confirmed:",
        "two": "but something since does not fit it",
        "open": "Two people have left open",
    }

    def words():
        world.run(timezone.now())
        text = shown(world, incident).text
        return [name for name, one in said.items() if one in text]

    assert words() == ["nobody"]
    no = decided(world, incident, verdict="not_reportable", review_on=later)
    assert words() == ["one"]
    confirm(no, by=world.approver, now=timezone.now())
    assert words() == []
    answer(world, incident, key, "yes")
    world.note(incident, NOW - HOUR)
    assert words() == ["two"]
    confirm(decided(world, incident), by=world.approver, now=timezone.now())
    assert words() == ["open"]
