"""Only handlers see anonymous reports; each opening is recorded."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents.anonymous.cleaning import RawFile
from incidents.anonymous.receiving import add_message
from incidents.events.feed import read_fields
from incidents.models import (
    AnonymousReport,
    Entry,
    Incident,
    Membership,
    Organisation,
    ReportFile,
    ReportHandler,
    User,
)
from tests import factories as make
from tests.incidents.anonymous.reporting import Desk

_INCIDENT = {
    "title": "Weights may be gone",
    "category": "WGT",
    "severity": "4",
    "tlp": "RED",
    "danger": "unknown",
}


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _recorded(kind: str) -> list[dict[str, Any]]:
    entries = list(Entry.objects.filter(kind=kind).order_by("pk"))
    fields = read_fields(entries)
    return [fields[entry.pk] for entry in entries]


def _others(desk: Desk) -> list[User]:
    """Returns everybody who is near and must not see the report."""
    platform = Organisation.objects.create(slug="op", name="Op", kind="platform")
    ended = make.person(desk.lab, role="admin")
    ReportHandler.objects.create(
        organisation=desk.lab, user=ended, granted_at=make.NOW, ended_at=make.NOW
    )
    left = make.person(desk.lab, role="staff")
    ReportHandler.objects.create(organisation=desk.lab, user=left, granted_at=make.NOW)
    Membership.objects.filter(user=left).update(ended_at=make.NOW)
    other = make.lab("meridian")
    handler_elsewhere = make.person(other)
    make.report_desk(other, handler_elsewhere)
    return [
        make.person(desk.lab, role="admin"),
        make.person(desk.lab, role="approver"),
        make.person(platform, role="operator"),
        make.person(platform, role="admin"),
        ended,
        left,
        handler_elsewhere,
    ]


def test_handler_sees_the_report_and_nobody_else_does(desk: Desk):
    report = make.anonymous_report(
        desk.row, title="secret", files=[RawFile(b"x", name="x.txt")]
    )
    file = ReportFile.objects.get()
    places = [
        ("get", f"/reports/{report.ref}/"),
        ("get", f"/reports/{report.ref}/files/{file.uid}/"),
        ("post", f"/reports/{report.ref}/answer/"),
        ("post", f"/reports/{report.ref}/incident/"),
    ]
    for user in _others(desk):
        client = _signed_in(user)
        statuses = {getattr(client, how)(path).status_code for how, path in places}
        assert statuses == {HTTPStatus.NOT_FOUND}
        assert "secret" not in client.get("/reports/").content.decode()
        assert "secret" not in client.get("/").content.decode()
    client = _signed_in(desk.handler)
    assert "secret" in client.get("/reports/").content.decode()
    assert "secret" in client.get(f"/reports/{report.ref}/").content.decode()


def test_opening_is_recorded_with_the_handler_and_marks_it_read(desk: Desk):
    report = make.anonymous_report(desk.row)
    _signed_in(desk.handler).get(f"/reports/{report.ref}/")
    report.refresh_from_db()
    [read] = _recorded("record.read")
    assert read["targets"] == [f"report:{report.ref}"]
    assert read["actor"]["name"] == desk.handler.email
    assert report.state == "in_work"
    assert report.messages.filter(read_at=None).count() == 0


def test_record_holds_neither_title_nor_words(desk: Desk):
    report = make.anonymous_report(desk.row, title="telling", text="telling too")
    client = _signed_in(desk.handler)
    client.post(f"/reports/{report.ref}/answer/", {"text": "telling answer"})
    client.post(f"/reports/{report.ref}/answer/", {"text": "telling end", "close": "1"})
    kinds = ("report.received", "report.answered", "report.closed")
    rows = [row for kind in kinds for row in _recorded(kind)]
    assert len(rows) == 3
    assert "telling" not in str(rows)
    assert [len(row["digest"]) for row in rows] == [64, 64, 64]


def test_downloaded_file_is_what_was_kept_and_is_recorded(desk: Desk):
    report = make.anonymous_report(desk.row, files=[RawFile(b"the note", name="x.txt")])
    file = ReportFile.objects.get()
    answer = _signed_in(desk.handler).get(f"/reports/{report.ref}/files/{file.uid}/")
    assert answer.content == b"the note"
    assert answer["Content-Disposition"] == 'attachment; filename="file-1.txt"'
    assert _recorded("record.read")[0]["targets"] == [f"report-file:{file.uid}"]


def test_incident_holds_what_the_handler_wrote_and_nothing_of_the_report(desk: Desk):
    report = make.anonymous_report(
        desk.row,
        title="telling",
        text="telling too",
        files=[RawFile(b"a", name="a.txt"), RawFile(b"b", name="b.txt")],
    )
    chosen = ReportFile.objects.get(filename="file-2.txt")
    client = _signed_in(desk.handler)
    client.post(
        f"/reports/{report.ref}/incident/",
        {**_INCIDENT, "chosen": [str(chosen.uid)]},
    )
    incident = Incident.objects.get()
    report.refresh_from_db()
    assert (incident.title, incident.tlp, incident.description) == (
        "Weights may be gone",
        "RED",
        "",
    )
    assert [file.filename for file in incident.attachments.all()] == ["file-2.txt"]
    assert (report.incident, report.state) == (incident, "incident")
    staff = _signed_in(make.person(desk.lab, role="admin"))
    page = staff.get(incident.get_absolute_url()).content.decode()
    assert "Weights may be gone" in page
    assert [word for word in ("telling", report.ref) if word in page] == []


def test_second_incident_of_a_report_is_refused(desk: Desk):
    report = make.anonymous_report(desk.row)
    client = _signed_in(desk.handler)
    path = f"/reports/{report.ref}/incident/"
    statuses = [client.post(path, _INCIDENT).status_code for _ in range(2)]
    assert statuses == [HTTPStatus.FOUND, HTTPStatus.CONFLICT]
    assert Incident.objects.count() == 1


def test_empty_answer_is_refused_with_the_page(desk: Desk):
    report = make.anonymous_report(desk.row)
    page = _signed_in(desk.handler).post(f"/reports/{report.ref}/answer/", {"text": ""})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert report.messages.count() == 1


def test_message_to_a_closed_report_opens_it_again(desk: Desk):
    report = make.anonymous_report(desk.row)
    client = _signed_in(desk.handler)
    client.post(f"/reports/{report.ref}/answer/", {"text": "done", "close": "1"})
    report.refresh_from_db()
    assert (report.state, report.status_due_at) == ("closed", None)
    add_message(report, text="no", once=b"1", now=make.NOW)
    report.refresh_from_db()
    assert (report.state, report.closed_at) == ("in_work", None)
    assert report.status_due_at is not None


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_the_same_number_of_statements(desk: Desk, count: int):
    for _ in range(count):
        make.anonymous_report(desk.row)
    client = _signed_in(desk.handler)
    client.get("/reports/")
    with CaptureQueriesContext(connection) as queries:
        client.get("/reports/")
    assert len(queries) == 20


def test_administrator_names_handlers_and_it_is_recorded(desk: Desk):
    admin = make.person(desk.lab, role="admin")
    client = _signed_in(admin)
    client.post("/reports/desk/", {"handlers": [admin.email], "is_open": "on"})
    named = ReportHandler.objects.filter(ended_at=None)
    assert [row.user for row in named] == [admin]
    granted, revoked = _recorded("access.granted"), _recorded("access.revoked")
    assert (granted[-1]["who"], revoked[-1]["who"]) == (
        admin.email,
        desk.handler.email,
    )
    assert AnonymousReport.objects.visible_to(desk.handler).count() == 0


def test_person_of_another_organisation_cannot_be_named(desk: Desk):
    stranger = make.person(make.lab("meridian"))
    client = _signed_in(make.person(desk.lab, role="admin"))
    page = client.post("/reports/desk/", {"handlers": [stranger.email]})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert ReportHandler.objects.active().get().user == desk.handler


def test_menu_shows_reports_to_handlers_and_administrators_only(desk: Desk):
    make.anonymous_report(desk.row)
    people = [
        desk.handler,
        make.person(desk.lab, role="admin"),
        make.person(desk.lab, role="staff"),
    ]
    pages = [_signed_in(user).get("/").content.decode() for user in people]
    assert ['href="/reports/"' in page for page in pages] == [True, True, False]
