"""Acknowledge or pass on by a key that was pressed during a call."""

from datetime import datetime
from typing import Final

from escalation.notifications.ack_links import LinkInvalid, read_token
from escalation.notifications.answering import (
    acknowledge_for,
    find_answerable,
    recipient_of,
)
from escalation.notifications.models import Notification
from escalation.replies.once import note_once
from escalation.runs.passing_on import pass_on
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import AcknowledgedVia

ACKNOWLEDGE: Final = "4"
NEXT_PERSON: Final = "6"
KEYS: Final = frozenset({ACKNOWLEDGE, NEXT_PERSON})

OVER: Final = "This call is about nothing that can be answered any more. Goodbye."


def answer_call(token: str, *, key: str, call_id: str, now: datetime) -> str:
    """Do what the key says; returns the sentence to speak. Requires key in KEYS."""
    try:
        notification = find_answerable(read_token(token))
        with recording(now):
            if not note_once("twilio", f"{call_id}:{key}", now=now):
                return "That is done already. Goodbye."
            if key == NEXT_PERSON:
                return _pass_on(notification, now=now)
            return _acknowledge(notification, now=now)
    except (LinkInvalid, NotPossible):
        return OVER


def _acknowledge(notification: Notification, *, now: datetime) -> str:
    is_new = acknowledge_for(
        notification,
        via=AcknowledgedVia.VOICE,
        user=notification.recipient_user,
        actor=Actor.link(
            notification.organisation,
            name=f"by key during the call to {recipient_of(notification)}",
        ),
        now=now,
    )
    return (
        "You have it now. Goodbye."
        if is_new
        else "It was acknowledged already. Goodbye."
    )


def _pass_on(notification: Notification, *, now: datetime) -> str:
    reason = f"{recipient_of(notification)} passed it on during the call"
    if pass_on(notification, reason=reason, now=now):
        return "The next step is taken now. Goodbye."
    return "The escalation has moved on already. Goodbye."
