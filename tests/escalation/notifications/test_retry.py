from datetime import UTC, datetime, timedelta

import pytest

from escalation.notifications.retry import (
    LIFETIMES,
    LONGEST_WAIT,
    may_repeat_unknown,
    next_attempt,
    read_retry_after,
)

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def delays(purpose: str, count: int) -> list[float]:
    found = [
        next_attempt(purpose, attempt=n, now=NOW, expires_at=LATER, jitter=0.5)
        for n in range(1, count + 1)
    ]
    return [(at - NOW).total_seconds() for at in found if at is not None]


def test_page_is_tried_often_and_evenly():
    assert delays("page", 6) == [5, 15, 30, 60, 60, 60]


def test_statutory_question_is_tried_ever_more_rarely():
    assert delays("decision", 7) == [15, 60, 300, 900, 1800, 3600, 3600]


def test_jitter_moves_a_delay_by_a_tenth_either_way():
    at = [
        next_attempt("page", attempt=4, now=NOW, expires_at=LATER, jitter=jitter)
        for jitter in (0.0, 1.0)
    ]
    assert at == [NOW + timedelta(seconds=54), NOW + timedelta(seconds=66)]


def test_retry_after_is_never_undercut():
    wait = timedelta(minutes=10)
    at = next_attempt(
        "page", attempt=1, now=NOW, expires_at=LATER, retry_after=wait, jitter=0.5
    )
    assert at == NOW + wait


def test_attempt_beyond_the_lifetime_is_given_up():
    expires_at = NOW + timedelta(seconds=5)
    at = next_attempt("page", attempt=1, now=NOW, expires_at=expires_at, jitter=0.5)
    assert at is None


def test_page_lives_half_an_hour_and_a_statutory_question_three_days():
    assert LIFETIMES["page"] == timedelta(minutes=30)
    assert LIFETIMES["decision"] == timedelta(hours=72)


def test_unknown_outcome_is_repeated_once_where_a_repeat_rings():
    assert [may_repeat_unknown("sms", attempt=n) for n in (1, 2)] == [True, False]
    assert [may_repeat_unknown("email", attempt=n) for n in (1, 2)] == [True, True]


def test_wait_beyond_the_lifetime_is_given_up_however_long_it_is():
    at = next_attempt(
        "page",
        attempt=1,
        now=NOW,
        expires_at=LATER,
        retry_after=timedelta.max,
        jitter=0.5,
    )
    assert at is None


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Sun, 01 Mar 2026 03:05:00 GMT", timedelta(minutes=5)),
        ("Sun, 01 Mar 2026 03:05:00 -0000", timedelta(minutes=5)),
        ("Sun, 01 Mar 2020 03:00:00 GMT", timedelta()),
        ("Fri, 31 Dec 9999 23:59:59 -1200", LONGEST_WAIT),
        ("999999999999", LONGEST_WAIT),
        ("99999999999999999999999999", LONGEST_WAIT),
        ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", LONGEST_WAIT),
        ("9" * 5000, None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_a_day_at_most(value, wait):
    assert read_retry_after(value, now=NOW) == wait
