"""Tell the handlers of anonymous reports that something waits: a pointer, never a word of it.

Only handlers are told. An organisation's desk or administrator does not stand in for
them, for they are not to know that there is a report.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings

from escalation.notifications import retry
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    methods_for_users,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.anonymous.desks import handlers_of
from incidents.anonymous.duty import NEWS_TIMER, STATUS_TIMER, remind
from incidents.events.record import recording
from incidents.models import AnonymousReport, Timer
from incidents.timers.schedule import register_handler

_NEWS: Final = "There is something new in an anonymous report"
_ASKED: Final = "The reporter of an anonymous report is owed a word"
_LATE: Final = "The reporter of an anonymous report should have heard from you"

log = structlog.get_logger(__name__)

Word = tuple[AnonymousReport, str, str]


def register_handlers() -> None:
    """Have the timers of anonymous reports come here."""
    register_handler(NEWS_TIMER, send_news)
    register_handler(STATUS_TIMER, send_reminders)


def send_news(timers: Sequence[Timer], now: datetime) -> None:
    """Tell the handlers that a reporter wrote; once for each message."""
    rows = AnonymousReport.objects.select_related("organisation").in_bulk(
        [timer.subject_id for timer in timers]
    )
    words = [
        (rows[timer.subject_id], _NEWS, f"news:{timer.payload['message']}")
        for timer in timers
        if timer.subject_id in rows
    ]
    _send(words, now=now)


def send_reminders(timers: Sequence[Timer], now: datetime) -> None:
    """Remind the handlers of the monthly word, each day until it was sent."""
    with recording(now):
        words = [
            (
                report,
                _LATE if report.is_status_late(now) else _ASKED,
                f"status:{report.pk}:{now:%Y%m%d%H%M}",
            )
            for report in remind(timers, now)
        ]
        _send(words, now=now)


def _send(words: Sequence[Word], *, now: datetime) -> None:
    sides = {report.organisation_id for report, _, _ in words}
    people: dict[int, list[int]] = {}
    for row in handlers_of(sides):
        people.setdefault(row.organisation_id, []).append(row.user_id)
    users = {user for found in people.values() for user in found}
    methods = methods_for_users(users, sides)
    rows = []
    for word in words:
        side = word[0].organisation_id
        found = [
            method
            for user in people.get(side, [])
            for method in methods.get((side, user), [])
        ]
        if not found:
            log.warning("nobody_to_tell_of_report", organisation=side)
        rows += [_row(word, method) for method in found]
    with recording(now):
        queue_notifications(rows, now=now)


def _row(word: Word, method: ContactMethod) -> NewNotification:
    report, subject, key = word
    message = Message(
        subject=f"[Tocsin] {subject}",
        text=f"{subject}: {report.ref}.\n\nIt is your move: sign in and open it.",
        url=settings.BASE_URL + report.get_absolute_url(),
        data={"purpose": retry.REPORT, "report": report.ref},
    )
    return NewNotification(
        dedup_key=f"report:{key}:{method.pk}",
        organisation_id=report.organisation_id,
        purpose=retry.REPORT,
        channel=method.channel,
        address=method.address,
        message=message,
        method_id=method.pk,
        recipient_user_id=method.user_id,
        recipient_name=str(method.user),
    )
