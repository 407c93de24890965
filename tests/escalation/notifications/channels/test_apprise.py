import time

import pytest

from escalation.notifications.channels.apprise import AppriseChannel, check_address
from escalation.notifications.channels.base import Outcome
from escalation.notifications.channels.webhook_target import Refused
from tests.escalation.notifications.channels.messages import (
    ACKNOWLEDGE,
    DESCRIPTION,
    TITLE,
    URL,
    page,
)
from tests.escalation.notifications.fakes.provider import Answer

CHANNEL = AppriseChannel()


def send(server, **more):
    return CHANNEL.send(page("apprise", "", secret=server.address, **more))


def test_message_is_sent_with_its_links(fake_gotify):
    result = send(fake_gotify)
    (call,) = fake_gotify.calls
    assert result.outcome == Outcome.SENT
    assert call.path == "/message"
    assert call.headers["x-gotify-key"] == "AbCdEf123"
    assert call.fields["title"] == f"[SEV5] INC-0000000007 {TITLE}"
    assert [link in call.fields["message"] for link in (ACKNOWLEDGE, URL)] == [True] * 2


def test_title_goes_out_and_the_description_does_not(fake_gotify):
    send(fake_gotify, tlp="CLEAR")
    text = fake_gotify.calls[0].body.decode()
    assert (TITLE in text, DESCRIPTION in text) == (True, False)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(401, {}), Outcome.PERMANENT),
        (Answer(404, {}), Outcome.PERMANENT),
        (Answer(429, {}), Outcome.RETRYABLE),
        (Answer(500, {}), Outcome.RETRYABLE),
        (Answer(silent=True), Outcome.UNKNOWN),
    ],
)
def test_answers_are_judged(fake_gotify, answer, outcome):
    fake_gotify.answers = [answer]
    assert send(fake_gotify).outcome == outcome
    assert len(fake_gotify.calls) == 1


def test_redirect_is_not_followed(fake_gotify):
    target = f"{fake_gotify.url}/elsewhere"
    fake_gotify.answers = [Answer(302, {}, headers={"Location": target})]
    assert send(fake_gotify).outcome != Outcome.SENT
    assert [call.path for call in fake_gotify.calls] == ["/message"]


def test_slow_service_is_left_as_unknown_within_the_limit(fake_gotify):
    fake_gotify.answers = [Answer(wait_seconds=12)]
    started = time.monotonic()
    assert send(fake_gotify).outcome == Outcome.UNKNOWN
    assert time.monotonic() - started < 10


def test_host_inside_our_own_network_is_refused(fake_gotify, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    result = send(fake_gotify)
    assert (result.outcome, result.detail) == (
        Outcome.PERMANENT,
        "127.0.0.1 leads to an address that is not public",
    )
    assert fake_gotify.calls == []


def test_scheme_that_was_taken_off_the_list_sends_nothing(fake_gotify, settings):
    settings.APPRISE_SCHEMES = ("tgram",)
    assert send(fake_gotify).outcome == Outcome.PERMANENT
    assert fake_gotify.calls == []


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ntfys://ntfy.sh/secret-topic", "ntfys://ntfy.sh/…"),
        ("gotifys://push.example/AbCdEf123?priority=high", "gotifys://push.example/…"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "tgram://…/…"),
    ],
)
def test_address_is_shown_without_its_keys(settings, address, shown):
    settings.APPRISE_SCHEMES = ("ntfys", "gotifys", "tgram")
    assert check_address(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "json://127.0.0.1/x",
        "file:///etc/passwd",
        "mailto://a:b@c.example",
        "ntfys",
        "gotifys://push.example/",
        "gotifys://push.example/AbCdEf123?attach=file:///etc/passwd",
        "gotifys://push.example/AbCdEf123?verify=no",
        "gotifys://push.example/AbCdEf123?redirect=yes",
        "gotifys://push.example/AbCdEf123?rto=600",
        "gotifys://push.example/AbCdEf123?config=x",
        "gotifys://push.example/AbCdEf123?+X-Header=y",
        "gotifys://push.example/AbC dEf",
    ],
)
def test_address_that_may_not_be_used_is_refused(settings, address):
    settings.APPRISE_SCHEMES = ("ntfys", "gotifys")
    with pytest.raises(Refused):
        check_address(address)
