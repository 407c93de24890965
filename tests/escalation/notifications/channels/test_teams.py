import json

import pytest

from escalation.notifications.channels.base import Outcome
from escalation.notifications.channels.teams import TeamsChannel
from tests.escalation.notifications.channels.messages import (
    ACKNOWLEDGE,
    DESCRIPTION,
    TITLE,
    URL,
    page,
)
from tests.escalation.notifications.fakes.provider import Answer

CHANNEL = TeamsChannel()


def send(server, **more):
    secret = f"{server.url}/workflows/1/invoke?sig=key"
    return CHANNEL.send(page("teams", "https://…", secret=secret, **more))


def card(server):
    return json.loads(server.calls[0].body)["attachments"][0]["content"]


def test_card_is_posted_to_the_whole_address(fake_teams):
    fake_teams.answers = [Answer(202, {})]
    result = send(fake_teams)
    assert result.outcome == Outcome.SENT
    assert fake_teams.calls[0].path == "/workflows/1/invoke?sig=key"


def test_card_has_links_to_acknowledge_and_to_open(fake_teams):
    send(fake_teams)
    assert [(a["title"], a["url"]) for a in card(fake_teams)["actions"]] == [
        ("Acknowledge", ACKNOWLEDGE),
        ("Open", URL),
    ]


def test_no_text_is_markup(fake_teams):
    send(fake_teams)
    assert {part["type"] for part in card(fake_teams)["body"]} == {"RichTextBlock"}


def test_title_goes_out_and_the_description_does_not(fake_teams):
    send(fake_teams, tlp="CLEAR")
    text = fake_teams.calls[0].body.decode()
    assert (TITLE in text, DESCRIPTION in text) == (True, False)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(401, {}), Outcome.PERMANENT),
        (Answer(404, {}), Outcome.PERMANENT),
        (Answer(429, {}), Outcome.RETRYABLE),
        (Answer(502, {}), Outcome.RETRYABLE),
        (Answer(302, {}, headers={"Location": "/"}), Outcome.PERMANENT),
        (Answer(silent=True), Outcome.UNKNOWN),
    ],
)
def test_answers_are_judged(fake_teams, answer, outcome):
    fake_teams.answers = [answer]
    assert send(fake_teams).outcome == outcome
    assert len(fake_teams.calls) == 1


def test_workflow_inside_our_own_network_is_refused(fake_teams, settings):
    settings.ALLOW_PRIVATE_WEBHOOKS = False
    assert send(fake_teams).outcome == Outcome.PERMANENT
    assert fake_teams.calls == []
