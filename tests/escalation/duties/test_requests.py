from dataclasses import replace
from datetime import UTC, datetime, timedelta

from escalation.duties.plan import Change, Key, plan
from escalation.duties.requests import (
    AuthorityRequest,
    filing_of,
    is_request,
    key_of_request,
    terms_of_request,
)

ASKED_AT = datetime(2026, 11, 27, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ASKED = AuthorityRequest(
    id=17,
    incident_id=1,
    organisation_id=2,
    regime_id="eu-nis2-23",
    regime_digest="d" * 64,
    filing_ref="FIL-2026-ABC1234",
    number=2,
    authority="Safety Agency",
    asked_at=ASKED_AT,
    due_at=ASKED_AT + 2 * DAY,
)
KEY = key_of_request(ASKED)


def steps(before: AuthorityRequest | None, after: AuthorityRequest):
    standing = {KEY: terms_of_request(before)} if before else {}
    return plan(standing, {KEY: terms_of_request(after)})


def test_request_has_a_clock_of_its_own_under_its_law():
    assert Key("eu-nis2-23", "request:17", 1) == KEY
    assert is_request(KEY.stage)
    assert not is_request("intermediate")


def test_request_runs_from_the_asking_to_the_date_that_the_authority_set():
    terms = terms_of_request(ASKED)
    assert (terms.state, terms.due_operational) == ("running", ASKED.due_at)
    assert (terms.anchor, terms.counted_from) == ("authority_request", ASKED_AT)
    assert terms.due_statutory_latest is None
    assert filing_of(terms.citation) == ASKED.filing_ref


def test_request_without_a_date_is_due_and_no_date_is_made_up():
    terms = terms_of_request(replace(ASKED, due_at=None))
    assert (terms.state, terms.due_operational) == ("no_date", None)
    [step] = steps(None, replace(ASKED, due_at=None))
    assert step.moved_because == "the authority set no date"


def test_answer_meets_it_at_its_own_instant_and_keeps_the_date():
    [step] = steps(ASKED, replace(ASKED, answered_at=ASKED_AT + DAY))
    assert step.changes == (Change.MET,)
    assert step.after.met_at == ASKED_AT + DAY
    assert step.after.due_operational == ASKED.due_at


def test_another_date_moves_it_for_the_reason_that_the_authority_gave():
    moved = replace(ASKED, due_at=ASKED_AT + DAY, because="The council meets.")
    [step] = steps(ASKED, moved)
    assert (step.changes, step.is_earlier) == ((Change.MOVED,), True)
    assert step.moved_because == "set by the authority: The council meets."


def test_withdrawal_ends_it():
    gone = replace(ASKED, withdrawn_at=ASKED_AT + DAY, withdrawn_because="Solved.")
    [step] = steps(ASKED, gone)
    assert step.changes == (Change.CANCELLED,)
    assert step.after.reason == "withdrawn by the authority: Solved."


def test_request_that_was_withdrawn_before_anybody_looked_is_no_clock():
    gone = replace(ASKED, withdrawn_at=ASKED_AT)
    assert steps(None, gone) == []


def test_looking_twice_changes_nothing():
    for one in (
        ASKED,
        replace(ASKED, due_at=None),
        replace(ASKED, answered_at=ASKED_AT + DAY),
        replace(ASKED, withdrawn_at=ASKED_AT + DAY),
    ):
        assert steps(one, one) == []
