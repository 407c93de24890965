import doctest
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.notifications import circuit_rules
from escalation.notifications.circuit_rules import (
    FAILURES_IN_A_ROW,
    LONGEST_PAUSE,
    WINDOW,
    Health,
    after,
)
from tests.escalation.notifications.makers import NOW

SECOND = timedelta(seconds=1)


def failing(health=None, *, count=1, at=NOW):
    return after(health or Health(), failures=count, has_success=False, now=at)


def test_examples_hold():
    assert doctest.testmod(circuit_rules).failed == 0


def test_circuit_opens_with_the_fifth_failure_in_a_row():
    fourth = failing(count=4)
    assert (fourth.is_open, failing(fourth).is_open) == (False, True)


def test_success_in_between_starts_the_count_anew():
    worked = after(failing(count=4), failures=0, has_success=True, now=NOW)
    assert worked == Health()


def test_failures_after_a_success_of_the_same_batch_count():
    known = after(failing(count=4), failures=2, has_success=True, now=NOW)
    assert (known.failures, known.is_open) == (2, False)


def test_failures_that_are_far_apart_do_not_add_up():
    fourth = failing(count=4)
    late = NOW + WINDOW + SECOND
    assert failing(fourth, at=late).failures == 1


def test_send_that_began_before_changes_nothing():
    opened = failing(count=5)
    assert failing(opened, count=3, at=NOW + SECOND) == opened


@pytest.mark.parametrize("number", range(8))
def test_each_probe_that_fails_doubles_the_pause(number):
    health = failing(count=5)
    for _ in range(number):
        health = failing(health, at=health.open_until)
    opened_for = [15, 30, 60, 120, 240, 300, 300, 300][number]
    at = health.open_until - timedelta(seconds=opened_for)
    assert at == NOW + timedelta(seconds=sum([15, 30, 60, 120, 240, 300, 300][:number]))


def test_probe_that_works_closes_it():
    opened = failing(count=5)
    closed = after(opened, failures=0, has_success=True, now=opened.open_until)
    assert closed == Health()


@given(st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.integers(0, 900))))
def test_circuit_is_never_open_for_longer_than_the_longest_pause(steps):
    health, now = Health(), NOW
    for failures, has_success, seconds in steps:
        now += timedelta(seconds=seconds)
        health = after(health, failures=failures, has_success=has_success, now=now)
        if health.is_open:
            assert health.failures >= FAILURES_IN_A_ROW
            assert health.open_until is not None
            assert health.open_until - now <= LONGEST_PAUSE
