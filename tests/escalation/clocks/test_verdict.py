from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.clocks.sla import Pause, Terms, due_at
from escalation.clocks.verdict import (
    Change,
    Facts,
    Standing,
    State,
    judge,
)
from escalation.policies.clock_targets import Notice
from tests.escalation.clocks.test_sla import MINUTE, START, instants, terms

HOUR = timedelta(hours=1)
CLOCK = Terms(START, HOUR, notices=(Notice(percent=50), Notice(minutes_before=10)))
FRESH = Standing(State.RUNNING)
NOTHING = Facts()


def test_nothing_happens_before_the_first_warning():
    verdict = judge(FRESH, CLOCK, NOTHING, START + 29 * MINUTE)
    assert (verdict.state, verdict.changes) == (State.RUNNING, ())


def test_a_warning_is_given_at_its_instant_and_once():
    at = START + 30 * MINUTE
    verdict = judge(FRESH, CLOCK, NOTHING, at)
    assert verdict.changes == (Change.WARNED,)
    assert verdict.notices == (Notice(percent=50),)
    again = judge(Standing(verdict.state, verdict.warned), CLOCK, NOTHING, at)
    assert again.changes == ()


def test_exactly_at_the_due_instant_it_is_on_time():
    due = START + HOUR
    seen = frozenset({"50%", "10m"})
    at_due = judge(Standing(State.RUNNING, seen), CLOCK, NOTHING, due)
    assert at_due.changes == ()
    met = judge(FRESH, CLOCK, Facts(done_at=due), due + HOUR)
    assert (met.state, met.changes) == (State.MET, (Change.MET,))


def test_a_breach_is_said_once_and_without_the_warnings_that_came_too_late():
    verdict = judge(FRESH, CLOCK, NOTHING, START + 2 * HOUR)
    assert (verdict.state, verdict.changes) == (State.BREACHED, (Change.BREACHED,))
    assert verdict.warned == {"50%", "10m"}
    again = judge(
        Standing(verdict.state, verdict.warned), CLOCK, NOTHING, START + 3 * HOUR
    )
    assert (again.state, again.changes) == (State.BREACHED, ())


def test_what_is_done_late_is_both_breached_and_done():
    late = Facts(done_at=START + 2 * HOUR)
    verdict = judge(FRESH, CLOCK, late, START + 2 * HOUR)
    assert verdict.changes == (Change.BREACHED, Change.MET)
    assert (verdict.state, verdict.is_over) == (State.BREACHED, True)
    after = judge(Standing(State.BREACHED), CLOCK, late, START + 2 * HOUR)
    assert after.changes == (Change.MET,)


def test_what_ends_in_time_is_cancelled_and_late_breached():
    early = judge(FRESH, CLOCK, Facts(ended_at=START + MINUTE), START + 3 * HOUR)
    assert (early.state, early.changes) == (State.CANCELLED, (Change.CANCELLED,))
    late = judge(FRESH, CLOCK, Facts(ended_at=START + 2 * HOUR), START + 3 * HOUR)
    assert (late.state, late.changes) == (State.BREACHED, (Change.BREACHED,))


def test_a_clock_pauses_and_goes_on():
    open_pause = Terms(START, HOUR, pauses=(Pause(START + MINUTE),))
    paused = judge(FRESH, open_pause, NOTHING, START + 5 * HOUR)
    assert (paused.state, paused.changes) == (State.PAUSED, (Change.PAUSED,))
    assert paused.due_at is None
    ended = Terms(START, HOUR, pauses=(Pause(START + MINUTE, START + 5 * HOUR),))
    again = judge(Standing(State.PAUSED), ended, NOTHING, START + 5 * HOUR)
    assert (again.state, again.changes) == (State.RUNNING, (Change.RESUMED,))
    assert again.due_at == START + 6 * HOUR - MINUTE


@settings(max_examples=200, deadline=None)
@given(terms, instants, st.sampled_from([NOTHING, Facts(done_at=START + HOUR)]))
def test_judging_twice_changes_nothing(clock, now, facts):
    first = judge(FRESH, clock, facts, now)
    if first.is_over:
        return
    second = judge(Standing(first.state, first.warned), clock, facts, now)
    assert second.changes == ()
    assert (second.state, second.due_at) == (first.state, first.due_at)


@settings(max_examples=100, deadline=None)
@given(terms, st.lists(instants, min_size=1, max_size=8))
def test_no_warning_comes_after_the_breach(clock, looks):
    standing, said = FRESH, []
    for now in sorted(looks):
        verdict = judge(standing, clock, NOTHING, now)
        standing = Standing(verdict.state, verdict.warned)
        said += verdict.changes
    if Change.BREACHED in said:
        assert said[-1] == Change.BREACHED
        assert said.count(Change.BREACHED) == 1
        assert max(looks) > due_at(clock)
    assert said.count(Change.WARNED) <= len(clock.notices)
