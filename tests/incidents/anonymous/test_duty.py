"""The reporter hears every month; until then the handlers are reminded each day."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalation.loop import fire_due
from escalation.models import Notification
from incidents.anonymous.handling import answer, close
from incidents.anonymous.receiving import add_message
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.models import AnonymousReport, Entry, Timer
from tests import factories as make
from tests.factories import NOW
from tests.incidents.anonymous.reporting import Desk

DAY = timedelta(days=1)
DUE = datetime(2026, 12, 23, 3, tzinfo=NOW.tzinfo)


@pytest.fixture
def report(desk: Desk) -> AnonymousReport:
    make.contact(desk.lab, desk.handler, address="handler@aurora.example")
    make.contact(desk.lab, address="desk@aurora.example")
    admin = make.person(desk.lab, role="admin")
    make.contact(desk.lab, admin, address="admin@aurora.example")
    return make.anonymous_report(desk.row, title="secret", text="secret text")


def subjects(since: datetime) -> list[tuple[str, str]]:
    rows = Notification.objects.filter(queued_at__gte=since).order_by("pk")
    return [(row.address, row.message["subject"]) for row in rows]


def entries(kind: str) -> int:
    return Entry.objects.filter(kind=kind).count()


def act(desk: Desk) -> dict:
    return {"user": desk.handler, "actor": Actor.of(desk.handler, desk.lab)}


NEWS = "[Tocsin] There is something new in an anonymous report"
ASKED = "[Tocsin] The reporter of an anonymous report is owed a word"
LATE = "[Tocsin] The reporter of an anonymous report should have heard from you"


def test_handlers_alone_are_told_and_not_what_it_says(report: AnonymousReport):
    fire_due(NOW)
    assert subjects(NOW) == [("handler@aurora.example", NEWS)]
    assert "secret" not in str(Notification.objects.get().message)
    assert report.ref in Notification.objects.get().message["text"]


def test_without_a_way_to_reach_a_handler_nobody_stands_in(desk: Desk):
    make.contact(desk.lab, address="desk@aurora.example")
    make.anonymous_report(desk.row)
    fire_due(NOW)
    assert Notification.objects.count() == 0


def test_handlers_are_reminded_five_days_before_and_then_each_day(
    report: AnonymousReport,
):
    fire_due(NOW)
    told = []
    for days in (-6, -5, -4, 0, 1):
        at = DUE + days * DAY
        fire_due(at)
        told.append(subjects(at))
    one = "handler@aurora.example"
    assert told == [[], [(one, ASKED)], [(one, ASKED)], [(one, LATE)], [(one, LATE)]]
    assert (entries("report.status_asked"), entries("report.status_overdue")) == (4, 1)


def test_answer_sets_the_next_word_a_month_later(report: AnonymousReport, desk: Desk):
    at = DUE - 2 * DAY
    answer(report, text="Still looking.", now=at, **act(desk))
    fire_due(DUE + DAY)
    report.refresh_from_db()
    assert report.status_due_at == datetime(2027, 1, 21, 3, tzinfo=NOW.tzinfo)
    assert entries("report.status_asked") == 0
    assert Timer.objects.filter(kind="report.status").count() == 1


def test_message_of_the_reporter_sets_nothing(report: AnonymousReport):
    add_message(report, text="and?", once=b"1", now=DUE - DAY)
    report.refresh_from_db()
    assert report.status_due_at == DUE


def test_closed_report_is_owed_nothing(report: AnonymousReport, desk: Desk):
    close(report, text="Done.", now=NOW + DAY, **act(desk))
    fire_due(DUE + DAY)
    assert entries("report.status_asked") == 0
    assert Timer.objects.filter(kind="report.status").count() == 0


def test_overdue_is_recorded_with_its_instant(report: AnonymousReport):
    fire_due(DUE)
    entry = Entry.objects.get(kind="report.status_overdue")
    fields = read_fields([entry])[entry.pk]
    assert (fields["report"], fields["due_at"]) == (
        report.ref,
        "2026-12-23T03:00:00.000Z",
    )


def test_instants_of_a_reporter_are_cut_to_the_hour(desk: Desk):
    moment = NOW.replace(minute=41, second=7)
    made = make.anonymous_report(desk.row, now=moment)
    entry = Entry.objects.get(kind="report.received")
    message = made.messages.get()
    assert [made.received_at, message.at, entry.at] == [NOW] * 3
    assert Timer.objects.get(kind="report.news").due_at == moment


@pytest.mark.parametrize("count", [1, 3])
def test_reminding_takes_the_same_number_of_statements(desk: Desk, count: int):
    make.contact(desk.lab, desk.handler)
    for _ in range(count):
        make.anonymous_report(desk.row)
    fire_due(NOW)
    with CaptureQueriesContext(connection) as queries:
        fire_due(DUE)
    assert len(queries) == 16
