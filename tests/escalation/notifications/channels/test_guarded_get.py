import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from escalation.notifications.channels.guarded_get import get
from escalation.oncall.importing import NotFetched


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = self.server.answer
        self.server.asked.append(self.path)
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def file_server(settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.asked, server.answer = [], (200, b"BEGIN:VCALENDAR")
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_body_of_a_good_answer_is_returned(file_server):
    assert get(f"{file_server.url}/team.ics?x=1", 100) == b"BEGIN:VCALENDAR"
    assert file_server.asked == ["/team.ics?x=1"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "the server answered 404"),
        (302, "the server answered 302: redirects are not followed"),
        (204, "the server answered 204"),
    ],
)
def test_another_answer_is_none(file_server, status, message):
    file_server.answer = (status, b"")
    with pytest.raises(NotFetched) as caught:
        get(file_server.url, 100)
    assert str(caught.value) == message
    assert file_server.asked == ["/"]


def test_a_file_over_the_limit_is_refused(file_server):
    file_server.answer = (200, b"x" * 101)
    with pytest.raises(NotFetched) as caught:
        get(file_server.url, 100)
    assert str(caught.value) == "the file is larger than 100 bytes"


def test_a_private_address_is_refused_without_a_connection(file_server, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    with pytest.raises(NotFetched) as caught:
        get(file_server.url, 100)
    assert str(caught.value) == "127.0.0.1 leads to an address that is not public"
    assert file_server.asked == []


def test_a_server_that_is_not_there_is_said_without_its_address(settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with pytest.raises(NotFetched) as caught:
        get("http://127.0.0.1:9/private-secret.ics", 100)
    assert str(caught.value) == "not reached: nothing answers at this port"
