from datetime import UTC, datetime, timedelta

import pytest

from escalation.duties.instants import choose_anchor, note_anchor
from escalation.duties.time_record import record_of
from escalation.filings.prefill import Known, prefilled, proposal
from escalation.filings.proposing import known_of
from escalation.filings.reading import newest_version
from escalation.filings.sections import Section
from escalation.models import AnchorValue, Filing
from tests.escalation.filings.filing_world import SB53, FilingWorld, make_filing_world
from tests.factories import NOW

AI_ACT = "eu-ai-act-73"
KNOWN_FIELD = "Date on which it was known to be reportable"
FOUND_FIELD = "Date and time of detection"

KNOWN = Known(
    ref="INC-1",
    title="Escape",
    description="It left the sandbox.",
    category="Loss of control",
    severity="Severity 4, Severe",
    organisation="Aurora",
    facts={"internal_use": "Yes", "jurisdictions": "BE, DE"},
    instants={"detected": datetime(2026, 11, 1, 4, tzinfo=UTC)},
)


@pytest.mark.parametrize(
    ("field", "answer"),
    [
        ("Whether it came with internal use", "Yes"),
        ("Member States", "BE, DE"),
        ("Date and time of detection", "Detected: 2026-11-01 04:00:00 UTC"),
        ("Date", "Detected: 2026-11-01 04:00:00 UTC"),
        ("Classification", "Loss of control"),
        ("Description", "Escape\n\nIt left the sandbox."),
        ("Costs and losses", ""),
    ],
)
def test_proposal_is_what_the_incident_knows(field: str, answer: str):
    assert proposal(field, KNOWN) == answer


def test_what_is_answered_stays():
    [kept] = prefilled([Section("Date", "Tuesday", audience=("a",))], KNOWN)
    assert kept == Section("Date", "Tuesday", audience=("a",))


def _note(world: FilingWorld, at: datetime, name: str = "aware") -> AnchorValue:
    return note_anchor(
        world.incident,
        organisation=world.lab,
        name=name,
        written=at.isoformat(),
        at=at,
        precision="exact",
        source="the log",
        author=world.author,
        now=world.now,
    )


def _choose(world: FilingWorld, value: AnchorValue, regime: str) -> None:
    choose_anchor(
        value,
        regime_id=regime,
        reason="as counsel says",
        author=world.author,
        now=world.now,
    )


def _answer(filing: Filing, field: str) -> str:
    [found] = [
        row["answer"]
        for row in newest_version(filing).sections
        if row["field"] == field
    ]
    return str(found)


@pytest.mark.django_db
def test_draft_proposes_the_instant_that_was_chosen_for_its_law():
    world = make_filing_world()
    _note(world, NOW - timedelta(hours=9))
    chosen = _note(world, NOW - timedelta(hours=1))
    to_act = world.by_hand(AI_ACT, "report")
    before = _answer(world.draft(to_act), KNOWN_FIELD)

    _choose(world, chosen, AI_ACT)
    _choose(world, chosen, SB53)

    assert before == "Became aware: 2026-11-22 18:00:00 UTC"
    after = _answer(world.draft(to_act), KNOWN_FIELD)
    assert after == "Became aware: 2026-11-23 02:00:00 UTC"


@pytest.mark.django_db
def test_choice_for_another_law_changes_no_proposal():
    world = make_filing_world()
    _note(world, NOW - timedelta(hours=9))
    _choose(world, _note(world, NOW - timedelta(hours=1)), SB53)

    answer = _answer(world.draft(world.by_hand(AI_ACT, "report")), KNOWN_FIELD)

    assert answer == "Became aware: 2026-11-22 18:00:00 UTC"


@pytest.mark.django_db
def test_draft_proposes_when_it_was_discovered_by_the_time_record():
    world = make_filing_world(detected_at=NOW - timedelta(hours=3))
    _note(world, NOW - timedelta(hours=5), "discovered")

    answer = _answer(world.draft(world.by_hand(AI_ACT, "report")), FOUND_FIELD)

    assert answer == "Detected: 2026-11-22 22:00:00 UTC"


def test_day_without_a_time_is_proposed_as_it_was_written(world: FilingWorld):
    note_anchor(
        world.incident,
        organisation=world.lab,
        name="discovered",
        written="2026-11-20 Europe/Berlin",
        at=datetime(2026, 11, 19, 23, tzinfo=UTC),
        precision="day",
        source="log",
        author=world.author,
        now=world.now,
    )
    known = known_of(world.incident, record_of(world.incident.pk, world.lab.pk), {SB53})
    said = "Detected: 2026-11-20 Europe/Berlin (only the day is known)"
    assert proposal(FOUND_FIELD, known) == said
