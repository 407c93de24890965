"""Acknowledge by the code that a text message asked to be replied with."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from escalation.notifications import retry
from escalation.notifications.ack_links import LinkInvalid
from escalation.notifications.answering import (
    ANSWERED_WITH,
    acknowledge_for,
    incident_of,
    recipient_of,
    require_answerable,
)
from escalation.notifications.models import ContactMethod, Notification
from escalation.notifications.reply_codes import CODE_LIFETIME, DIGITS, reply_code
from escalation.replies.guesses import MAX_TRIES, begin_try, forgive
from escalation.replies.once import note_once
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import AcknowledgedVia

# The provider acts on these and answers them itself.
_PROVIDERS_WORDS: Final = frozenset(
    [
        "stop",
        "stopall",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "start",
        "unstop",
        "help",
        "info",
    ]
)
_CODE: Final = re.compile(rf"(?<!\d)\d{{{DIGITS}}}(?!\d)")
# More messages than this to one number within the life of a code are not looked at.
_MAX_MESSAGES: Final = 200

NO_CODE: Final = "Reply with the six digits of the message to acknowledge it."
UNKNOWN: Final = "No message to you has this code now. Look again, or open its link."
TOO_MANY: Final = "Too many wrong codes. Open the link of the message instead."


@dataclass(frozen=True, slots=True, kw_only=True)
class TextReply:
    """A text message that came in."""

    sender: str
    text: str
    message_id: str


def answer_text(reply: TextReply, *, now: datetime) -> str:
    """Acknowledge what a reply names; returns the sentence to send back, or nothing.

    Nothing is sent to whoever goes on guessing: two machines would talk for ever.
    """
    if reply.text.strip().lower() in _PROVIDERS_WORDS:
        return ""
    number = begin_try(reply.sender, now=now)
    if number > MAX_TRIES:
        return TOO_MANY if number == MAX_TRIES + 1 else ""
    code = read_code(reply.text)
    if not code:
        return NO_CODE
    return _answer_code(reply, code, now=now)


def read_code(text: str) -> str:
    """Return the one code in a reply, empty if there is none or more than one.

    >>> read_code("ACK 482139"), read_code("482 139"), read_code("on my way")
    ('482139', '482139', '')
    """
    for form in (text, re.sub(r"(?<=\d)[ -](?=\d)", "", text)):
        codes = _CODE.findall(form)
        if len(codes) == 1:
            return str(codes[0])
    return ""


def _answer_code(reply: TextReply, code: str, *, now: datetime) -> str:
    named = _named(reply.sender, code, now=now)
    try:
        with recording(now):
            if not note_once("twilio", reply.message_id, now=now):
                return ""
            if named is None:
                return UNKNOWN
            forgive(reply.sender)
            return _acknowledge(named, now=now)
    except NotPossible as error:
        # The refusal has undone that transaction; the code was right all the same.
        with recording(now):
            is_first = note_once("twilio", reply.message_id, now=now)
            forgive(reply.sender)
        return f"{error.state['ref']} is closed already." if is_first else ""


def _named(sender: str, code: str, *, now: datetime) -> Notification | None:
    """Return the message to this number that has the code; None if several differ."""
    methods = ContactMethod.objects.filter(
        channel="sms", address=sender, disabled_at=None, verified_at__isnull=False
    )
    rows = Notification.objects.filter(
        method__in=list(methods),
        purpose__in=retry.CANCELLED_BY_ACKNOWLEDGEMENT,
        first_attempt_at__gt=now - CODE_LIFETIME,
    )
    recent = rows.select_related(*ANSWERED_WITH).order_by("-pk")[:_MAX_MESSAGES]
    return _one_of(
        [row for row in recent if hmac.compare_digest(reply_code(row.uid), code)]
    )


def _one_of(found: Iterable[Notification]) -> Notification | None:
    """Return the message if all that share the code are about one and the same."""
    by_place = {(row.incident_id, row.organisation_id): row for row in found}
    return next(iter(by_place.values())) if len(by_place) == 1 else None


def _acknowledge(notification: Notification, *, now: datetime) -> str:
    try:
        require_answerable(notification)
    except LinkInvalid:
        return UNKNOWN
    ref = incident_of(notification).ref
    is_new = acknowledge_for(
        notification,
        via=AcknowledgedVia.SMS,
        user=notification.recipient_user,
        actor=Actor.link(
            notification.organisation,
            name=f"by SMS reply from {recipient_of(notification)}",
        ),
        now=now,
    )
    return f"You have {ref} now." if is_new else f"{ref} was acknowledged already."
