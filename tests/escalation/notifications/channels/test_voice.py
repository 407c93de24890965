from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from escalation.notifications.ack_links import read_token
from escalation.notifications.channels.base import Outcome
from escalation.notifications.channels.twilio_api import call_script
from escalation.notifications.channels.voice import VoiceChannel
from tests.escalation.notifications.channels.messages import (
    DESCRIPTION,
    TITLE,
    UID,
    page,
)
from tests.escalation.notifications.fakes.twilio import NUMBER

CHANNEL = VoiceChannel()
TO = "+37255512345"


def script_of(call):
    return ElementTree.fromstring(call.fields["Twiml"])


def test_call_is_placed_and_its_id_kept(fake_twilio):
    result = CHANNEL.send(page("voice", TO))
    (call,) = fake_twilio.calls
    assert call.path == "/2010-04-01/Accounts/AC1/Calls.json"
    assert (call.fields["To"], call.fields["From"]) == (TO, NUMBER)
    assert (result.outcome, result.provider_id) == (Outcome.SENT, f"CA{1:032d}")


def test_key_is_sent_to_the_address_of_this_notification(fake_twilio, settings):
    settings.BASE_URL = "https://tocsin.example"
    CHANNEL.send(page("voice", TO))
    gather = script_of(fake_twilio.calls[0])[0]
    address = urlsplit(gather.attrib["action"])
    assert gather.tag == "Gather"
    assert address.path == "/callbacks/twilio/voice"
    assert read_token(parse_qs(address.query)["n"][0]) == UID


def test_page_is_said_twice_and_asks_for_a_key(fake_twilio):
    CHANNEL.send(page("voice", TO))
    script = script_of(fake_twilio.calls[0])
    said = [say.text or "" for say in script.iter("Say")]
    assert [part.tag for part in script] == ["Gather", "Gather", "Say"]
    assert said[0] == said[1]
    assert said[0].endswith("Press 4 to acknowledge. Press 6 to pass it on.")


def test_message_that_asks_for_nothing_gathers_nothing(fake_twilio):
    CHANNEL.send(page("voice", TO, acknowledge_url=""))
    assert [part.tag for part in script_of(fake_twilio.calls[0])] == ["Say"]


def test_neither_title_nor_description_is_said(fake_twilio):
    CHANNEL.send(page("voice", TO, tlp="CLEAR"))
    script = fake_twilio.calls[0].fields["Twiml"]
    assert (TITLE in script, DESCRIPTION in script) == (False, False)


def test_text_can_neither_begin_nor_end_the_script():
    hostile = "<Response><Dial>+37255566666</Dial></Response>"
    script = ElementTree.fromstring(call_script(hostile, answers_to=""))
    assert [(part.tag, part.text, len(part)) for part in script] == [
        ("Say", hostile, 0)
    ]
