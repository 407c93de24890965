"""Tell the author of a silence that it ends while it still holds alerts back.

Who has left, or is no person, is stood in for by the organisation's desk. The message
is a pointer: it says how many, never what.
"""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.address_book import AddressBook
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.events.record import recording
from incidents.intake.silence_ends import ENDING, Ending, note_endings, sentence_of
from incidents.models import NoticeStage, Timer
from incidents.timers.schedule import register_handler


def register_handlers() -> None:
    """Have the timers of silences that end come here."""
    register_handler(ENDING, announce_ends)


def announce_ends(timers: Sequence[Timer], now: datetime) -> None:
    """Tell of each end once, if the silence still holds something back."""
    with recording(now):
        endings = note_endings(timers, now)
        book = AddressBook.load(
            {ending.silence.organisation_id for ending in endings},
            user_ids={ending.silence.author_id or 0 for ending in endings},
        )
        queue_notifications(
            [
                _row(ending, method)
                for ending in endings
                for method in book.methods_of(
                    ending.silence.organisation_id,
                    filter(None, [ending.silence.author_id]),
                )
            ],
            now=now,
        )


def _row(ending: Ending, method: ContactMethod) -> NewNotification:
    silence = ending.silence
    key = f"{silence.pk}:{silence.ends_at:%Y%m%d%H%M%S%f}:{ending.stage}:{method.pk}"
    return message_by(
        method,
        dedup_key=f"silence:{key}",
        purpose=retry.SILENCE,
        message=_message(ending),
        desk=f"{silence.organisation.name} desk",
    )


def _message(ending: Ending) -> Message:
    silence = ending.silence
    is_soon = ending.stage == NoticeStage.SOON
    subject = "A silence ends soon" if is_soon else "A silence has ended"
    move = (
        "What still fires then opens its incident. Let it last longer if that is too soon."
        if is_soon
        else "What still fires opens its incident now."
    )
    return Message(
        subject=f"[Tocsin] {subject}",
        text=f"{sentence_of(ending)} {move}\n\nIt was made by {_maker(ending)}.",
        url=f"{settings.BASE_URL}{reverse('silence-list')}#silence-{silence.uid}",
        data={"purpose": retry.SILENCE, "silence": str(silence.uid)},
    )


def _maker(ending: Ending) -> str:
    silence = ending.silence
    return str(silence.author) if silence.author else silence.author_name or "a tool"
