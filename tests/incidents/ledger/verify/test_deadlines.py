"""Row 21 of the threat table: a passed deadline that is kept quiet, or a false one."""

import pytest

from incidents.ledger.policy import parse_policy
from tests.incidents.ledger.simulated_log import LOG_KEY
from tests.incidents.ledger.verify.clock_stories import (
    STORIES,
    done_long_before_it_was_due,
    told,
    with_a_withheld_end,
)
from tests.incidents.ledger.verify.verifying import outcome_of, verdict_on


@pytest.mark.parametrize(
    ("happens", "verdict", "outcomes"),
    [pytest.param(*story, id=story[0].__name__) for story in STORIES],
)
def test_record_of_a_deadline_is_judged(happens, verdict, outcomes):
    bundle = told(happens)
    assert verdict_on(bundle) == verdict
    if outcomes is not None:
        assert [one.outcome for one in outcome_of(bundle).clocks] == outcomes


def test_what_is_withheld_may_have_said_that_it_passed():
    assert verdict_on(with_a_withheld_end()) == "CLOCK_UNDETERMINED"


def test_without_witnesses_the_operators_clock_is_named():
    policy = parse_policy(f"log {LOG_KEY.public.vkey()}\nquorum none\n")
    outcome = outcome_of(told(done_long_before_it_was_due), policy=policy)
    assert [one.outcome for one in outcome.clocks] == [
        "done in time by the operator's clock"
    ]
    assert outcome.exit_code == 0
