"""Who sends a report is nowhere: not in a log, not in a table, not in an answer."""

import http.client
import io
import logging
import subprocess
import sys
import time
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlencode

import pytest
from django.conf import settings as product
from django.db import DataError, connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.anonymity import forget_sender
from config.logging import logging_settings
from config.up import web_words
from incidents.anonymous.cleaning import RawFile
from incidents.anonymous.file_sweep import sweep_report_files
from incidents.incident.attachment_sweep import UNTOUCHED_SECONDS
from incidents.models import AnonymousReport
from tests import factories as make
from tests.config.test_hooks import free_port, wait_for
from tests.incidents.anonymous.reporting import (
    ADDRESS,
    INBOX,
    MESSAGE,
    REPORT,
    Desk,
    browser,
    fill_in,
    send_report,
    token_in,
    upload,
)

# Another loopback address than the server's own: only a client has it.
CLIENT = "127.0.0.77"


@pytest.fixture
def log():
    """Everything that any logger of this process writes, in the product's format."""
    wiring = logging_settings("json", debug=False)["formatters"]["lines"]
    out, handler = io.StringIO(), logging.StreamHandler()
    handler.setStream(out)
    handler.setFormatter(wiring.pop("()")(**wiring))
    loggers = [logging.getLogger(), logging.getLogger("django.server")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield out
    for logger, level in zip(loggers, before, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


def _everything_stored() -> str:
    """Returns every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables"
            " WHERE table_schema = 'public'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" AS t')
            found += [row for (row,) in cursor.fetchall()]
    return "\n".join(found)


def _visit_everything() -> None:
    client = browser()
    client.raise_request_exception = False
    code = send_report(attachments=[upload(b"note", "x.txt")])
    opened = client.post(INBOX, {"code": code})
    client.post(MESSAGE, {"code": code, "token": token_in(opened), "text": "more"})
    client.post(INBOX, {"code": "wrong"})
    client.post(REPORT, fill_in(title=""))
    client.get("/report")
    client.get("/report/no-such-page/")
    client.delete(REPORT)
    client.post(REPORT, fill_in(), CONTENT_LENGTH="999999999")
    client.post(REPORT, b"not a form", content_type="multipart/form-data")


def test_no_log_line_and_no_row_holds_the_address_or_the_browser(desk: Desk, log):
    _visit_everything()
    assert AnonymousReport.objects.count() == 1
    logging.getLogger("django.request").warning("the log is being read")
    assert "the log is being read" in log.getvalue()
    written = log.getvalue() + _everything_stored()
    assert [word for word in (ADDRESS, "Telling") if word in written] == []


def test_no_log_line_holds_a_code_or_what_was_written(desk: Desk, log, settings):
    settings.ATTACHMENTS_DIR = "/proc/nowhere"  # so that storing fails
    client = browser()
    client.raise_request_exception = False
    broken = client.post(REPORT, fill_in(attachments=[upload(b"note", "x.txt")]))
    assert broken.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "Internal Server Error: /report/" in log.getvalue()
    assert ADDRESS not in log.getvalue()
    assert "weights" not in log.getvalue()


def test_failure_leaves_neither_report_nor_file(desk: Desk, tmp_path):
    make.anonymous_report(desk.row, files=[RawFile(b"first", name="x.txt")])
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    note, too_long = RawFile(b"second", name="x.txt"), "x" * 100
    with pytest.raises(DataError):
        make.anonymous_report(desk.row, files=[note], category=too_long)
    assert AnonymousReport.objects.count() == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == kept
    assert len(kept) == 1


def test_the_disk_tells_the_hour_of_a_file_alone(desk: Desk, tmp_path):
    report = make.anonymous_report(
        desk.row,
        files=[RawFile(b"first", name="x.txt")],
        now=make.NOW + timedelta(minutes=23, seconds=7),
    )
    [path] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert path.stat().st_mtime == report.received_at.timestamp()
    assert report.received_at.minute == 0


def test_files_that_no_report_knows_are_swept_after_a_day(desk: Desk, tmp_path):
    make.anonymous_report(desk.row, files=[RawFile(b"first", name="x.txt")])
    folder = tmp_path / "attachments" / "reports"
    [known] = folder.iterdir()
    lost = [folder / ("0" * 32), folder / ("1" * 32 + ".part"), folder / "notes.txt"]
    for path in lost:
        path.write_bytes(b"x")
    later = time.time() + UNTOUCHED_SECONDS
    assert sweep_report_files(unix_now=later - 60) == 0
    assert sweep_report_files(unix_now=later + 60) == 2
    assert sorted(folder.iterdir()) == sorted([known, folder / "notes.txt"])


def test_request_loses_all_that_tells_who_sent_it_and_only_there():
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        response = HttpResponse()
        response.set_cookie("session", "1")
        return response

    answer = forget_sender(view)
    for path in ("/report/", "/report", "/reports/", "/sign-in/"):
        request = RequestFactory().get(
            path, REMOTE_ADDR=ADDRESS, HTTP_X_FORWARDED_FOR=ADDRESS, HTTP_COOKIE="a=b"
        )
        response = answer(request)
        is_public = path in ("/report/", "/report")
        assert (ADDRESS in str(request.META)) is not is_public
        assert bool(response.cookies) is not is_public
    assert seen[0].META.get("HTTP_COOKIE") is None


@pytest.fixture
def site(world_database, django_db_blocker, tmp_path):
    """Runs the web server as `up` does; yields its port and its log."""
    port, log = free_port(), tmp_path / "web.log"
    with log.open("wb") as output, django_db_blocker.unblock():
        lab = make.lab("aurora")
        make.report_desk(lab, make.person(lab))
        server = subprocess.Popen(
            [sys.executable, "-m", *(str(word) for word in web_words(port))],
            cwd=product.BASE_DIR,
            env=world_database.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(port)
            yield port, log
        finally:
            server.terminate()
            server.wait(timeout=20)


def _send(port: int, method: str, path: str, body: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=15, source_address=(CLIENT, 0)
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_web_server_writes_no_address_of_a_reporter(site):
    port, log = site
    _, page = _send(port, "GET", "/report/")
    token = page.partition('name="token" value="')[2].partition('"')[0]
    form = urlencode(fill_in(token=token))
    statuses = [
        _send(port, "POST", "/report/", form)[0],
        _send(port, "POST", "/report/inbox/", "code=wrong")[0],
        _send(port, "GET", "/report/nowhere/")[0],
    ]
    time.sleep(0.5)  # the log is written by another process
    assert statuses == [200, 422, 404]
    assert AnonymousReport.objects.count() == 1
    text = log.read_text()
    assert "Not Found: /report/nowhere/" in text
    assert CLIENT not in text
