from datetime import timedelta

import pytest

from escalation.models import ImportedCalendar
from escalation.oncall.importing import (
    NotFetched,
    add_calendar,
    refresh_next,
    refresh_soon,
    remove_calendar,
)
from escalation.oncall.loading import plans_of
from escalation.oncall.shifts import who
from incidents.errors import BadInput
from incidents.events.feed import read_fields
from incidents.models import Entry
from tests.escalation.oncall.test_ical_events import calendar
from tests.factories import NOW

URL = "https://calendar.example/private-secret/team.ics"
QUARTER = timedelta(minutes=15)


def text(person="bob@aurora.example", day="20261123"):
    return calendar(
        f"DTSTART:{day}T000000Z", f"DTEND:{day}T060000Z", f"SUMMARY:{person}"
    )


class Server:
    """What an address answers, in turn; it remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, url, limit):
        self.asked.append(url)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer.encode()


def add(crew, **more):
    values = {"name": "team", "actor": crew.actor(crew.admin), "now": NOW, **more}
    return add_calendar(crew.schedule, **values)


def on_call(crew):
    return who(plans_of([crew.schedule])[crew.schedule.pk], NOW)


def changes():
    entries = Entry.objects.filter(kind="config.changed").order_by("pk")
    return [(f["what"], f["changes"]) for f in read_fields(entries).values()]


def test_a_file_is_a_layer_at_once(crew):
    assert on_call(crew) == (crew.ann.pk,)
    add(crew, text=text())
    assert on_call(crew) == (crew.bob.pk,)


def test_an_address_is_fetched_and_then_every_quarter_of_an_hour(crew):
    add(crew, url=URL)
    server = Server(text(), text("cat@aurora.example"))
    assert refresh_next(NOW, fetch=server) is True
    assert on_call(crew) == (crew.bob.pk,)
    assert refresh_next(NOW + QUARTER / 2, fetch=server) is False
    assert refresh_next(NOW + QUARTER, fetch=server) is True
    assert on_call(crew) == (crew.cat.pk,)
    assert server.asked == [URL, URL]


def test_the_last_good_copy_stays_when_the_server_is_down(crew):
    add(crew, url=URL)
    server = Server(text(), NotFetched("the server answered 503"), "not a calendar")
    for number in range(3):
        refresh_next(NOW + number * QUARTER, fetch=server)
        assert on_call(crew) == (crew.bob.pk,)
    row = ImportedCalendar.objects.get()
    assert "cannot be read" in row.error or "VCALENDAR" in row.error
    assert (row.fetched_at, row.tried_at) == (NOW, NOW + 2 * QUARTER)


def test_an_error_ends_with_the_next_good_reading(crew):
    add(crew, url=URL)
    server = Server(NotFetched("the server answered 503"), text())
    refresh_next(NOW, fetch=server)
    assert ImportedCalendar.objects.get().error == "the server answered 503"
    refresh_next(NOW + QUARTER, fetch=server)
    assert ImportedCalendar.objects.get().error == ""


def test_only_what_is_new_is_recorded(crew):
    add(crew, url=URL)
    down = NotFetched("the server answered 503")
    server = Server(text(), text(), down, down, text())
    for number in range(5):
        refresh_next(NOW + number * QUARTER, fetch=server)
    name = "calendar team of schedule duty"
    assert changes() == [
        (f"{name} added", ["calendar.example"]),
        (f"{name} read anew", ["1 events"]),
        (f"{name} cannot be read", ["the server answered 503"]),
        (f"{name} read anew", ["1 events"]),
    ]


def test_the_address_is_nowhere_in_clear(crew):
    add(crew, url=URL)
    [values] = ImportedCalendar.objects.values()
    assert [name for name, v in values.items() if "private-secret" in str(v)] == []
    assert [line for line in changes() if "private-secret" in str(line)] == []


def test_strangers_are_told_and_are_not_on_call(crew):
    calendar_ = add(crew, text=text("eve@other.example"))
    calendar_.refresh_from_db()
    assert calendar_.unmatched == ["eve@other.example"]
    assert on_call(crew) == (crew.ann.pk,)


def test_a_removed_calendar_takes_its_shifts_along(crew):
    remove_calendar(add(crew, text=text()), actor=crew.actor(crew.admin), now=NOW)
    assert on_call(crew) == (crew.ann.pk,)
    assert ImportedCalendar.objects.count() == 0


def test_refreshing_soon_makes_it_due(crew):
    row = add(crew, url=URL)
    server = Server(text(), text())
    refresh_next(NOW, fetch=server)
    refresh_soon(row, now=NOW)
    assert refresh_next(NOW, fetch=server) is True


@pytest.mark.parametrize("sent", [{"url": f"{URL}?new"}, {"text": text()}])
def test_a_calendar_replaced_while_it_is_read_is_not_written_over(crew, sent):
    add(crew, url=URL)

    def slow(url, limit):
        add(crew, **sent)
        return text("cat@aurora.example").encode()

    refresh_next(NOW, fetch=slow)
    assert crew.cat.pk not in on_call(crew)
    server = Server(text())
    assert refresh_next(NOW, fetch=server) is True
    assert on_call(crew) == (crew.bob.pk,)
    assert server.asked == [url for name, url in sent.items() if name == "url"]


def test_a_calendar_removed_while_it_is_read_stays_away(crew):
    row = add(crew, url=URL)

    def slow(url, limit):
        remove_calendar(row, actor=crew.actor(crew.admin), now=NOW)
        return text().encode()

    assert refresh_next(NOW, fetch=slow) is True
    assert (on_call(crew), ImportedCalendar.objects.count()) == ((crew.ann.pk,), 0)


def test_calendars_of_archived_schedules_are_left_alone(crew):
    add(crew, url=URL)
    type(crew.schedule).objects.update(archived_at=NOW)
    assert refresh_next(NOW, fetch=Server()) is False


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "url"),
        ({"url": URL, "text": "x"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://[oops"}, "url"),
        ({"text": "no calendar"}, "text"),
    ],
)
def test_what_is_no_calendar_is_refused(crew, sent, field):
    with pytest.raises(BadInput) as caught:
        add(crew, **sent)
    assert caught.value.field == field
    assert ImportedCalendar.objects.count() == 0
