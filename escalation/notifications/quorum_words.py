"""Tell the platform's operator that heads of the log lack their quorum, and when it is back.

Nothing of the record is in it: names of witnesses, and instants.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from django.conf import settings
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.in_charge import ways_to_those_in_charge
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.events.record import recording
from incidents.models import QuorumMiss, Timer
from incidents.timers.schedule import register_handler
from incidents.witnessing.watching import BACK_TIMER, MISSED_TIMER

_NO_HARM: Final = (
    "Pages and deadlines go on. Receipts and evidence wait, and how late an entry was"
    " can be doubted the longer it lasts."
)

log = structlog.get_logger(__name__)


def register_handlers() -> None:
    """Have the timers of quorums that are missed come here."""
    register_handler(MISSED_TIMER, partial(tell_of_quorum, is_back=False))
    register_handler(BACK_TIMER, partial(tell_of_quorum, is_back=True))


def tell_of_quorum(timers: Sequence[Timer], now: datetime, *, is_back: bool) -> None:
    """Tell the operator, in a fixed number of statements."""
    misses = QuorumMiss.objects.in_bulk({timer.subject_id for timer in timers})
    wanted = [
        (timer.organisation_id, misses[timer.subject_id])
        for timer in timers
        if timer.organisation_id and timer.subject_id in misses
    ]
    methods = ways_to_those_in_charge({side for side, _ in wanted})
    if wanted and not methods:
        log.warning("nobody_to_tell_of_quorum", misses=[miss.pk for _, miss in wanted])
    rows = [
        _row(method, miss, is_back=is_back)
        for side, miss in wanted
        for method in methods.get(side, ())
    ]
    with recording(now):
        queue_notifications(rows, now=now)


def _row(method: ContactMethod, miss: QuorumMiss, *, is_back: bool) -> NewNotification:
    message = _back(miss) if is_back else _missed(miss)
    return message_by(
        method,
        dedup_key=f"quorum:{miss.pk}:{'back' if is_back else 'missed'}:{method.pk}",
        purpose=retry.QUORUM_BACK if is_back else retry.QUORUM,
        message=message,
        is_urgent=not is_back,
    )


def _missed(miss: QuorumMiss) -> Message:
    minutes = int((miss.told_at - miss.since).total_seconds() // 60)
    awaited = ", ".join(miss.awaited) or "nobody in particular: they cosign other heads"
    text = "\n".join(
        [
            f"No quorum of witnesses has vouched for the log for {minutes} minutes,"
            f" since {_said(miss.since)}.",
            f"Awaited: {awaited}.",
            "",
            f"{_NO_HARM} Call whoever runs that witness; the page says what it answers.",
        ]
    )
    subject = f"No quorum of witnesses for {minutes} minutes"
    return _message(subject, text, retry.QUORUM)


def _back(miss: QuorumMiss) -> Message:
    ended = _said(miss.over_at) if miss.over_at else "now"
    text = f"Without one: from {_said(miss.since)} to {ended}. Nothing is to be done."
    return _message("A quorum of witnesses again", text, retry.QUORUM_BACK)


def _said(at: datetime) -> str:
    return f"{at:%-d %b %Y, %H:%M} UTC"


def _message(subject: str, text: str, purpose: str) -> Message:
    return Message(
        subject=f"[Tocsin] {subject}",
        text=text,
        url=settings.BASE_URL + reverse("witness-list"),
        data={"purpose": purpose},
    )
