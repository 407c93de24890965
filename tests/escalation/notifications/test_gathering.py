from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from escalation.notifications.gathering import Page, Recent, leaves_at, sort_out

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def pages(*severities):
    return [Page(number, severity) for number, severity in enumerate(severities, 1)]


def test_first_pages_go_out_and_the_rest_is_gathered():
    assert sort_out(pages(3, 3, 3, 3), Recent(), after=2) == ([1, 2], [3, 4])


def test_pages_that_went_before_count():
    assert sort_out(pages(3, 3), Recent(1, 3), after=2) == ([1], [2])


def test_more_severe_page_always_goes_out():
    assert sort_out(pages(3, 4, 4), Recent(9, 3), after=2) == ([2], [1, 3])


def test_most_severe_of_a_storm_are_those_that_go_out():
    assert sort_out(pages(1, 2, 5, 3), Recent(), after=1) == ([3], [1, 2, 4])


def test_nothing_is_gathered_by_whoever_wants_none():
    assert sort_out(pages(3, 3, 3), Recent(99, 5), after=0) == ([1, 2, 3], [])


def test_first_digest_leaves_after_a_minute():
    recent = Recent(5, 3, NOW - 2 * MINUTE, has_digest=False)
    assert leaves_at(recent, minutes=10, now=NOW) == NOW + MINUTE


def test_next_digest_leaves_when_the_oldest_message_is_past():
    recent = Recent(6, 3, NOW - 2 * MINUTE, has_digest=True)
    assert leaves_at(recent, minutes=10, now=NOW) == NOW + 8 * MINUTE


@given(
    severities=st.lists(st.integers(0, 5), max_size=30),
    count=st.integers(0, 10),
    highest=st.integers(-1, 5),
    after=st.integers(0, 10),
)
def test_no_page_is_lost_or_hidden_behind_milder_ones(
    severities, count, highest, after
):
    due = pages(*severities)
    recent = Recent(count, highest if count else -1)
    going, gathered = sort_out(due, recent, after=after)
    assert sorted([*going, *gathered]) == [page.id for page in due]
    by_id = {page.id: page.severity for page in due}
    told = max([recent.highest, *(by_id[pk] for pk in going)], default=-1)
    assert all(by_id[pk] <= told for pk in gathered)
