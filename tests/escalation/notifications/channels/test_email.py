import socket
import uuid
from dataclasses import replace

import pytest

from escalation.notifications.channels.base import Outcome, Outgoing
from escalation.notifications.channels.email import EmailChannel
from escalation.notifications.render import Message
from tests.escalation.notifications.makers import NOW

OUTGOING = Outgoing(
    uid=uuid.UUID("11111111-2222-4333-8444-555555555555"),
    purpose="page",
    address="duty@aurora.example",
    message=Message("[SEV4] INC-1 Title", "You are <b>paged</b>.", "http://t/i/", {}),
    queued_at=NOW,
    attempt=1,
    thread="INC-1",
    acknowledge_url="http://t/ack/x/",
)


@pytest.fixture
def channel():
    channel = EmailChannel()
    yield channel
    channel.close()


def test_mail_is_one_in_a_thread_and_asks_for_no_automatic_answer(
    channel, mail_server, settings
):
    settings.DEFAULT_FROM_EMAIL = "Tocsin <bell@tocsin.example>"
    assert channel.send(OUTGOING).outcome == Outcome.SENT
    mail = mail_server.mails[0]
    assert mail["Message-ID"] == f"<{OUTGOING.uid}@tocsin.example>"
    assert mail["In-Reply-To"] == mail["References"] == "<INC-1@tocsin.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Subject"] == "[SEV4] INC-1 Title"
    assert mail["To"] == "duty@aurora.example"


def test_mail_says_whether_it_may_be_answered(channel, mail_server):
    channel.send(OUTGOING)
    channel.send(replace(OUTGOING, reply_to="re+x@tocsin.example"))
    without, with_address = mail_server.mails
    assert (without["Reply-To"], with_address["Reply-To"]) == (
        None,
        "re+x@tocsin.example",
    )
    for part in without.iter_parts():
        assert "Replies to this address are not read." in part.get_content()
    for part in with_address.iter_parts():
        assert "Your answer becomes a comment on the incident." in part.get_content()


def test_mail_has_text_first_and_escaped_html_both_with_the_links(channel, mail_server):
    channel.send(OUTGOING)
    text, html = mail_server.mails[0].iter_parts()
    assert text.get_content_type() == "text/plain"
    assert html.get_content_type() == "text/html"
    assert text.get_content().startswith("You are <b>paged</b>.")
    assert "You are &lt;b&gt;paged&lt;/b&gt;." in html.get_content()
    for part in (text, html):
        assert "http://t/i/" in part.get_content()
        assert "http://t/ack/x/" in part.get_content()


def test_line_break_in_a_subject_makes_no_header(channel, mail_server):
    message = replace(OUTGOING.message, subject="a\r\nBcc: other@x.example")
    assert channel.send(replace(OUTGOING, message=message)).outcome == Outcome.SENT
    assert mail_server.mails[0]["Bcc"] is None
    assert mail_server.mails[0]["Subject"] == "a Bcc: other@x.example"


def test_one_connection_carries_several_mails(channel, mail_server):
    for _ in range(3):
        channel.send(OUTGOING)
    assert len(mail_server.mails) == 3
    assert len(mail_server.sessions) == 1


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("450 busy", Outcome.RETRYABLE),
        ("550 no such person", Outcome.PERMANENT),
    ],
)
def test_refused_recipient_is_judged_by_the_code(channel, mail_server, reply, outcome):
    mail_server.recipient_reply = reply
    result = channel.send(OUTGOING)
    assert (result.outcome, result.detail) == (outcome, f"mail server: {reply}")


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("452 disk full", Outcome.RETRYABLE),
        ("554 not wanted", Outcome.PERMANENT),
    ],
)
def test_refused_mail_is_judged_by_the_code(channel, mail_server, reply, outcome):
    mail_server.replies = [reply]
    assert channel.send(OUTGOING).outcome == outcome
    assert channel.send(OUTGOING).outcome == Outcome.SENT


def test_server_that_is_not_there_is_tried_again(channel, mail_server, settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = closed.getsockname()[1]
        assert channel.send(OUTGOING).outcome == Outcome.RETRYABLE


def test_connection_that_breaks_after_the_mail_leaves_the_outcome_unknown(
    channel, mail_server
):
    mail_server.hangs_up = True
    result = channel.send(OUTGOING)
    assert result.outcome == Outcome.UNKNOWN
    mail_server.hangs_up = False
    assert channel.send(OUTGOING).outcome == Outcome.SENT


def test_address_that_is_none_fails_for_good(channel, mail_server):
    result = channel.send(replace(OUTGOING, address="no address\n"))
    assert result.outcome == Outcome.PERMANENT
    assert mail_server.mails == []
