"""Acknowledge by the button of a Slack message, and show in the message that it was."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from escalation.notifications import retry
from escalation.notifications.ack_links import LinkInvalid, read_token
from escalation.notifications.answering import (
    acknowledge_for,
    find_answerable,
)
from escalation.notifications.channels.slack import ACKNOWLEDGE_ACTION, replaces
from escalation.notifications.models import ContactMethod, Notification
from escalation.notifications.outbox import NewNotification, queue_notifications
from escalation.notifications.render import Message, one_line
from escalation.replies.once import note_once
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import AcknowledgedVia, User

_NAME_CHARACTERS: Final = 80
CLOSED: Final = "It is closed already."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A button that somebody pressed: which message of which channel, and who."""

    token: str
    channel: str
    ts: str
    user_id: str
    user_name: str


def read_pressed(payload: Any) -> Pressed | None:
    """Return what was pressed, or None for what is no button of ours.

    Source: Slack, "block_actions" interaction payload.
    """
    try:
        (action,) = payload["actions"]
        if action["action_id"] != ACKNOWLEDGE_ACTION:
            return None
        user = payload["user"]
        return Pressed(
            token=str(action["value"]),
            channel=str(payload["channel"]["id"]),
            ts=str(payload["message"]["ts"]),
            user_id=str(user["id"]),
            user_name=one_line(
                str(user.get("name") or user.get("username") or user["id"]),
                limit=_NAME_CHARACTERS,
            ),
        )
    except (KeyError, TypeError, ValueError):
        return None


def answer_button(pressed: Pressed, *, callback_id: str, now: datetime) -> None:
    """Acknowledge what the message is about; its text is replaced through the outbox."""
    try:
        notification = find_answerable(read_token(pressed.token))
    except LinkInvalid:
        # Nothing to say to whom: the message belongs to nobody who may know.
        return
    try:
        with recording(now):
            if note_once("slack", callback_id, now=now):
                said = _acknowledge(notification, pressed, now=now)
                queue_notifications([_receipt(notification, pressed, said)], now=now)
    except NotPossible:
        # The refusal has undone that transaction, the note of the callback with it.
        with recording(now):
            if note_once("slack", callback_id, now=now):
                queue_notifications([_receipt(notification, pressed, CLOSED)], now=now)


def _acknowledge(notification: Notification, pressed: Pressed, *, now: datetime) -> str:
    person = _person(notification, pressed.user_id)
    name = str(person) if person else f"@{pressed.user_name}"
    is_new = acknowledge_for(
        notification,
        via=AcknowledgedVia.SLACK,
        user=person,
        actor=Actor.link(
            notification.organisation, name=f"by Slack button from {name}"
        ),
        now=now,
    )
    at = f"{now.astimezone(UTC):%H:%M} UTC"
    return f"Acknowledged by {name} at {at}." if is_new else "Acknowledged already."


def _person(notification: Notification, slack_id: str) -> User | None:
    """Return the organisation's person who has proved that this Slack account is theirs."""
    rows = ContactMethod.objects.usable().filter(
        organisation=notification.organisation_id,
        channel="slack",
        address=slack_id,
        user__isnull=False,
    )
    method = rows.select_related("user").order_by("pk").first()
    return method.user if method else None


def _receipt(
    notification: Notification, pressed: Pressed, said: str
) -> NewNotification:
    first = Message.from_json(notification.message)
    return NewNotification(
        dedup_key=f"receipt:{notification.pk}:{pressed.channel}:{pressed.ts}",
        organisation_id=notification.organisation_id,
        purpose=retry.RECEIPT,
        channel="slack",
        address=pressed.channel,
        message=Message(first.subject, said, first.url, replaces(pressed.ts)),
    )
