import uuid
from datetime import timedelta

import pytest

from escalation.models import Notification
from escalation.notifications.reply_codes import reply_code
from escalation.replies.texts import (
    NO_CODE,
    TOO_MANY,
    UNKNOWN,
    TextReply,
    answer_text,
    read_code,
)
from incidents.events.actor import Actor
from incidents.events.feed import timeline
from incidents.incident.lifecycle import reopen, resolve
from incidents.models import AcknowledgedVia, Acknowledgement
from tests.escalation.notifications.makers import (
    NOW,
    make_agency,
    make_incident,
    make_method,
    make_user,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db

PHONE = "+37255512345"


def sent_page(
    organisation, incident, *, user=None, phone=PHONE, **more
) -> Notification:
    method = make_method(organisation, channel="sms", address=phone, user=user)
    new = new_page(
        method,
        incident=incident,
        recipient_user_id=user.pk if user else None,
        recipient_name=str(user) if user else "Aurora desk",
        **more,
    )
    row = queue_pages([new])[0]
    row.first_attempt_at = NOW
    row.save()
    return row


def reply(text, *, sender=PHONE, now=NOW, message_id=None):
    message_id = message_id or f"SM{text}{now}"
    return answer_text(
        TextReply(sender=sender, text=text, message_id=message_id), now=now
    )


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


@pytest.mark.parametrize("form", ["{}", "ACK {}", "ack {} please", " {}.", "ACK{}"])
def test_code_acknowledges_what_its_message_is_about(lab, form):
    incident = make_incident(lab)
    person = make_user(lab)
    row = sent_page(lab, incident, user=person)
    assert reply(form.format(reply_code(row.uid))) == f"You have {incident.ref} now."
    ack = Acknowledgement.objects.get()
    assert (ack.incident, ack.user, ack.via) == (
        incident,
        person,
        AcknowledgedVia.SMS,
    )


def test_code_in_two_groups_is_read():
    assert read_code("482 139") == "482139"
    assert read_code("482-139 at 3") == "482139"
    assert read_code("482139 at 3") == "482139"
    assert read_code("482139 482140") == ""


def test_entry_says_who_replied(lab):
    incident = make_incident(lab)
    person = make_user(lab)
    row = sent_page(lab, incident, user=person)
    reply(reply_code(row.uid))
    hows = [
        item.data["how"]
        for item in timeline(incident, [lab.pk])
        if item.kind == "incident.acknowledged"
    ]
    assert hows == [f"by SMS reply from {person}"]


def test_code_is_good_only_for_the_number_it_was_sent_to(lab):
    row = sent_page(lab, make_incident(lab))
    assert reply(reply_code(row.uid), sender="+37255566666") == UNKNOWN
    assert Acknowledgement.objects.count() == 0


def test_code_of_another_message_acknowledges_that_one_only(lab):
    first, second = make_incident(lab), make_incident(lab, title="Another")
    stale = sent_page(lab, first, step_index=0, round=1)
    sent_page(lab, second, step_index=1, round=1)
    reply(reply_code(stale.uid))
    assert [ack.incident for ack in Acknowledgement.objects.all()] == [first]


def test_code_dies_after_six_hours(lab):
    row = sent_page(lab, make_incident(lab))
    late = NOW + timedelta(hours=6)
    assert reply(reply_code(row.uid), now=late) == UNKNOWN


def test_code_of_before_a_reopening_is_dead(lab):
    incident = make_incident(lab)
    row = sent_page(lab, incident)
    who = {"actor": Actor.system(lab), "user": None}
    later = NOW + timedelta(minutes=5)
    resolve(incident, reason="done", **who, now=later)
    reopen(incident, reason="not done", **who, now=later)
    assert reply(reply_code(row.uid), now=later) == UNKNOWN


def test_closed_incident_is_said_to_be_closed(lab):
    incident = make_incident(lab)
    row = sent_page(lab, incident)
    resolve(
        incident,
        reason="done",
        user=None,
        actor=Actor.system(lab),
        now=NOW,
    )
    code = reply_code(row.uid)
    for number in range(4):
        reply(wrong(code), message_id=f"SM{number}")
    said = f"{incident.ref} is closed already."
    assert reply(code, message_id="SM4") == said
    assert reply(code, message_id="SM4") == ""
    # The code was right: it clears the wrong ones.
    assert reply(wrong(code), message_id="SM5") == UNKNOWN
    assert reply(code, message_id="SM6") == said


def test_person_who_has_left_acknowledges_nothing(lab):
    person = make_user(lab)
    row = sent_page(lab, make_incident(lab), user=person)
    person.memberships.update(ended_at=NOW)
    assert reply(reply_code(row.uid)) == UNKNOWN


def test_each_side_acknowledges_for_itself(lab):
    incident = make_incident(lab)
    agency = make_agency()
    row = sent_page(agency, incident)
    # The lab does not share it (any more): the agency's code is worth nothing.
    assert reply(reply_code(row.uid)) == UNKNOWN
    assert Acknowledgement.objects.count() == 0


def test_second_reply_says_that_it_is_done(lab):
    incident = make_incident(lab)
    row = sent_page(lab, incident)
    code = reply_code(row.uid)
    reply(code)
    assert reply(code, message_id="SM2") == f"{incident.ref} was acknowledged already."
    assert Acknowledgement.objects.count() == 1


def test_reply_that_is_played_again_does_nothing(lab):
    row = sent_page(lab, make_incident(lab))
    code = reply_code(row.uid)
    reply(code, message_id="SM1")
    Acknowledgement.objects.update(ended_at=NOW)
    assert reply(code, message_id="SM1") == ""
    assert Acknowledgement.objects.filter(ended_at=None).count() == 0


def test_five_wrong_codes_silence_a_sender_for_an_hour(lab):
    row = sent_page(lab, make_incident(lab))
    code = reply_code(row.uid)
    said = [reply(wrong(code), message_id=f"SM{i}") for i in range(7)]
    assert said == [UNKNOWN] * 5 + [TOO_MANY, ""]
    assert reply(code, message_id="SM8") == ""
    assert Acknowledgement.objects.count() == 0
    later = NOW + timedelta(hours=1, seconds=1)
    assert reply(code, message_id="SM9", now=later).startswith("You have")


def test_guesses_of_one_sender_do_not_silence_another(lab):
    row = sent_page(lab, make_incident(lab))
    for number in range(9):
        reply("000000", sender="+37255566666", message_id=f"SM{number}")
    assert reply(reply_code(row.uid)).startswith("You have")


def test_right_code_clears_the_wrong_ones(lab):
    row = sent_page(lab, make_incident(lab))
    code = reply_code(row.uid)
    for number in range(4):
        reply(wrong(code), message_id=f"SM{number}")
    reply(code)
    assert reply(wrong(code), message_id="SMx") == UNKNOWN


def test_text_without_a_code_is_told_how(lab):
    assert reply("on my way") == NO_CODE


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "HELP"])
def test_words_of_the_provider_are_left_to_it(lab, word):
    assert reply(word) == ""


def same_code() -> tuple[uuid.UUID, uuid.UUID]:
    seen: dict[str, uuid.UUID] = {}
    for number in range(20_000):
        uid = uuid.UUID(int=number)
        if (code := reply_code(uid)) in seen:
            return seen[code], uid
        seen[code] = uid
    raise AssertionError


def test_code_that_two_incidents_share_acknowledges_neither(lab):
    rows = [
        sent_page(lab, make_incident(lab)),
        sent_page(lab, make_incident(lab, title="Another")),
    ]
    for row, uid in zip(rows, same_code(), strict=True):
        Notification.objects.filter(pk=row.pk).update(uid=uid)
    assert reply(reply_code(same_code()[0])) == UNKNOWN
    assert Acknowledgement.objects.count() == 0
