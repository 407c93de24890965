"""Large files, as they come in through the site."""

import hashlib
from contextlib import contextmanager
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.urls import reverse

from config.whole_body import WholeBodies
from incidents.incident.transfers import LARGE_BYTES, TRANSFERS
from incidents.models import Attachment
from incidents.organisations.tokens import create_token
from tests import factories

pytestmark = pytest.mark.django_db

BOUNDARY = "b"
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


class Unread:
    """A body of which nothing may be read."""

    def read(self, *_):
        raise AssertionError("the body was read")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.ATTACHMENTS_DIR = tmp_path
    settings.ATTACHMENT_RESERVE_BYTES = 1
    return tmp_path


@pytest.fixture
def incident():
    return factories.incident(factories.lab("aurora"))


@pytest.fixture
def client(incident):
    client = Client()
    client.force_login(factories.person(incident.organisation))
    return client


@pytest.fixture
def address(incident):
    return reverse("incident-attach", args=[incident.ref])


def form(content):
    head = (
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="file"; filename="log.bin"\r\n\r\n'
    )
    return head.encode() + content + TAIL


def ask(path, body, *, announced, client=None, **more):
    """Send a request as the web server passes it on; returns status, headers, answer."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
        "CONTENT_LENGTH": str(announced),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": body,
        "wsgi.url_scheme": "http",
        **more,
    }
    if client:
        environ["HTTP_COOKIE"] = client.cookies.output(header="", sep=";").strip()
    told = {}

    def start(status, headers, *_):
        told.update(status=int(status.split()[0]), headers=dict(headers))

    with _connection_kept():
        answer = WholeBodies(WSGIHandler())(environ, start)
        text = b"".join(answer).decode()
        answer.close()
    return told["status"], told["headers"], text


@contextmanager
def _connection_kept():
    """Let the test's transaction outlive the request, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def left(folder):
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_written_once_and_hashed_on_the_way(client, address, folder):
    sent = SimpleUploadedFile("log.bin", b"\x00" * (LARGE_BYTES + 1))
    assert client.post(address, {"file": sent}).status_code == 302
    row = Attachment.objects.get()
    assert (row.size_bytes, left(folder)) == (LARGE_BYTES + 1, [row.uid.hex])
    assert row.sha256 == hashlib.sha256(b"\x00" * (LARGE_BYTES + 1)).hexdigest()


def test_an_upload_that_is_cut_off_half_way_leaves_nothing(incident, address, folder):
    _, token = create_token(factories.person(incident.organisation), name="t")
    body = form(b"x" * 5000)
    status, _, text = ask(
        f"/api/v1/incidents/{incident.ref}/attachments/",
        BytesIO(body[:3000]),
        announced=len(body),
        HTTP_AUTHORIZATION=f"Bearer {token}",
    )
    assert (status, "Nothing was stored" in text) == (400, True)
    assert (left(folder), Attachment.objects.count()) == ([], 0)


def test_a_form_whose_mistake_sends_it_back_leaves_no_file(client, folder):
    sent = SimpleUploadedFile("log.bin", b"x")
    page = client.post(reverse("incident-new"), {"file": sent, "title": "Kept words"})
    assert (page.status_code, "Kept words" in page.text) == (422, True)
    assert left(folder) == []


def test_a_large_body_of_a_stranger_is_not_read(address):
    announced = LARGE_BYTES + 1
    status, headers, _ = ask(address, Unread(), announced=announced)
    assert (status, headers["Location"]) == (302, f"/sign-in/?next={address}")
    status, _, _ = ask(
        "/api/v1/incidents/INC-0000000000/attachments/", Unread(), announced=announced
    )
    assert status == 401


def test_addresses_without_files_take_no_large_body(client):
    status, _, text = ask(
        reverse("sign-in"), Unread(), announced=4 * 1024 * 1024 + 1, client=client
    )
    assert (status, "4.0\xa0MB" in text) == (413, True)


def test_too_many_at_once_come_again_later(client, address, settings):
    settings.TRANSFERS_AT_ONCE = 1
    end = TRANSFERS.begin("somebody")
    try:
        status, headers, text = ask(
            address, Unread(), announced=LARGE_BYTES + 1, client=client
        )
    finally:
        end()
    assert (status, headers["Retry-After"]) == (503, "5")
    assert "Nothing that you just sent was kept" in text


def test_a_disk_that_is_nearly_full_is_said_before_anything_is_read(
    client, address, settings
):
    settings.ATTACHMENT_RESERVE_BYTES = 2**63
    status, _, text = ask(address, Unread(), announced=LARGE_BYTES + 1, client=client)
    assert (status, "The disk for files is nearly full" in text) == (507, True)


def test_a_file_over_the_limit_is_told_at_its_field(client, incident, settings):
    settings.MAX_ATTACHMENT_BYTES = 100
    sent = SimpleUploadedFile("log.bin", b"x" * 101)
    page = client.post(reverse("incident-attach", args=[incident.ref]), {"file": sent})
    assert (page.status_code, "larger than the limit of 100 bytes" in page.text) == (
        422,
        True,
    )
