import hashlib
import json
from datetime import timedelta

from escalation.models import (
    AnchorChoice,
    AnchorValue,
    AssessmentAnswer,
    Decision,
    FilingRecipient,
    FilingRequest,
    Notification,
    StatutoryClock,
)
from escalation.showcase import story
from escalation.showcase.playing import play_case
from incidents.events.feed import timeline
from incidents.ledger.canonical import GENESIS
from incidents.models import Entry, Incident, Organisation, Stream, Timer
from tests.factories import NOW


def test_case_leaves_clocks_of_every_state(case):
    clocks = StatutoryClock.objects.filter(is_current=True, ended_at=None)
    clocks |= StatutoryClock.objects.filter(state="met")
    # An agency's question is not asked by a law.
    stages = clocks.exclude(stage__startswith="request")
    found = stages.order_by("regime_id", "stage")
    assert list(found.values_list("regime_id", "stage", "state")) == [
        ("aurora-frontier-framework", "board", "met"),
        ("aurora-frontier-framework", "summary", "running"),
        ("eu-gpai-cop-9", "final", "running"),
        ("eu-gpai-cop-9", "initial_cybersecurity_breach", "met"),
        ("us-ca-sb53", "imminent_risk", "waiting"),
        ("us-ca-sb53", "report", "met"),
        ("us-ny-raise", "imminent_risk", "waiting"),
        ("us-ny-raise", "report", "waiting"),
    ]


def test_nothing_is_late_and_something_is_due(case):
    met = StatutoryClock.objects.filter(state="met")
    assert [clock for clock in met if clock.met_at > clock.due_operational] == []
    running = StatutoryClock.objects.filter(state="running")
    assert min(clock.due_operational for clock in running) > NOW + timedelta(days=7)


def test_awareness_is_disputed_and_one_instant_is_chosen(case):
    known = AnchorValue.objects.filter(name=story.AWARE).order_by("at")
    assert [one.source for one in known] == [
        story.SUSPECTED_SOURCE,
        story.ATTRIBUTED_SOURCE,
    ]
    choice = AnchorChoice.objects.get()
    assert (choice.value, choice.regime_id) == (known[1], story.GPAI)
    assert choice.reason == story.WHY_ATTRIBUTED


def test_clock_keeps_the_dates_that_it_had(case):
    rows = timeline(case, [case.organisation_id])
    stage = "initial_cybersecurity_breach"
    moves = [r for r in rows if r.kind == "clock.moved" and r.data["stage"] == stage]
    dues = [row.data["due_at"] for row in moves]
    assert (len(dues), dues[0]) == (3, dues[2])
    assert dues[1] < dues[0]


def test_two_people_decided_and_one_law_is_left_to_the_visitor(case):
    rows = Decision.objects.filter(is_current=True).order_by("regime_id")
    assert [
        (d.regime_id, d.verdict, d.limbs, str(d.decided_by), str(d.confirmed_by))
        for d in rows
    ] == [
        (law, verdict, limbs, "Aiko Tanabe", "Ada Novak")
        for law, verdict, limbs in (
            ("aurora-frontier-framework", "reportable", ["containment"]),
            ("eu-ai-act-73", "not_reportable", []),
            ("eu-gpai-cop-9", "reportable", ["cybersecurity_breach"]),
            ("us-ca-sb53", "reportable", ["deception"]),
        )
    ]
    assert rows.get(verdict="not_reportable").review_on > NOW.date()


def test_answers_are_given_by_name_and_reason(case):
    said = dict(AssessmentAnswer.objects.values_list("question", "said"))
    assert {key for key, answer in said.items() if answer == "yes"} == set(story.TRUE)
    assert set(story.FALSE) <= set(said)
    assert not AssessmentAnswer.objects.filter(reason="").exists()


def test_filings_are_received_answered_and_filed_by_hand(case):
    rows = FilingRecipient.objects.order_by("pk")
    found = [(r.name, r.state, r.portal_reference, bool(r.receipt)) for r in rows]
    assert found == [
        (story.BOARD, "submitted", story.BOARD_REFERENCE, True),
        ("National AI Safety Agency", "received", "", False),
        (story.PORTAL, "submitted", story.PORTAL_REFERENCE, True),
    ]
    asked = FilingRequest.objects.get()
    assert (asked.text, asked.answer) == (story.QUESTION, story.ANSWER)


def test_nothing_of_the_past_is_sent_or_waits(case):
    statuses = set(Notification.objects.values_list("status", "last_error"))
    assert statuses == {
        ("cancelled", "the demo's past: it was played, nobody was told")
    }
    assert not Timer.objects.filter(due_at__lte=NOW).exists()
    assert not Timer.objects.exclude(attempts=0).exists()


def test_record_ascends_and_its_chains_hold(case):
    streams = Stream.objects.filter(audience__incident=case).distinct()
    for stream in streams:
        seq, head, at = 0, GENESIS, case.opened_at
        for entry in Entry.objects.filter(stream=stream).order_by("seq"):
            leaf = bytes(entry.leaf)
            assert (entry.seq, json.loads(leaf)["prev"]) == (seq + 1, head.hex())
            assert at <= entry.at <= NOW
            seq, head, at = entry.seq, hashlib.sha256(b"\0" + leaf).digest(), entry.at
        assert (stream.last_seq, bytes(stream.last_hash)) == (seq, head)
    assert len(streams) == 3


def test_agency_reads_its_part_and_no_more(case):
    agency = Organisation.objects.get(slug="naisa")
    told = json.dumps([row.data for row in timeline(case, [agency.pk])], default=str)
    assert story.UPDATE in told
    for hidden in (story.WHY_ATTRIBUTED, story.PORTAL_REFERENCE, "Aiko Tanabe"):
        assert hidden not in told


def test_case_is_played_once(case):
    count = Entry.objects.count()
    assert play_case(NOW + timedelta(days=1)) is None
    assert (Incident.objects.count(), Entry.objects.count()) == (1, count)
