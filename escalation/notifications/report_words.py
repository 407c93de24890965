"""Tell who reads anonymous reports that something waits: a pointer, never a word of it.

Only they are told. An organisation's desk or administrator does not stand in for
them, for they are not to know that there is a report.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.models import ContactMethod
from escalation.notifications.outbox import (
    NewNotification,
    message_by,
    methods_for_users,
    queue_notifications,
)
from escalation.notifications.render import Message
from incidents.anonymous.desks import handlers_of
from incidents.anonymous.duty import NEWS_TIMER, STATUS_TIMER, remind
from incidents.anonymous.readers import readers_of
from incidents.anonymous.readers_news import READERS_TIMER
from incidents.events.record import recording
from incidents.models import AnonymousReport, Organisation, Timer, User
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
    register_handler(READERS_TIMER, send_readers)


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


def send_readers(timers: Sequence[Timer], now: datetime) -> None:
    """Tell the handlers, and whom it is about, that others may read from now on."""
    changes = [_change(timer) for timer in timers]
    reports = AnonymousReport.objects.in_bulk({change.report for change in changes})
    # A report that was deleted meanwhile has no readers.
    changes = [c for c in changes if not c.report or c.report in reports]
    people = User.objects.in_bulk({pk for change in changes for pk in change.people})
    names = Organisation.objects.in_bulk({change.side for change in changes})
    sides = set(names)
    handlers = _handlers(sides)
    told = {
        change: {*handlers.get(change.side, []), *change.added, *change.ended}
        for change in changes
    }
    methods = methods_for_users({pk for pks in told.values() for pk in pks}, sides)
    with recording(now):
        queue_notifications(
            [
                _notification(
                    method,
                    key=f"readers:{change.timer}",
                    message=_readers_message(change, people, reports, names),
                )
                for change, pks in told.items()
                for pk in sorted(pks)
                for method in methods.get((change.side, pk), [])
            ],
            now=now,
        )


@dataclass(frozen=True, slots=True)
class _Change:
    """Who was added or taken out, by whom; ids, 0 for none."""

    timer: int
    side: int
    report: int
    added: tuple[int, ...]
    ended: tuple[int, ...]
    by: int

    @property
    def people(self) -> tuple[int, ...]:
        return (*self.added, *self.ended, self.by)


def _change(timer: Timer) -> _Change:
    said = timer.payload
    added, ended = tuple(said["added"]), tuple(said["ended"])
    return _Change(timer.pk, timer.subject_id, said["report"], added, ended, said["by"])


def _readers_message(
    change: _Change,
    people: Mapping[int, User],
    reports: Mapping[int, AnonymousReport],
    names: Mapping[int, Organisation],
) -> Message:
    report = reports.get(change.report)
    what = f"anonymous report {report.ref}" if report else "anonymous reports"
    lines = [
        *(f"{people[pk]} can read them now." for pk in change.added if not report),
        *(f"{people[pk]} cannot any more." for pk in change.ended if not report),
        *(f"{people[pk]} can read it now." for pk in change.added if report),
        *(f"{people[pk]} cannot any more." for pk in change.ended if report),
    ]
    by = people.get(change.by)
    lines.append(f"Changed by {by}." if by else "Changed by the configuration.")
    subject = f"Who reads {what} of {names[change.side]} has changed"
    path = report.get_absolute_url() if report else reverse("report-list")
    return Message(
        subject=f"[Tocsin] {subject}",
        text="\n".join([f"{subject}.", "", *lines]),
        url=settings.BASE_URL + path,
        data={"purpose": retry.REPORT, "report": report.ref if report else ""},
    )


def _send(words: Sequence[Word], *, now: datetime) -> None:
    sides = {report.organisation_id for report, _, _ in words}
    handlers = _handlers(sides)
    shown: dict[int, list[int]] = {}
    for row in readers_of({report.pk for report, _, _ in words}):
        shown.setdefault(row.report_id, []).append(row.user_id)
    told = [
        (word, {*handlers.get(word[0].organisation_id, []), *shown.get(word[0].pk, [])})
        for word in words
    ]
    methods = methods_for_users({pk for _, pks in told for pk in pks}, sides)
    rows = []
    for word, pks in told:
        side = word[0].organisation_id
        found = [m for pk in sorted(pks) for m in methods.get((side, pk), [])]
        if not found:
            log.warning("nobody_to_tell_of_report", organisation=side)
        rows += [
            _notification(method, key=word[2], message=_message(word))
            for method in found
        ]
    with recording(now):
        queue_notifications(rows, now=now)


def _handlers(sides: Collection[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in handlers_of(sides):
        found.setdefault(row.organisation_id, []).append(row.user_id)
    return found


def _message(word: Word) -> Message:
    report, subject, _ = word
    return Message(
        subject=f"[Tocsin] {subject}",
        text=f"{subject}: {report.ref}.\n\nIt is your move: sign in and open it.",
        url=settings.BASE_URL + report.get_absolute_url(),
        data={"purpose": retry.REPORT, "report": report.ref},
    )


def _notification(
    method: ContactMethod, *, key: str, message: Message
) -> NewNotification:
    return message_by(
        method,
        dedup_key=f"report:{key}:{method.pk}",
        purpose=retry.REPORT,
        message=message,
    )
