import doctest
from dataclasses import replace

import pytest

from escalation.notifications.channels import short_texts
from escalation.notifications.channels.short_texts import sms_text, spoken_text
from escalation.notifications.render import Message
from escalation.notifications.retry import LIFETIMES
from tests.escalation.notifications.channels.messages import URL, page

MESSAGE = page("sms", "+37255512345").message


def test_examples_hold():
    assert doctest.testmod(short_texts).failed == 0


def test_text_says_what_how_and_where():
    assert sms_text(MESSAGE, purpose="page", reply_code="482139") == (
        "[SEV5] INC-0000000007: you are paged. Reply 482139 to acknowledge. " + URL
    )


def test_link_that_does_not_fit_is_left_out_whole():
    far = replace(MESSAGE, url="https://tocsin.example/" + "x" * 100)
    text = sms_text(far, purpose="page", reply_code="482139")
    assert text == (
        "[SEV5] INC-0000000007: you are paged. Reply 482139 to acknowledge."
    )


@pytest.mark.parametrize("subject", ["é" * 300, "x" * 300, "\u202e[SEV5]\n\r tab\t"])
def test_text_is_one_part_in_ascii(subject):
    text = sms_text(replace(MESSAGE, subject=subject), purpose="page")
    assert text.isascii()
    assert text.isprintable()
    assert len(text) <= 160


def test_red_is_a_pointer():
    red = page("sms", "+37255512345", tlp="RED").message
    assert sms_text(red, purpose="share") == (
        f"[Tocsin] INC-0000000007: an incident is shared with you. {URL}"
    )


def test_code_of_verification_is_sent():
    verify = Message("s", "Your code", "", {"code": "123456"})
    assert sms_text(verify, purpose="verify") == (
        "Your Tocsin code is 123456. If you did not ask for it, do nothing."
    )
    assert "1, 2, 3, 4, 5, 6" in spoken_text(verify, purpose="verify")


@pytest.mark.parametrize("purpose", sorted(LIFETIMES))
def test_every_message_says_what_happens(purpose):
    bare = Message("[Tocsin]", "", "", {"code": "1"})
    assert len(sms_text(bare, purpose=purpose)) > len("[Tocsin]: .")
    assert len(spoken_text(bare, purpose=purpose)) > len("This is Tocsin: .")


def test_near_deadline_is_said():
    assert sms_text(MESSAGE, purpose="clock").startswith(
        "[SEV5] INC-0000000007: a deadline is near. "
    )
    assert spoken_text(MESSAGE, purpose="overdue").startswith(
        "This is Tocsin: a deadline has passed. "
    )


def test_voice_spells_the_reference():
    assert spoken_text(MESSAGE, purpose="page") == (
        "This is Tocsin: you are paged. Severity 5. "
        "Incident I, N, C, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7."
    )
