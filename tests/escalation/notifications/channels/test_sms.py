import socket
from datetime import timedelta
from urllib.parse import unquote_plus

import pytest

from escalation.notifications.channels.base import Outcome
from escalation.notifications.channels.sms import SmsChannel
from escalation.notifications.reply_codes import reply_code
from tests.escalation.notifications.channels.messages import (
    DESCRIPTION,
    TITLE,
    UID,
    page,
)
from tests.escalation.notifications.fakes.provider import Answer
from tests.escalation.notifications.fakes.twilio import NUMBER, refused

CHANNEL = SmsChannel()
TO = "+37255512345"


def send(**more):
    return CHANNEL.send(page("sms", TO, **more))


def test_text_is_sent_and_its_id_kept(fake_twilio):
    result = send()
    (call,) = fake_twilio.calls
    assert call.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert (call.fields["To"], call.fields["From"]) == (TO, NUMBER)
    assert (result.outcome, result.provider_id) == (Outcome.SENT, f"SM{1:032d}")


def test_page_asks_for_the_code_of_its_notification(fake_twilio):
    send()
    assert f"Reply {reply_code(UID)} to" in fake_twilio.calls[0].fields["Body"]


def test_message_that_asks_for_nothing_has_no_code(fake_twilio):
    send(acknowledge_url="")
    assert "Reply" not in fake_twilio.calls[0].fields["Body"]


@pytest.mark.parametrize("tlp", ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"])
def test_neither_title_nor_description_leaves(fake_twilio, tlp):
    send(tlp=tlp)
    body = unquote_plus(fake_twilio.calls[0].body.decode())
    found = [text for text in (TITLE, DESCRIPTION) if text in body]
    assert found == []
    assert ("SEV5" in body) == (tlp != "RED")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (21211, "The 'To' number is not a valid phone number."),
        (21408, "Permission to send an SMS has not been enabled for the region"),
        (21610, "Attempt to send to unsubscribed recipient"),
        (21614, "'To' number is not a valid mobile number"),
    ],
)
def test_refusal_of_the_number_is_permanent(fake_twilio, code, message):
    fake_twilio.answers = [refused(code, message)]
    result = send()
    assert (result.outcome, result.detail) == (
        Outcome.PERMANENT,
        f"Twilio: {code} {message}",
    )


def test_too_often_is_tried_again_when_twilio_says(fake_twilio):
    fake_twilio.answers = [
        refused(20429, "Too Many Requests", status=429, headers={"Retry-After": "7"})
    ]
    result = send()
    assert (result.outcome, result.retry_after) == (
        Outcome.RETRYABLE,
        timedelta(seconds=7),
    )
    assert result.is_address_at_fault


def test_wrong_token_is_the_operators_fault_and_tried_again(fake_twilio, settings):
    settings.TWILIO_TOKEN = "wrong"
    result = send()
    assert (result.outcome, result.is_address_at_fault) == (Outcome.RETRYABLE, False)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_error_is_tried_again(fake_twilio, status):
    fake_twilio.answers = [Answer(status, b"<html>later</html>")]
    assert send().outcome == Outcome.RETRYABLE


def test_silence_is_unknown(fake_twilio):
    fake_twilio.answers = [Answer(silent=True)]
    assert send().outcome == Outcome.UNKNOWN


def test_slow_answer_is_given_up_as_unknown(fake_twilio):
    fake_twilio.answers = [Answer(201, {"sid": "SM"}, wait_seconds=6)]
    assert send().outcome == Outcome.UNKNOWN


def test_redirect_is_not_followed(fake_twilio):
    fake_twilio.answers = [Answer(302, {}, headers={"Location": fake_twilio.url})]
    result = send()
    assert (result.outcome == Outcome.SENT, len(fake_twilio.calls)) == (False, 1)


def test_twilio_that_is_not_reached_is_tried_again(fake_twilio, settings):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.TWILIO_API = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert send().outcome == Outcome.RETRYABLE
