from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from escalation.notifications.render import Message, MessageFacts, render_message

OPENED = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def facts(**more: Any) -> MessageFacts:
    fields: dict[str, Any] = {
        "purpose": "page",
        "channel": "email",
        "ref": "INC-0123456789",
        "title": "Weights copied out",
        "description": "A bucket was world-readable.",
        "severity": 4,
        "tlp": "AMBER",
        "category": "WGT",
        "owner": "Aurora Labs",
        "opened_at": OPENED,
        "url": "https://tocsin.example/incidents/INC-0123456789/",
        "organisation": "Aurora Labs",
        **more,
    }
    return MessageFacts(**fields)


def everything(message: Message) -> str:
    return f"{message.subject}\n{message.text}\n{message.data}"


def test_page_says_what_happens_what_is_due_and_whose_move_it_is():
    due = OPENED + timedelta(minutes=15)
    message = render_message(
        facts(why="Step 1 of 2.", next_at=due, next_who="Bo is paged")
    )
    assert message.subject == "[SEV4] INC-0123456789 Weights copied out"
    assert message.text.split("\n\n")[0] == "You are paged. Step 1 of 2."
    assert "It is your move: acknowledge it, then act on it." in message.text
    expected = "Without an acknowledgement by 03:15 UTC, Sun 01 Mar 2026: Bo is paged."
    assert expected in message.text


def test_all_messages_about_one_incident_have_the_same_subject():
    purposes = ["page", "share", "fallback", "exhausted", "unreachable", "question"]
    subjects = {render_message(facts(purpose=p)).subject for p in purposes}
    assert subjects == {"[SEV4] INC-0123456789 Weights copied out"}


def test_red_goes_out_as_a_pointer_without_title_text_or_severity():
    message = render_message(facts(tlp="RED"))
    assert message.subject == "[Tocsin] INC-0123456789"
    assert message.url == "https://tocsin.example/incidents/INC-0123456789/"
    for secret in ("Weights", "bucket", "Aurora Labs, opened", "Critical"):
        assert secret not in message.subject + message.text
    assert message.data == {
        "purpose": "page",
        "ref": "INC-0123456789",
        "url": "https://tocsin.example/incidents/INC-0123456789/",
        "tlp": "RED",
        "organisation": "Aurora Labs",
    }


def test_amber_strict_holds_back_the_description():
    message = render_message(facts(tlp="AMBER+STRICT"))
    assert "Weights copied out" in message.text
    assert "bucket" not in everything(message)


def test_amber_outside_holds_back_the_title_and_who_it_is():
    message = render_message(facts(purpose="share", inside=False, organisation="NAISA"))
    assert message.subject == "[SEV4] INC-0123456789"
    assert "Weights" not in everything(message)
    assert "Aurora" not in everything(message)


def test_question_goes_out_only_where_the_label_lets_content_travel():
    open_one = render_message(facts(purpose="question", body_text="Which model?"))
    strict = render_message(
        facts(purpose="question", body_text="Which model?", tlp="AMBER+STRICT")
    )
    assert "Which model?" in open_one.text
    assert "Which model?" not in everything(strict)


@pytest.mark.parametrize("title", ["a\r\nBcc: x@y.example", "a\nBcc: x@y.example"])
def test_subject_is_one_line(title):
    message = render_message(facts(title=title))
    assert message.subject == "[SEV4] INC-0123456789 a Bcc: x@y.example"


def test_long_title_is_cut():
    assert len(render_message(facts(title="x" * 300)).subject) == 160


def test_message_survives_the_outbox():
    message = render_message(facts())
    assert Message.from_json(message.as_json()) == message
    assert len(message.sha256()) == 64
