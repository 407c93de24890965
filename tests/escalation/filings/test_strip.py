from datetime import timedelta

import pytest

from escalation.filings.access import find_filing
from escalation.filings.approval import ask_review, refuse
from escalation.filings.drafting import withdraw
from escalation.filings.inquiries import request_information
from escalation.filings.receiving import accept, receive, return_filing
from escalation.filings.showing import shown_filing
from escalation.filings.strip import strip_of
from escalation.filings.submitting import submit
from escalation.models import Filing, StatutoryClock
from incidents.incident.strip import Strip
from incidents.models import User
from tests.escalation.filings.filing_world import FilingWorld, make_filing_world
from tests.factories import NOW

DUE = NOW + timedelta(hours=20)


@pytest.fixture
def world(db: None) -> FilingWorld:
    return make_filing_world()


def strip(filing: Filing, reader: User, *, now=NOW) -> Strip:
    return strip_of(shown_filing(find_filing(reader, filing.ref)), now=now)


def clock(world: FilingWorld, side, stage: str) -> None:
    StatutoryClock.objects.filter(organisation=side).delete()
    StatutoryClock.objects.create(
        incident=world.incident,
        organisation=side,
        regime_id="eu-nis2-23",
        regime_digest="",
        stage=stage,
        state="running",
        due_operational=DUE,
        started_at=NOW,
    )


def test_draft_says_what_is_missing_and_by_when_it_is_due(world: FilingWorld):
    filing = world.draft()
    clock(world, world.lab, "early_warning")
    missing = len(shown_filing(find_filing(world.author, filing.ref)).missing)
    found = strip(filing, world.author)
    assert found == Strip(
        f"A draft; {missing} required answers are missing.",
        "Early warning, Safety Agency",
        "Yours: write what is missing or wrong.",
        DUE,
        is_mine=True,
    )


def test_due_instant_that_passed_is_said_to_be_overdue(world: FilingWorld):
    filing = world.draft()
    clock(world, world.lab, "early_warning")
    found = strip(filing, world.author, now=DUE + timedelta(seconds=1))
    since = f"{DUE:%-d %b, %H:%M} UTC"
    assert found.due == f"Early warning, Safety Agency: overdue since {since}."
    assert found.due_at is None


def test_review_is_another_persons_move(world: FilingWorld):
    filing = world.draft()
    world.answer_all(filing)
    assert strip(filing, world.author).move == "Yours: send it to review."
    ask_review(filing, **world.actor(world.author))
    assert strip(filing, world.author).move == (
        "Aurora Labs: another person must approve it."
    )
    found = strip(filing, world.approver)
    assert found.happening == "Version 2 waits for its review."
    assert (found.move, found.is_mine) == (
        "Yours: read it, and approve it or send it back.",
        True,
    )


def test_sent_back_is_the_authors_again(world: FilingWorld):
    filing = world.draft()
    world.answer_all(filing)
    ask_review(filing, **world.actor(world.author))
    refuse(filing, version=2, reason="Say when.", **world.who(world.approver))
    found = strip(filing, world.author)
    assert found.happening == "Version 2 was sent back by its reviewer."
    assert found.move == "Yours: write what is missing or wrong."


def test_approved_is_to_be_submitted_then_filed_by_hand(world: FilingWorld):
    filing = world.approved(world.to(), world.by_hand())
    found = strip(filing, world.author)
    assert found.happening == "Version 2 is approved. Nobody has it yet."
    assert found.move == "Yours: submit it."
    by_hand = filing.recipients.get(way="by_hand")
    submit(filing, **world.who(world.author))
    found = strip(filing, world.author)
    assert found.happening == f"Safety Agency has it; {by_hand.name} has not."
    assert found.move == "Yours: file it by hand, and record the reference."


def test_submitted_waits_for_the_agency_on_both_sides(world: FilingWorld):
    filing = world.submitted()
    clock(world, world.agency, "authority_answer")
    lab = strip(filing, world.author)
    assert (lab.happening, lab.move) == (
        "Safety Agency: submitted",
        "Safety Agency: deal with it.",
    )
    assert (lab.due, lab.is_mine) == ("Nothing by this law.", False)
    agency = strip(filing, world.officer)
    assert agency.move == "Yours: give the receipt."
    assert (agency.due, agency.due_at) == ("The agency's own answer", DUE)


def test_request_is_the_labs_move_and_has_its_date(world: FilingWorld):
    filing = world.submitted()
    request_information(
        world.got(filing), text="Which?", due_at=DUE, **world.who(world.officer)
    )
    lab = strip(filing, world.author)
    assert lab.move == "Yours: answer the request for information."
    assert (lab.due, lab.due_at) == ("An answer to the agency's request", DUE)
    agency = strip(filing, world.officer)
    assert agency.move == "Aurora Labs: answer the request for information."


def test_returned_is_the_labs_and_accepted_is_nobodys(world: FilingWorld):
    filing = world.submitted()
    receive(world.got(filing), **world.who(world.officer))
    assert strip(filing, world.officer).move == (
        "Yours: accept it, return it with remarks, or ask."
    )
    return_filing(world.got(filing), text="Why?", **world.who(world.officer))
    assert strip(filing, world.officer).move == (
        "Aurora Labs: correct it and send it again."
    )
    assert strip(filing, world.author).move == "Yours: revise it by the remarks."
    other = world.submitted(world.to("eu-gdpr-33", "notification"))
    accept(world.got(other), **world.who(world.officer))
    found = strip(other, world.author)
    assert (found.move, found.is_calm) == ("Nobody's.", True)


def test_withdrawn_asks_nothing_of_anybody(world: FilingWorld):
    filing = world.draft()
    withdraw(filing, reason="Filed twice.", **world.actor(world.author))
    found = strip(filing, world.author)
    assert found.happening == "Withdrawn; it stays on record."
    assert found.is_calm
