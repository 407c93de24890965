"""Owe each reporter a word every month, and remind the handlers until it was sent.

Source: California Labor Code §§ 1107 to 1107.2 (SB 53): a monthly update to whoever
disclosed anonymously, on where the matter stands.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from incidents.anonymous.models import AnonymousReport
from incidents.anonymous.months import add_month
from incidents.anonymous.trail import record_report
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.ledger.canonical import format_at
from incidents.timers.models import Timer
from incidents.timers.schedule import NewTimer, add_timers, cancel_timers

STATUS_TIMER: Final = "report.status"
NEWS_TIMER: Final = "report.news"
REMIND_BEFORE: Final = timedelta(days=5)
REMIND_EVERY: Final = timedelta(days=1)


def owe_status(report: AnonymousReport, *, since: datetime) -> None:
    """Have the reporter hear within a month from `since`. Requires an open recording."""
    report.status_due_at, report.is_overdue = add_month(since), False
    report.save(update_fields=["status_due_at", "is_overdue"])
    cancel_timers(STATUS_TIMER, [report.pk])
    add_timers([_reminder(report, report.status_due_at - REMIND_BEFORE)])


def owe_nothing(report: AnonymousReport) -> None:
    """End the duty: the report is closed. Requires an open recording."""
    report.status_due_at, report.is_overdue = None, False
    report.save(update_fields=["status_due_at", "is_overdue"])
    cancel_timers(STATUS_TIMER, [report.pk])


def remind(timers: Sequence[Timer], now: datetime) -> list[AnonymousReport]:
    """Return the reports whose handlers must be reminded now; each comes again in a day.

    Records the reminder, and once that the status is overdue. The number of statements
    does not grow with the timers.
    """
    wanted = [timer.subject_id for timer in timers if timer.kind == STATUS_TIMER]
    rows = AnonymousReport.objects.select_for_update(no_key=True, of=("self",))
    with recording(now):
        owed = rows.filter(pk__in=wanted, status_due_at__isnull=False)
        reports = list(owed.select_related("organisation").order_by("pk"))
        late = [r for r in reports if r.is_status_late(now) and not r.is_overdue]
        for report in reports:
            _record(report, "report.status_asked")
        for report in late:
            report.is_overdue = True
            _record(report, "report.status_overdue")
        AnonymousReport.objects.bulk_update(late, ["is_overdue"])
        add_timers(_reminder(report, now + REMIND_EVERY) for report in reports)
    return reports


def _reminder(report: AnonymousReport, due_at: datetime) -> NewTimer:
    return NewTimer(STATUS_TIMER, report.pk, report.organisation_id, due_at)


def _record(report: AnonymousReport, kind: str) -> None:
    assert report.status_due_at is not None  # noqa: S101  selected so
    actor = Actor.system(report.organisation)
    due_at = format_at(report.status_due_at)
    record_report(kind, report, actor=actor, due_at=due_at)
