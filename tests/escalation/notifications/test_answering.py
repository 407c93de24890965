"""Whoever is paged by mail can answer that mail, and nobody can answer in their name."""

from pathlib import Path

import pytest

from escalation.notifications.channels.email import EmailChannel
from escalation.notifications.claim import claim_due
from incidents.events.feed import read_fields
from incidents.mail.addresses import find_addressee
from incidents.mail.process import process_next_mail
from incidents.mail.storing import store_mail
from incidents.models import Entry, Mail
from tests.escalation.notifications.makers import (
    NOW,
    make_incident,
    make_method,
    make_user,
    make_webhook,
    new_page,
    queue_pages,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _takes_mail(settings, tmp_path: Path) -> None:
    settings.MAIL_LISTEN = "lmtp://127.0.0.1:8024"
    settings.DEFAULT_FROM_EMAIL = "Tocsin <bell@tocsin.example>"
    settings.ATTACHMENTS_DIR = tmp_path


def _page(lab, **more):
    """Page a responder about an incident and return both, and the outgoing message."""
    user, incident = make_user(lab), make_incident(lab)
    method = make_method(lab, user=user, **more)
    queue_pages([new_page(method, incident=incident, recipient_user_id=user.pk)])
    (claimed,) = claim_due(NOW, limit=1)
    return user, incident, claimed.outgoing


def _answer(outgoing, *, sender: str, text: str) -> Mail:
    addressee = find_addressee(outgoing.reply_to, now=NOW)
    assert addressee is not None
    raw = (
        f"From: {sender}\r\nSubject: Re: it\r\nMessage-ID: <1@x>\r\n\r\n{text}".encode()
    )
    [row] = store_mail([addressee], raw, envelope_from=sender, now=NOW)
    assert process_next_mail(NOW) is True
    return Mail.objects.get(pk=row.pk)


def test_answer_to_a_page_becomes_a_comment_of_the_paged(lab, mail_server):
    user, incident, outgoing = _page(lab)
    channel = EmailChannel()
    channel.send(outgoing)
    channel.close()
    assert mail_server.mails[0]["Reply-To"] == outgoing.reply_to
    row = _answer(outgoing, sender=outgoing.address, text="I am on it.")
    assert (row.state, row.incident, row.member) == ("commented", incident, user)
    [entry] = Entry.objects.filter(kind="incident.commented")
    fields = read_fields([entry])[entry.pk]
    assert (fields["text"], fields["actor"]["name"]) == ("I am on it.", user.name)


def test_answer_of_somebody_else_is_held(lab):
    _, _, outgoing = _page(lab)
    other = make_user(lab)
    assert _answer(outgoing, sender=other.email, text="Stop.").state == "held"


def test_message_of_another_channel_names_no_reply_address(lab):
    user, incident = make_user(lab), make_incident(lab)
    method = make_webhook(lab, "http://127.0.0.1:1/", user=user)
    queue_pages([new_page(method, incident=incident, recipient_user_id=user.pk)])
    assert claim_due(NOW, limit=1)[0].outgoing.reply_to == ""


def test_nobody_is_asked_to_answer_where_no_mail_is_taken(lab, settings):
    settings.MAIL_LISTEN = ""
    assert _page(lab)[2].reply_to == ""
