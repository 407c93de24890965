from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from escalation.models import FeedToken
from escalation.oncall.feeds import (
    find_feed,
    make_feed,
    revoke_feed,
    shifts_of_feed,
)
from escalation.oncall.ical_feed import FeedShift, write_calendar
from escalation.oncall.plan import Shift
from incidents.errors import BadInput
from tests.factories import NOW


def feed_of(crew, owner=None, days=30, user=None):
    return make_feed(owner or crew.schedule, days=days, **crew.by(user or crew.ann))


def test_a_feed_is_found_by_its_secret_until_it_ends(crew):
    feed, secret = feed_of(crew)
    assert find_feed(secret, now=NOW) == feed
    assert find_feed(secret, now=NOW + timedelta(days=30)) is None
    assert find_feed(f"{secret}x", now=NOW) is None
    assert find_feed(secret.removeprefix("tocf_"), now=NOW) is None


def test_the_secret_itself_is_nowhere_in_the_row(crew):
    feed, secret = feed_of(crew)
    values = FeedToken.objects.filter(pk=feed.pk).values().get()
    assert [v for v in values.values() if secret in str(v)] == []
    assert secret.startswith(feed.prefix)


def test_a_revoked_feed_is_not_found(crew):
    feed, secret = feed_of(crew)
    revoke_feed(feed, actor=crew.actor(crew.ann), now=NOW)
    assert find_feed(secret, now=NOW) is None


def test_a_feed_ends_when_its_maker_leaves(crew):
    _, secret = feed_of(crew)
    crew.ann.memberships.update(ended_at=NOW)
    assert find_feed(secret, now=NOW) is None


def test_a_feed_of_an_archived_schedule_is_not_found(crew):
    _, secret = feed_of(crew)
    type(crew.schedule).objects.update(archived_at=NOW)
    assert find_feed(secret, now=NOW) is None


def test_a_feed_of_a_schedule_has_everybody(crew):
    feed, _ = feed_of(crew)
    people = {pk for _, shift in shifts_of_feed(feed, now=NOW) for pk in shift.people}
    assert people == {crew.ann.pk, crew.bob.pk}


def test_a_feed_of_a_person_has_only_their_shifts(crew):
    feed, _ = feed_of(crew, crew.lab)
    found = shifts_of_feed(feed, now=NOW)
    assert {shift.people for _, shift in found} == {(crew.ann.pk,)}
    assert {schedule.slug for schedule, _ in found} == {"duty"}


def test_a_feed_shows_the_same_shifts_an_hour_later(crew):
    feed, _ = feed_of(crew)
    later = shifts_of_feed(feed, now=NOW + timedelta(hours=1))
    assert shifts_of_feed(feed, now=NOW) == later


def test_a_feed_looks_ahead_for_months(crew):
    feed, _ = feed_of(crew)
    found = [shift for _, shift in shifts_of_feed(feed, now=NOW)]
    assert found[-1].end > NOW + timedelta(days=110)


@pytest.mark.parametrize("days", [0, 367])
def test_a_feed_lasts_a_year_at_most(crew, days):
    with pytest.raises(BadInput):
        feed_of(crew, days=days)


def test_the_file_is_read_by_a_calendar_program():
    start = datetime(2026, 11, 23, 9, tzinfo=UTC)
    end = start + timedelta(hours=12)
    rows = [
        FeedShift(1, "Duty; all, of it", Shift(start, end, (1, 2), "rotation:x")),
        FeedShift(1, "Duty", Shift(end, end + timedelta(hours=1), (2,), "fallback")),
    ]
    text = write_calendar(rows, {1: "Ann", 2: "Bob"}, title="Duty", now=start)
    events = Calendar.from_ical(text).walk("VEVENT")
    assert [str(event["SUMMARY"]) for event in events] == [
        "Duty; all, of it: Ann, Bob",
        "Duty: Bob (fallback)",
    ]
    assert (events[0]["DTSTART"].dt, events[0]["DTEND"].dt) == (start, end)
    again = write_calendar(rows, {1: "Ann"}, title="Duty", now=end)
    uids = [str(event["UID"]) for event in Calendar.from_ical(again).walk("VEVENT")]
    assert uids == [str(event["UID"]) for event in events]
