import json
import socket
import threading
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from escalation.notifications.channels.base import Outcome, Outgoing, SendResult
from escalation.notifications.channels.webhook import WebhookChannel
from escalation.notifications.render import Message
from escalation.notifications.webhook_signature import is_signed
from tests.escalation.notifications.makers import NOW, SECRET

CHANNEL = WebhookChannel()


def outgoing(url: str, **more: Any) -> Outgoing:
    fields: dict[str, Any] = {
        "uid": uuid.UUID("11111111-2222-4333-8444-555555555555"),
        "purpose": "page",
        "address": url,
        "message": Message("subject", "text", "http://t/i/", {"ref": "INC-1"}),
        "queued_at": NOW,
        "attempt": 1,
        "secret": SECRET,
        **more,
    }
    return Outgoing(**fields)


def test_webhook_is_signed_over_exactly_what_was_sent(http_server):
    result = CHANNEL.send(outgoing(f"{http_server.url}/in?x=1"))
    post = http_server.posts[0]
    assert result.outcome == Outcome.SENT
    assert post.path == "/in?x=1"
    assert post.headers["webhook-id"] == "11111111-2222-4333-8444-555555555555"
    assert post.headers["host"] == http_server.url.removeprefix("http://")
    assert is_signed(
        SECRET,
        uid=post.headers["webhook-id"],
        timestamp=int(post.headers["webhook-timestamp"]),
        body=post.body,
        signature=post.headers["webhook-signature"],
        at=int(time.time()),
    )


def test_body_has_type_instant_and_thin_data(http_server):
    CHANNEL.send(outgoing(http_server.url, acknowledge_url="http://t/ack/x/"))
    assert json.loads(http_server.posts[0].body) == {
        "type": "incident.page",
        "timestamp": "2026-03-01T03:00:00.000Z",
        "data": {"ref": "INC-1", "acknowledge_url": "http://t/ack/x/"},
    }


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_two_hundreds_are_success(http_server, status):
    http_server.answer = (status, {})
    assert CHANNEL.send(outgoing(http_server.url)).outcome == Outcome.SENT


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504])
def test_passing_trouble_is_tried_again(http_server, status):
    http_server.answer = (status, {})
    result = CHANNEL.send(outgoing(http_server.url))
    assert (result.outcome, result.detail) == (
        Outcome.RETRYABLE,
        f"the receiver answered {status}",
    )


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_refusal_is_permanent(http_server, status):
    http_server.answer = (status, {})
    result = CHANNEL.send(outgoing(http_server.url))
    assert (result.outcome, result.is_gone) == (Outcome.PERMANENT, False)


def test_gone_is_permanent_and_ends_the_method(http_server):
    http_server.answer = (410, {})
    result = CHANNEL.send(outgoing(http_server.url))
    assert (result.outcome, result.is_gone) == (Outcome.PERMANENT, True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(http_server, status):
    http_server.answer = (status, {"Location": f"{http_server.url}/elsewhere"})
    result = CHANNEL.send(outgoing(f"{http_server.url}/in"))
    assert result.outcome == Outcome.PERMANENT
    assert [post.path for post in http_server.posts] == ["/in"]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_read(http_server, status):
    http_server.answer = (status, {"Retry-After": "120"})
    result = CHANNEL.send(outgoing(http_server.url))
    assert result.retry_after == timedelta(seconds=120)


def test_retry_after_as_a_date_is_read(http_server):
    http_server.answer = (503, {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})
    result = CHANNEL.send(outgoing(http_server.url))
    assert result.retry_after == timedelta(days=1)


def test_retry_after_that_is_nonsense_is_ignored(http_server):
    http_server.answer = (503, {"Retry-After": "soon"})
    assert CHANNEL.send(outgoing(http_server.url)).retry_after is None


def test_private_address_is_refused_before_connecting(http_server, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    result = CHANNEL.send(outgoing(http_server.url))
    assert result.outcome == Outcome.PERMANENT
    assert result.detail == "127.0.0.1 leads to an address that is not public"
    assert http_server.posts == []


def test_receiver_that_is_not_there_is_tried_again(settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        result = CHANNEL.send(outgoing(f"http://127.0.0.1:{port}/"))
    assert result.outcome == Outcome.RETRYABLE


def test_method_without_a_secret_fails_for_good(http_server):
    result = CHANNEL.send(outgoing(http_server.url, secret=""))
    assert result.outcome == Outcome.PERMANENT
    assert http_server.posts == []


def answer_with(listener: socket.socket, *parts: bytes, pause: float = 0) -> None:
    """Accept one connection, read the request, and answer with these bytes."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        try:
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
        except OSError:
            return


@pytest.fixture
def raw_server(settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def send_to(listener: socket.socket, *parts: bytes, pause: float = 0) -> SendResult:
    thread = threading.Thread(
        target=answer_with, args=(listener, *parts), kwargs={"pause": pause}
    )
    thread.start()
    port = listener.getsockname()[1]
    result = CHANNEL.send(outgoing(f"http://127.0.0.1:{port}/"))
    thread.join()
    return result


def test_connection_closed_without_an_answer_is_unknown(raw_server):
    assert send_to(raw_server).outcome == Outcome.UNKNOWN


def test_answer_that_is_not_http_is_unknown(raw_server):
    assert send_to(raw_server, b"hello\r\n\r\n").outcome == Outcome.UNKNOWN


def test_endless_answer_is_read_only_in_part(raw_server):
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    result = send_to(raw_server, head, *[b"x" * 65536] * 100)
    assert result.outcome == Outcome.SENT


def test_receiver_that_answers_drop_by_drop_is_left_after_the_limit(raw_server):
    started = time.monotonic()
    drops = [bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nx: y"]
    result = send_to(raw_server, *drops, pause=1.0)
    assert result.outcome == Outcome.UNKNOWN
    assert 9 < time.monotonic() - started < 25


def test_verification_is_not_about_an_incident(http_server):
    CHANNEL.send(replace(outgoing(http_server.url), purpose="verify"))
    assert json.loads(http_server.posts[0].body)["type"] == "contact.verify"
