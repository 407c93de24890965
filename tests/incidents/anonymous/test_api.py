from http import HTTPStatus
from typing import Any

import pytest
from rest_framework.test import APIClient

from incidents.anonymous.cleaning import RawFile
from incidents.anonymous.sealing import Seal
from incidents.models import Entry, Incident, ReportFile, ReportHandler
from tests import factories as make
from tests.api_world import client_of
from tests.incidents.anonymous.reporting import Desk

ROOT = "/api/v1/reports/"


@pytest.fixture
def client(desk: Desk) -> APIClient:
    return client_of(desk.handler)


def _places(report: Any) -> list[tuple[str, str]]:
    place = f"{ROOT}{report.ref}/"
    acts = [("post", place + act) for act in ("answer/", "close/", "make-incident/")]
    return [("get", place), *acts]


def test_handler_lists_opens_and_answers(desk: Desk, client: APIClient):
    report = make.anonymous_report(desk.row, title="about weights", text="they went")
    [listed] = client.get(ROOT).json()["results"]
    place = f"{ROOT}{report.ref}/"
    opened = client.get(place).json()
    answered = client.post(place + "answer/", {"text": "thank you"}).json()
    assert (listed["title"], listed["state"], listed["unread_count"]) == (
        "about weights",
        "new",
        1,
    )
    assert [m["text"] for m in opened["messages"]] == ["they went"]
    assert (opened["state"], answered["unread_count"]) == ("in_work", 0)
    last = report.messages.last()
    assert last is not None
    assert Seal.of(report).text(last) == "thank you"


def test_administrator_who_is_no_handler_finds_nothing(desk: Desk):
    report = make.anonymous_report(desk.row)
    client = client_of(make.person(desk.lab, role="admin"))
    found = [getattr(client, how)(place).status_code for how, place in _places(report)]
    assert found == [HTTPStatus.NOT_FOUND] * 4
    assert client.get(ROOT).json()["results"] == []


def test_reads_are_recorded_as_of_list_and_report(desk: Desk, client: APIClient):
    report = make.anonymous_report(desk.row)
    client.get(ROOT)
    client.get(f"{ROOT}{report.ref}/")
    assert Entry.objects.filter(kind="record.read").count() == 2


def test_file_is_downloaded_whole(desk: Desk, client: APIClient):
    report = make.anonymous_report(desk.row, files=[RawFile(b"x y", name="x.txt")])
    uid = ReportFile.objects.get().uid
    answer = client.get(f"{ROOT}{report.ref}/files/{uid}/")
    assert answer.content == b"x y"


def test_close_asks_for_a_last_word(desk: Desk, client: APIClient):
    report = make.anonymous_report(desk.row)
    place = f"{ROOT}{report.ref}/close/"
    refused = client.post(place, {"text": " "})
    closed = client.post(place, {"text": "done"}).json()
    again = client.post(place, {"text": "done"})
    assert refused.json()["errors"][0]["field"] == "text"
    assert (closed["state"], closed["status_due_at"]) == ("closed", None)
    assert again.status_code == HTTPStatus.CONFLICT


def test_incident_is_made_of_what_is_sent(desk: Desk, client: APIClient):
    report = make.anonymous_report(desk.row, title="telling")
    body = {"title": "Weights", "category": "WGT", "severity": 3, "tlp": "RED"}
    answer = client.post(f"{ROOT}{report.ref}/make-incident/", body)
    incident = Incident.objects.get()
    assert answer.json() == {"incident": incident.ref}
    assert (incident.title, incident.tlp, incident.description) == (
        "Weights",
        "RED",
        "",
    )


def test_file_of_another_report_is_refused(desk: Desk, client: APIClient):
    make.anonymous_report(desk.row, files=[RawFile(b"x", name="x.txt")])
    report = make.anonymous_report(desk.row)
    body = {"title": "x", "category": "WGT", "severity": 3}
    uid = str(ReportFile.objects.get().uid)
    answer = client.post(f"{ROOT}{report.ref}/make-incident/", {**body, "files": [uid]})
    assert answer.json()["errors"] == [
        {"field": "files", "value": uid, "remedy": "Name files of this report."}
    ]
    assert Incident.objects.count() == 0


def test_administrator_names_handlers(desk: Desk):
    admin = make.person(desk.lab, role="admin")
    body = {"handlers": [admin.email], "is_open": False}
    answer = client_of(admin).put("/api/v1/report-desks/aurora/", body)
    assert answer.json() == {
        "organisation": "aurora",
        "is_open": False,
        "takes_all": False,
        "handlers": [admin.email],
    }
    assert ReportHandler.objects.active().get().user == admin


def test_lab_cannot_take_all_reports(desk: Desk):
    client = client_of(make.person(desk.lab, role="admin"))
    body = {"handlers": [], "takes_all": True}
    answer = client.put("/api/v1/report-desks/aurora/", body)
    assert answer.json()["errors"][0]["field"] == "takes_all"


def test_second_agency_cannot_take_all_reports(db: None):
    first, second = make.agency("naisa", name="First"), make.agency("bureau")
    make.report_desk(first, takes_all=True)
    client = client_of(make.person(second, role="admin"))
    body = {"handlers": [], "takes_all": True}
    answer = client.put("/api/v1/report-desks/bureau/", body)
    assert answer.json()["errors"][0]["remedy"] == (
        "First takes them already; end that first."
    )
