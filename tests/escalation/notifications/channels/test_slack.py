import socket
from datetime import timedelta

import pytest

from escalation.notifications.ack_links import read_token
from escalation.notifications.channels.base import Outcome
from escalation.notifications.channels.slack import SlackChannel, compose
from tests.escalation.notifications.channels.messages import (
    ACKNOWLEDGE,
    DESCRIPTION,
    TITLE,
    UID,
    URL,
    page,
)
from tests.escalation.notifications.fakes.provider import Answer
from tests.escalation.notifications.fakes.slack import refused

CHANNEL = SlackChannel()
TO = "C0123456789"


def buttons(outgoing):
    return compose(outgoing)[-1]["elements"]


def test_message_is_posted_and_its_id_kept(fake_slack):
    result = CHANNEL.send(page("slack", TO))
    (call,) = fake_slack.calls
    assert (result.outcome, result.provider_id) == (
        Outcome.SENT,
        "C0123456789:1700000000.000001",
    )
    assert call.path == "/api/chat.postMessage"
    assert call.headers["authorization"] == "Bearer xoxb-test"
    assert call.fields["channel"] == TO


def test_id_names_the_conversation_that_slack_opened_with_a_person(fake_slack):
    result = CHANNEL.send(page("slack", "U0123456789"))
    assert result.provider_id == "D0123456789:1700000000.000001"


def test_button_carries_the_token_of_the_notification(settings):
    settings.SLACK_SIGNING_SECRET = "signing"
    acknowledge, open_it = buttons(page("slack", TO))
    assert acknowledge["action_id"] == "tocsin-acknowledge"
    assert read_token(acknowledge["value"]) == UID
    assert open_it["url"] == URL


def test_without_the_signing_secret_the_button_is_the_link(settings):
    settings.SLACK_SIGNING_SECRET = ""
    acknowledge, _ = buttons(page("slack", TO))
    assert (acknowledge["url"], "value" in acknowledge) == (ACKNOWLEDGE, False)


def test_title_goes_out_and_the_description_does_not(fake_slack):
    CHANNEL.send(page("slack", TO, tlp="CLEAR"))
    text = fake_slack.calls[0].body.decode()
    assert (TITLE in text, DESCRIPTION in text) == (True, False)


def test_red_leaves_as_a_pointer(fake_slack):
    CHANNEL.send(page("slack", TO, tlp="RED"))
    text = fake_slack.calls[0].body.decode()
    assert (TITLE in text, "SEV5" in text, "INC-0000000007" in text) == (
        False,
        False,
        True,
    )


def test_no_text_is_markup():
    blocks = compose(page("slack", TO))
    kinds = {block["text"]["type"] for block in blocks if "text" in block}
    assert kinds == {"plain_text"}


@pytest.mark.parametrize(
    "word", ["channel_not_found", "is_archived", "user_not_found", "invalid_blocks"]
)
def test_refusal_of_the_address_is_permanent(fake_slack, word):
    fake_slack.answers = [refused(word)]
    result = CHANNEL.send(page("slack", TO))
    assert (result.outcome, result.detail) == (Outcome.PERMANENT, f"Slack: {word}")


def test_too_often_is_tried_again_when_slack_says(fake_slack):
    fake_slack.answers = [
        refused("ratelimited", status=429, headers={"Retry-After": "30"})
    ]
    result = CHANNEL.send(page("slack", TO))
    assert (result.outcome, result.retry_after) == (
        Outcome.RETRYABLE,
        timedelta(seconds=30),
    )
    assert result.is_address_at_fault


@pytest.mark.parametrize("word", ["invalid_auth", "internal_error", "token_revoked"])
def test_trouble_of_ours_or_of_slack_is_tried_again(fake_slack, word):
    fake_slack.answers = [refused(word)]
    result = CHANNEL.send(page("slack", TO))
    assert (result.outcome, result.is_address_at_fault) == (Outcome.RETRYABLE, False)


def test_server_error_is_tried_again(fake_slack):
    fake_slack.answers = [Answer(503, b"<html>later</html>")]
    result = CHANNEL.send(page("slack", TO))
    assert (result.outcome, result.detail) == (Outcome.RETRYABLE, "Slack answered 503")


def test_silence_is_unknown(fake_slack):
    fake_slack.answers = [Answer(silent=True)]
    assert CHANNEL.send(page("slack", TO)).outcome == Outcome.UNKNOWN


def test_answer_that_is_not_slacks_is_unknown(fake_slack):
    fake_slack.answers = [Answer(200, b"<html>sign in to the network</html>")]
    assert CHANNEL.send(page("slack", TO)).outcome == Outcome.UNKNOWN


def test_slack_that_is_not_reached_is_tried_again(settings):
    settings.SLACK_TOKEN = "xoxb-test"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.SLACK_API = f"http://127.0.0.1:{closed.getsockname()[1]}/api/"
        result = CHANNEL.send(page("slack", TO))
    assert result.outcome == Outcome.RETRYABLE


def test_slow_answer_is_waited_for(fake_slack):
    fake_slack.answers = [
        Answer(body={"ok": True, "channel": TO, "ts": "1.2"}, wait_seconds=1)
    ]
    assert CHANNEL.send(page("slack", TO)).outcome == Outcome.SENT
