from datetime import UTC, datetime

from escalation.calendars.loading import load_calendars
from tests.factories import agency, calendar, lab


def test_calendars_are_loaded_by_organisation_and_slug_in_one_query(
    db, django_assert_num_queries
):
    first, second = lab(), agency()
    calendar(first, slug="office")
    calendar(first, slug="nights", hours={"fri": [["22:00", "06:00"]]})
    calendar(second, slug="office", zone="Asia/Kolkata")
    pairs = [(first.pk, "office"), (second.pk, "office"), (second.pk, "nights")]

    with django_assert_num_queries(1):
        loaded = load_calendars(pairs)

    assert set(loaded) == {(first.pk, "office"), (second.pk, "office")}
    assert loaded[second.pk, "office"].zone == "Asia/Kolkata"


def test_an_archived_calendar_is_still_loaded(db):
    owner = lab()
    made = calendar(owner, slug="office", archived_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert list(load_calendars([(owner.pk, made.slug)])) == [(owner.pk, "office")]


def test_no_pairs_need_no_query(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert load_calendars([]) == {}
