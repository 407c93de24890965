"""One more colleague reads one report; nobody is added in silence."""

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from escalation.loop import fire_due
from escalation.models import Notification
from incidents.anonymous.desks import DeskDraft, save_desk, unread_reports
from incidents.anonymous.readers import candidates, hide_from, show_to
from incidents.anonymous.receiving import add_message
from incidents.errors import BadInput, NotAllowed
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.models import AnonymousReport, Entry, Membership, User
from tests import factories as make
from tests.api_world import client_of
from tests.incidents.anonymous.reporting import Desk

LATER = make.NOW + timedelta(minutes=5)


@pytest.fixture
def report(desk: Desk) -> AnonymousReport:
    return make.anonymous_report(desk.row, title="shown title")


@pytest.fixture
def colleague(desk: Desk) -> User:
    return make.person(desk.lab, "colleague@aurora.example", role="staff")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def show(report: AnonymousReport, person: User, *, by: User) -> None:
    actor = Actor.of(by, report.organisation)
    show_to(report, person=person.email, user=by, actor=actor, now=LATER)


def hide(report: AnonymousReport, person: User, *, by: User) -> None:
    actor = Actor.of(by, report.organisation)
    hide_from(report, person=person.email, user=by, actor=actor, now=LATER)


def visible(user: User) -> list[str]:
    rows = AnonymousReport.objects.visible_to(user)
    return sorted(rows.values_list("ref", flat=True))


def told() -> list[tuple[str, str]]:
    fire_due(LATER)
    return sorted(
        (row.recipient_name, row.message["text"])
        for row in Notification.objects.all()
        if "Who reads" in row.message["subject"]
    )


def access_entries() -> list[tuple[str, str, str]]:
    entries = list(Entry.objects.filter(kind__startswith="access.").order_by("pk"))
    fields = read_fields(entries)
    return [(e.kind, fields[e.pk]["who"], fields[e.pk]["role"]) for e in entries]


def test_colleague_sees_the_report_that_was_shown_and_no_other(
    desk: Desk, report: AnonymousReport, colleague: User
):
    hidden = make.anonymous_report(desk.row, title="hidden title")
    assert (visible(colleague), unread_reports(colleague)) == ([], None)
    show(report, colleague, by=desk.handler)
    assert (visible(colleague), unread_reports(colleague)) == ([report.ref], 1)
    page = signed_in(colleague).get("/reports/")
    assert ("shown title" in page.text, "hidden title" in page.text) == (True, False)
    other = signed_in(colleague).get(hidden.get_absolute_url())
    assert other.status_code == HTTPStatus.NOT_FOUND
    hide(report, colleague, by=desk.handler)
    assert visible(colleague) == []
    assert access_entries()[-2:] == [
        ("access.granted", str(colleague), f"reader of anonymous report {report.ref}"),
        ("access.revoked", str(colleague), f"reader of anonymous report {report.ref}"),
    ]


def test_colleague_answers_but_shows_it_to_nobody(
    desk: Desk, report: AnonymousReport, colleague: User
):
    third = make.person(desk.lab, role="staff")
    show(report, colleague, by=desk.handler)
    client, place = signed_in(colleague), report.get_absolute_url()
    assert client.post(f"{place}answer/", {"text": "We look."}).status_code == 302
    assert "Show it to one more colleague" not in client.get(place).text
    assert client.post(f"{place}share/", {"person": third.email}).status_code == 403
    with pytest.raises(NotAllowed):
        show(report, third, by=colleague)
    with pytest.raises(NotAllowed):
        hide(report, colleague, by=colleague)
    assert visible(third) == []


def test_who_left_the_organisation_reads_no_more(
    desk: Desk, report: AnonymousReport, colleague: User
):
    show(report, colleague, by=desk.handler)
    Membership.objects.filter(user=colleague).update(ended_at=LATER)
    assert visible(colleague) == []


def test_only_people_of_the_organisation_who_cannot_read_it_yet(
    desk: Desk, report: AnonymousReport, colleague: User
):
    stranger = make.person(make.lab("meridian"))
    assert candidates(report) == [colleague]
    with pytest.raises(BadInput, match="Name people who have a role in Aurora Labs"):
        show(report, stranger, by=desk.handler)
    show(report, colleague, by=desk.handler)
    assert candidates(report) == []
    for person in (colleague, desk.handler):
        with pytest.raises(BadInput, match="can read it already"):
            show(report, person, by=desk.handler)
    with pytest.raises(BadInput, match="Name somebody to whom this report is shown"):
        hide(report, desk.handler, by=desk.handler)


def test_every_handler_and_the_colleague_are_told(
    desk: Desk, report: AnonymousReport, colleague: User
):
    for person in (desk.handler, colleague):
        make.contact(desk.lab, person)
    show(report, colleague, by=desk.handler)
    text = (
        f"Who reads anonymous report {report.ref} of Aurora Labs has changed.\n\n"
        f"{colleague} can read it now.\nChanged by {desk.handler}."
    )
    assert told() == sorted([(str(colleague), text), (str(desk.handler), text)])


def test_handlers_are_told_of_a_changed_list(desk: Desk, colleague: User):
    third = make.person(desk.lab, "third@aurora.example", role="admin")
    for person in (desk.handler, colleague, third):
        make.contact(desk.lab, person)
    fire_due(LATER)
    Notification.objects.all().delete()
    draft = DeskDraft(handlers=[colleague.email])
    save_desk(desk.lab, draft, actor=Actor.of(third, desk.lab), now=LATER)
    text = (
        "Who reads anonymous reports of Aurora Labs has changed.\n\n"
        f"{colleague} can read them now.\n{desk.handler} cannot any more.\n"
        f"Changed by {third}."
    )
    assert told() == sorted([(str(colleague), text), (str(desk.handler), text)])
    save_desk(desk.lab, draft, actor=Actor.of(third, desk.lab), now=LATER)
    assert len(told()) == 2


def test_the_colleague_hears_of_new_messages_too(
    desk: Desk, report: AnonymousReport, colleague: User
):
    for person in (desk.handler, colleague):
        make.contact(desk.lab, person)
    show(report, colleague, by=desk.handler)
    fire_due(LATER)
    Notification.objects.all().delete()
    add_message(report, text="and?", once=b"1", now=LATER)
    fire_due(LATER)
    names = Notification.objects.values_list("recipient_name", flat=True)
    assert sorted(names) == sorted([str(colleague), str(desk.handler)])


def test_page_shows_ends_and_tells_mistakes(
    desk: Desk, report: AnonymousReport, colleague: User
):
    client, place = signed_in(desk.handler), report.get_absolute_url()
    wrong = client.post(f"{place}share/", {"person": "nobody@aurora.example"})
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    client.post(f"{place}share/", {"person": colleague.email})
    assert visible(colleague) == [report.ref]
    [pk] = report.readers.values_list("pk", flat=True)
    assert client.post(f"{place}unshare/{pk}/").status_code == 302
    assert visible(colleague) == []
    assert client.post(f"{place}unshare/{pk}/").status_code == 404


def test_api_lists_shows_and_ends(desk: Desk, report: AnonymousReport, colleague: User):
    client, place = client_of(desk.handler), f"/api/v1/reports/{report.ref}"
    body = {"person": colleague.email}
    before = {"handlers": [desk.handler.email], "readers": []}
    after = {**before, "readers": [colleague.email]}
    assert client.get(f"{place}/readers/").json() == before
    assert client.post(f"{place}/share/", body).json() == after
    assert client.post(f"{place}/unshare/", body).json() == before


def test_page_needs_as_many_statements_for_three_readers_as_for_one(
    desk: Desk, report: AnonymousReport
):
    client, counts = signed_in(desk.handler), []
    for number in (1, 2):
        for _ in range(number):
            show(report, make.person(desk.lab, role="staff"), by=desk.handler)
        client.get(report.get_absolute_url())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(report.get_absolute_url())
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_nobody_is_told_of_the_first_handlers(desk: Desk):
    make.contact(desk.lab, desk.handler)
    fire_due(LATER)
    assert told() == []
