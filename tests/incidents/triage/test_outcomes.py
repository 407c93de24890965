from datetime import timedelta

import pytest

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import resolve
from incidents.models import (
    AcknowledgedVia,
    Acknowledgement,
    Incident,
    Question,
    Timer,
    TriageState,
)
from incidents.triage.outcomes import Decision, acknowledge_many, assign, decide
from tests.incidents.triage.conftest import NOW

pytestmark = pytest.mark.django_db


def _decide(desk, incident, **fields):
    return decide(
        incident,
        organisation=desk.agency,
        decision=Decision(**fields),
        user=desk.officer,
        actor=Actor.of(desk.officer, desk.agency, role="officer"),
        now=NOW,
    )


def _data_of(kind, incident, organisation):
    items = timeline(incident, [organisation.pk])
    return [item.data for item in items if item.kind == kind]


def test_accepting_stores_the_decision_of_the_agency(desk, open_shared):
    review_at = NOW + timedelta(days=2)
    row = _decide(
        desk,
        open_shared(),
        outcome="accepted",
        reason="Ours.",
        priority=1,
        owner=desk.colleague,
        next_review_at=review_at,
    )
    row.refresh_from_db()
    stored = (row.state, row.outcome, row.reason, row.priority, row.owner)
    assert stored == (TriageState.DECIDED, "accepted", "Ours.", 1, desk.colleague)
    assert (row.next_review_at, row.decided_at, row.decided_by) == (
        review_at,
        NOW,
        desk.officer,
    )


def test_the_lab_reads_outcome_and_reason_and_nothing_internal(desk, open_shared):
    incident = open_shared()
    _decide(
        desk,
        incident,
        outcome="accepted",
        reason="Ours.",
        priority=1,
        owner=desk.colleague,
        next_review_at=NOW + timedelta(days=2),
    )
    assert _data_of("triage.decided", incident, desk.lab) == [
        {"outcome": "Accepted", "reason": "Ours."}
    ]
    assert _data_of("triage.decided", incident, desk.agency) == [
        {
            "outcome": "Accepted",
            "reason": "Ours.",
            "priority": 1,
            "owner": "Colleague",
            "next_review_at": "2026-03-04T09:00:00.000Z",
        }
    ]


def test_the_lab_reads_the_deciders_role_and_no_name(desk, open_shared):
    incident = open_shared()
    _decide(desk, incident, outcome="accepted")
    [item] = [
        item
        for item in timeline(incident, [desk.lab.pk])
        if item.kind == "triage.decided"
    ]
    assert item.actor == {"kind": "user", "organisation": "Naisa", "role": "officer"}


def test_another_agency_reads_nothing_of_the_decision(desk, open_shared):
    incident = open_shared(agencies=(desk.agency, desk.other_agency))
    _decide(desk, incident, outcome="accepted", reason="Ours.")
    assert _data_of("triage.decided", incident, desk.agency) != []
    assert _data_of("triage.decided", incident, desk.other_agency) == []


def test_needs_information_asks_the_reason_and_waits_for_the_lab(desk, open_shared):
    incident = open_shared()
    row = _decide(desk, incident, outcome="needs_information", reason="Which weights?")
    question = Question.objects.get()
    assert (row.state, question.text) == (TriageState.ASKED, "Which weights?")
    timer = Timer.objects.get(kind="triage.question")
    assert (timer.subject_id, timer.organisation, timer.due_at) == (
        question.pk,
        desk.lab,
        NOW,
    )


def test_not_ours_names_the_agency_to_the_lab_and_shares_nothing(desk, open_shared):
    incident = open_shared()
    row = _decide(
        desk,
        incident,
        outcome="not_ours",
        reason="Biology.",
        referred_to=desk.other_agency,
    )
    assert (row.state, row.referred_to) == (TriageState.DECIDED, desk.other_agency)
    assert "Other is responsible" in Question.objects.get().text
    assert _data_of("triage.decided", incident, desk.lab)[0]["referred_to"] == "Other"
    shared = Incident.objects.visible_to(desk.other_officer)
    assert not shared.filter(pk=incident.pk).exists()


def test_a_duplicate_of_the_same_labs_incident_is_named_to_it(desk, open_shared):
    first, second = open_shared("First"), open_shared("Second")
    row = _decide(
        desk, second, outcome="duplicate", reason="Known.", duplicate_of=first
    )
    assert row.duplicate_of == first
    assert _data_of("triage.decided", second, desk.lab) == [
        {"outcome": "Duplicate", "reason": "Known.", "duplicate_of": first.ref}
    ]


def test_a_duplicate_of_another_labs_incident_stays_inside(desk, open_shared):
    first = open_shared("First", lab=desk.other_lab)
    second = open_shared("Second")
    _decide(desk, second, outcome="duplicate", reason="Known.", duplicate_of=first)
    told = {"outcome": "Duplicate", "reason": "Known."}
    assert _data_of("triage.decided", second, desk.lab) == [told]
    assert _data_of("triage.decided", second, desk.agency) == [
        {**told, "duplicate_elsewhere": first.ref}
    ]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"outcome": "perhaps"}, "outcome"),
        ({"outcome": "needs_information", "reason": " "}, "reason"),
        ({"outcome": "accepted", "priority": 5}, "priority"),
        ({"outcome": "accepted", "next_review_at": NOW}, "next_review_at"),
        ({"outcome": "not_ours", "reason": "No."}, "referred_to"),
        ({"outcome": "duplicate", "reason": "Known."}, "duplicate_of"),
    ],
)
def test_an_unusable_decision_names_its_field(desk, open_shared, fields, field):
    with pytest.raises(BadInput) as refusal:
        _decide(desk, open_shared(), **fields)
    assert refusal.value.field == field
    assert Question.objects.count() == 0


def test_an_owner_outside_the_agency_is_refused(desk, open_shared):
    with pytest.raises(BadInput, match="Choose somebody of Naisa"):
        _decide(desk, open_shared(), outcome="accepted", owner=desk.staff)


def test_referring_to_a_lab_is_refused(desk, open_shared):
    with pytest.raises(BadInput, match="Name an agency other than yours"):
        _decide(
            desk, open_shared(), outcome="not_ours", reason="No.", referred_to=desk.lab
        )


def test_duplicate_of_an_incident_that_is_not_visible_is_refused(desk, open_shared):
    hidden = open_shared(agencies=(desk.other_agency,))
    with pytest.raises(BadInput, match="that you can open"):
        _decide(
            desk,
            open_shared(),
            outcome="duplicate",
            reason="Known.",
            duplicate_of=hidden,
        )


def test_assigning_is_recorded_once_and_stays_inside(desk, open_shared):
    incident = open_shared()
    for _ in range(2):
        row = assign(
            incident,
            organisation=desk.agency,
            owner=desk.colleague,
            actor=Actor.of(desk.officer, desk.agency),
            now=NOW,
        )
    assert row.owner == desk.colleague
    assert _data_of("triage.assigned", incident, desk.agency) == [
        {"owner": "Colleague"}
    ]
    assert _data_of("triage.assigned", incident, desk.lab) == []


def test_bulk_acknowledge_takes_the_open_ones_and_skips_the_rest(desk, open_shared):
    first, second, closed = open_shared(), open_shared(), open_shared()
    hidden = open_shared(agencies=(desk.other_agency,))
    lab = Actor.of(desk.staff, desk.lab)
    resolve(closed, reason="done", user=desk.staff, actor=lab, now=NOW)
    refs = [first.ref, hidden.ref, second.ref, closed.ref, "INC-0000000000"]
    outcome = acknowledge_many(
        refs,
        organisation=desk.agency,
        user=desk.officer,
        actor=Actor.of(desk.officer, desk.agency),
        now=NOW,
    )
    assert outcome.acknowledged == (first.ref, second.ref)
    assert outcome.skipped == (hidden.ref, closed.ref, "INC-0000000000")
    rows = Acknowledgement.objects.order_by("incident").values_list(
        "incident", "organisation", "via"
    )
    assert list(rows) == [
        (first.pk, desk.agency.pk, AcknowledgedVia.PAGE),
        (second.pk, desk.agency.pk, AcknowledgedVia.PAGE),
    ]
