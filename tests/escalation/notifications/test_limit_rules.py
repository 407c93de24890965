import doctest
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalation.notifications import limit_rules
from escalation.notifications.limit_rules import Limit, Purse, Wish, hold_back
from tests.escalation.notifications.makers import NOW

SECOND = timedelta(seconds=1)


def purse(per_minute, at_once=1):
    return Purse(Limit(per_minute, at_once), paid_until=NOW, booked_until=NOW)


def wish(name, *purses, is_urgent=False, severity=3):
    return Wish(name, purses or ("a",), is_urgent, severity)


def test_examples_hold():
    assert doctest.testmod(limit_rules).failed == 0


def test_as_many_as_allowed_go_at_once():
    later = hold_back([wish(n) for n in range(5)], {"a": purse(60, 3)}, now=NOW)
    assert later == {3: NOW + SECOND, 4: NOW + 2 * SECOND}


def test_those_that_wait_line_up_behind_each_other():
    purses = {"a": purse(60)}
    hold_back([wish(n) for n in range(3)], purses, now=NOW)
    later = hold_back([wish(9)], purses, now=NOW)
    assert later == {9: NOW + 3 * SECOND}


def test_urgent_goes_before_what_was_due_earlier():
    wishes = [wish("low"), wish("page", is_urgent=True)]
    assert hold_back(wishes, {"a": purse(60)}, now=NOW) == {"low": NOW + SECOND}


def test_severe_goes_before_mild():
    wishes = [wish("mild", severity=1), wish("severe", severity=5)]
    assert set(hold_back(wishes, {"a": purse(60)}, now=NOW)) == {"mild"}


def test_urgent_that_must_wait_gets_the_next_free_instant():
    purses = {"a": purse(60)}
    hold_back([wish(n) for n in range(20)], purses, now=NOW)
    later = hold_back(
        [wish("p", is_urgent=True), wish("q", is_urgent=True)], purses, now=NOW
    )
    assert later == {"p": NOW + SECOND, "q": NOW + 2 * SECOND}


def test_full_purse_of_the_provider_holds_back_too():
    purses = {"one": purse(600, 10), "all": purse(60)}
    later = hold_back([wish(1, "one", "all"), wish(2, "one", "all")], purses, now=NOW)
    assert later == {2: NOW + SECOND}


def test_message_that_waits_pays_nothing():
    purses = {"one": purse(60), "all": purse(600, 10)}
    hold_back([wish(n, "one", "all") for n in range(9)], purses, now=NOW)
    assert purses["all"].paid_until == NOW + timedelta(seconds=0.1)


def share(of):
    return Purse(of.limit, paid_until=NOW, booked_until=NOW, of=of)


def test_organisations_of_a_shared_provider_take_turns():
    both = purse(60, 3)
    purses = {"mine": share(both), "theirs": share(both)}
    wishes = [wish(n, "mine", severity=3) for n in range(5)]
    later = hold_back([*wishes, wish(9, "theirs", severity=0)], purses, now=NOW)
    assert later == {n: NOW + (n - 1) * SECOND for n in (2, 3, 4)}
    # The next one is theirs, though all of mine have waited for longer.
    at = NOW + SECOND
    later = hold_back([wish(2, "mine"), wish(10, "theirs")], purses, now=at)
    assert set(later) == {2}
    later = hold_back([wish(2, "mine"), wish(11, "theirs")], purses, now=at + SECOND)
    assert set(later) == {11}


def test_backlog_of_one_organisation_stands_before_no_other():
    both = purse(60)
    purses = {"mine": share(both), "theirs": share(both)}
    hold_back([wish(n, "mine") for n in range(600)], purses, now=NOW)
    assert hold_back([wish("a", "theirs")], purses, now=NOW) == {"a": NOW + SECOND}


def test_instant_lies_no_further_ahead_than_a_minute():
    purses = {"a": purse(60)}
    later = hold_back([wish(n) for n in range(600)], purses, now=NOW)
    assert max(later.values()) == NOW + 60 * SECOND
    # All of them are cancelled: who comes two minutes later waits for nobody.
    assert hold_back([wish("new")], purses, now=NOW + 120 * SECOND) == {}


def test_limit_of_less_than_one_a_minute_still_holds():
    purses = {"a": purse(1)}
    later = hold_back([wish(n) for n in range(3)], purses, now=NOW)
    assert later == {1: NOW + 60 * SECOND, 2: NOW + 60 * SECOND}


STEPS = st.lists(
    st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=8), max_size=12
)


@given(steps=STEPS, per_minute=st.integers(1, 120), at_once=st.integers(1, 6))
def test_limit_holds_over_any_time_and_nothing_is_lost(steps, per_minute, at_once):
    """Against a slow reference: no window holds more than it may."""
    purses = {"a": purse(per_minute, at_once)}
    waiting: dict[int, tuple] = {}
    sent: list = []
    for second in range(len(steps) + 1):
        now = NOW + second * SECOND
        for is_urgent, severity in steps[second] if second < len(steps) else ():
            waiting[len(sent) + len(waiting)] = (now, is_urgent, severity)
        due = [n for n, (at, *_) in waiting.items() if at <= now]
        wishes = [Wish(n, ("a",), waiting[n][1], waiting[n][2]) for n in due]
        later = hold_back(wishes, purses, now=now)
        for n in due:
            if n in later:
                assert later[n] > now
                waiting[n] = (later[n], *waiting[n][1:])
            else:
                sent.append(now)
                del waiting[n]
    for start in sent:
        for length in (1, 5, 60):
            end = start + length * SECOND
            inside = sum(start <= at < end for at in sent)
            assert inside <= at_once + per_minute * length / 60
