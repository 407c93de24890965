import json
import time
from datetime import timedelta
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from escalation.models import CallbackRefusals, Notification
from escalation.notifications.ack_links import make_token
from escalation.notifications.delivery import deliver_batch
from escalation.notifications.reply_codes import reply_code
from incidents.events.actor import Actor
from incidents.incident.lifecycle import resolve
from incidents.models import AcknowledgedVia, Acknowledgement
from tests.escalation.notifications.makers import (
    make_incident,
    make_method,
    make_user,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db

SMS = "/callbacks/twilio/sms"
PHONE = "+37255512345"


@pytest.fixture
def incident(lab):
    return make_incident(lab)


@pytest.fixture
def page(lab, incident) -> Notification:
    method = make_method(lab, channel="sms", address=PHONE)
    new = new_page(method, incident=incident, recipient_name="Ann Example")
    row = queue_pages([new])[0]
    row.first_attempt_at = row.queued_at = timezone.now()
    row.save()
    return row


def text(body: str, sid: str = "SM1") -> dict[str, str]:
    return {"From": PHONE, "To": "+37255500000", "Body": body, "MessageSid": sid}


def pressed(page: Notification, **more) -> dict:
    action = {"action_id": "tocsin-acknowledge", "value": make_token(page.uid)}
    return {
        "type": "block_actions",
        "user": {"id": "U0123456789", "username": "ann"},
        "channel": {"id": "C0123456789"},
        "message": {"ts": "1700000000.000001"},
        "actions": [action],
        **more,
    }


def said(answer) -> list[str]:
    script = ElementTree.fromstring(answer.content)
    return [part.text for part in script.iter() if part.text]


def refusals() -> dict[str, int]:
    return dict(CallbackRefusals.objects.values_list("provider", "count"))


def acknowledged() -> list[str]:
    return [ack.via for ack in Acknowledgement.objects.filter(ended_at=None)]


def test_signed_text_acknowledges_and_is_answered(from_twilio, page, incident):
    answer = from_twilio(SMS, text(f"ACK {reply_code(page.uid)}"))
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    assert said(answer) == [f"You have {incident.ref} now."]
    assert acknowledged() == [AcknowledgedVia.SMS]


def test_unknown_code_is_answered_politely(from_twilio, page):
    answer = from_twilio(SMS, text("000000"))
    assert said(answer) == [
        "No message to you has this code now. Look again, or open its link."
    ]


@pytest.mark.parametrize("token", ["wrong", None])
def test_text_that_twilio_did_not_sign_is_refused_and_counted(from_twilio, page, token):
    answer = from_twilio(SMS, text(reply_code(page.uid)), token)
    assert (answer.status_code, refusals()) == (403, {"twilio": 1})
    assert acknowledged() == []


def test_nothing_is_accepted_while_twilio_is_not_set_up(from_twilio, page, settings):
    settings.TWILIO_TOKEN = ""
    answer = from_twilio(SMS, text(reply_code(page.uid)), "")
    assert (answer.status_code, acknowledged()) == (403, [])


def voice(page: Notification) -> str:
    return f"/callbacks/twilio/voice?n={quote(make_token(page.uid))}"


def key(digit: str, call: str = "CA1") -> dict[str, str]:
    return {"Digits": digit, "CallSid": call}


def test_four_acknowledges(from_twilio, page):
    answer = from_twilio(voice(page), key("4"))
    assert said(answer) == ["You have it now. Goodbye."]
    assert acknowledged() == [AcknowledgedVia.VOICE]


def test_other_key_is_asked_for_again(from_twilio, page):
    address = voice(page)
    script = ElementTree.fromstring(from_twilio(address, key("5")).content)
    assert [part.tag for part in script] == ["Gather", "Gather", "Say"]
    assert script[0].attrib["action"].endswith(address)
    assert acknowledged() == []


def test_key_with_a_token_that_was_changed_does_nothing(from_twilio, page):
    answer = from_twilio(voice(page) + "x", key("4"))
    assert said(answer)[0].startswith("This call is about nothing")
    assert acknowledged() == []


def test_key_of_a_call_that_twilio_did_not_sign_is_refused(from_twilio, page):
    answer = from_twilio(voice(page), key("4"), "wrong")
    assert (answer.status_code, acknowledged()) == (403, [])


def test_key_that_is_played_again_does_nothing(from_twilio, page):
    from_twilio(voice(page), key("4"))
    Acknowledgement.objects.update(ended_at=timezone.now())
    assert said(from_twilio(voice(page), key("4"))) == [
        "That is done already. Goodbye."
    ]
    assert acknowledged() == []


def test_six_passes_on_what_no_run_waits_for_to_nobody(from_twilio, page):
    answer = from_twilio(voice(page), key("6"))
    assert said(answer) == ["The escalation has moved on already. Goodbye."]


def test_button_acknowledges_and_the_message_is_replaced(from_slack, page, fake_slack):
    assert from_slack(pressed(page)).status_code == 200
    assert acknowledged() == [AcknowledgedVia.SLACK]
    deliver_batch(timezone.now() + timedelta(seconds=1))
    (call,) = [call for call in fake_slack.calls if call.path == "/api/chat.update"]
    assert (call.fields["channel"], call.fields["ts"]) == (
        "C0123456789",
        "1700000000.000001",
    )
    shown = json.dumps(call.fields["blocks"])
    assert "Acknowledged by @ann at" in shown
    assert "tocsin-acknowledge" not in shown


def test_button_names_the_person_whose_slack_account_it_is(from_slack, page, lab):
    person = make_user(lab)
    make_method(lab, user=person, channel="slack", address="U0123456789")
    from_slack(pressed(page))
    assert Acknowledgement.objects.get().user == person


def test_button_does_not_name_a_person_who_has_left(from_slack, page, lab):
    person = make_user(lab)
    make_method(lab, user=person, channel="slack", address="U0123456789")
    person.memberships.update(ended_at=timezone.now())
    from_slack(pressed(page))
    assert Acknowledgement.objects.get().user is None


def test_button_of_a_forged_request_is_refused_and_counted(from_slack, page):
    answer = from_slack(pressed(page), "wrong")
    assert (answer.status_code, refusals()) == (403, {"slack": 1})
    assert acknowledged() == []


@pytest.mark.parametrize("seconds", [-302, 330])
def test_button_signed_outside_the_window_is_refused(from_slack, page, seconds):
    answer = from_slack(pressed(page), at=int(time.time()) + seconds)
    assert (answer.status_code, acknowledged()) == (403, [])


@pytest.mark.parametrize("at", ["", "now", "1e9", "\u0661"])
def test_button_with_an_instant_that_is_none_is_refused(from_slack, page, at):
    assert from_slack(pressed(page), at=at).status_code == 403


def test_button_that_is_played_again_does_nothing(from_slack, page):
    payload, at = pressed(page), int(time.time())
    from_slack(payload, at=at)
    Acknowledgement.objects.update(ended_at=timezone.now())
    from_slack(payload, at=at)
    assert acknowledged() == []


def test_button_whose_token_was_changed_does_nothing(from_slack, page):
    action = {"action_id": "tocsin-acknowledge", "value": "x:y:z"}
    assert from_slack(pressed(page, actions=[action])).status_code == 200
    assert acknowledged() == []


def test_button_on_what_is_closed_says_so_in_the_message(
    from_slack, page, incident, lab, fake_slack
):
    at = timezone.now()
    resolve(incident, reason="done", user=None, actor=Actor.system(lab), now=at)
    assert from_slack(pressed(page)).status_code == 200
    assert acknowledged() == []
    deliver_batch(at + timedelta(seconds=1))
    (call,) = [call for call in fake_slack.calls if call.path == "/api/chat.update"]
    assert "It is closed already." in json.dumps(call.fields["blocks"])


@pytest.mark.parametrize("payload", [[], {}, {"actions": []}, "x", None])
def test_what_is_no_button_of_ours_changes_nothing(from_slack, payload):
    assert from_slack(payload).status_code == 200
    assert acknowledged() == []
