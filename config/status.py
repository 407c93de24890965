"""Reads how punctual the whole was, for people: by day, by kind, the worst, and now.

A timer or message is on time when it went within `TOCSIN_ON_TIME_SECONDS` of its due
instant. What still waits beyond that counts as late from then on, not as missing: a
loop that stands still must not look punctual. No content of anybody is read here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Max, Q

from config.health import Vitals, measure
from escalation.models import Notification, NotificationStatus
from incidents.models import Lateness, Timer
from incidents.timers.histogram import BOUNDS_MS, count_within, quantile_ms
from incidents.timers.lateness import MESSAGE, Summary, by_day, by_kind

DAYS: Final = 30
RECENT: Final = timedelta(hours=24)
WORST: Final = 5
HOUR_SECONDS: Final = 3_600
# What people call the kinds; a kind that is not named here is shown by its own name.
LABELS: Final = {
    MESSAGE: "Message, until its first attempt",
    "run.step": "Step of an escalation",
    "run.check_reached": "Check whether a step reached somebody",
    "run.next_please": "Pass on to the next step",
    "run.snooze_ends": "Take a snoozed path up again",
    "run.method_failed": "Word that a message failed",
    "run.acknowledgement_ends": "End of an acknowledgement",
    "run.acknowledgement_gone": "Look at a path whose acknowledgement ended",
    "run.clock_effect": "Effect of a clock on an escalation",
    "incident.changed": "Word that an incident changed",
    "routing.again": "Second attempt to route",
    "clock.look": "Look at a clock",
    "duties.record": "Entry in the time record of an incident",
    "duties.look": "Look at statutory clocks",
    "duties.warn": "Warning of a statutory clock",
    "duties.regime_changed": "Look through the clocks of a changed law",
    "duties.profile_changed": "Look at incidents after a change of a legal profile",
    "duties.review": "Word that a decision is to be looked at again",
    "clock.warn": "Warning of a clock",
    "clock.breach": "Breach of a clock",
    "retention.announced": "Word that a schedule will erase values",
    "erasure.recipients": "Search for who holds what was erased",
    "erasure.owed": "Word that recipients are to be told of an erasure",
    "clock.retarget": "Clocks after a change of severity",
    "filing.told": "Word about a filing",
    "triage.question": "Question to be sent",
    "triage.answer": "Answer to be sent",
    "intake.group_window": "End of the time in which a group takes alerts",
    "intake.quiet_source": "Look at a source that may have gone quiet",
    "intake.flapping": "End of an alert's flapping",
    "silence.ending": "Word that a silence ends",
    "heartbeat.due": "Look for a heartbeat",
    "heartbeat.back": "Word that a heartbeat came back",
    "mail.held": "Word that mail is held",
    "record.mismatch": "Word that the record does not fit",
    "quorum.missed": "Word that the log lacks its witnesses",
    "quorum.back": "Word that witnesses vouch again",
    "report.news": "Word to handlers of a report",
    "report.readers": "Word that readers of reports changed",
    "report.status": "Reminder to answer a reporter",
}


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a number went on time."""

    count: int
    on_time: int

    @property
    def percent(self) -> str:
        """Return it to two places, rounded down: 100 % means all. Empty when none."""
        if not self.count:
            return ""
        hundredths = self.on_time * 10_000 // self.count
        return f"{hundredths // 100}.{hundredths % 100:02d}"

    @property
    def late(self) -> int:
        """How many were late."""
        return self.count - self.on_time


@dataclass(frozen=True, slots=True)
class Day:
    """One day, in UTC."""

    on: date
    share: Share
    max_ms: int

    @property
    def worst(self) -> str:
        """Return the greatest lateness as text."""
        return spoken(self.max_ms)


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of thing in the last day. A quantile is None beyond the last bound."""

    what: str
    share: Share
    p50_ms: int | None
    p99_ms: int | None
    max_ms: int

    @property
    def name(self) -> str:
        """Return what people call it."""
        return label_of(self.what)

    @property
    def spoken(self) -> tuple[str, str, str]:
        """Return median, 99th percentile and the worst as text."""
        return spoken(self.p50_ms), spoken(self.p99_ms), spoken(self.max_ms)


@dataclass(frozen=True, slots=True)
class Worst:
    """The latest of one kind within a minute, an hour or a day."""

    what: str
    span: str
    began_at: datetime
    max_ms: int

    @property
    def name(self) -> str:
        """Return what people call it."""
        return label_of(self.what)

    @property
    def late_by(self) -> str:
        """Return the lateness as text."""
        return spoken(self.max_ms)


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that the status page shows."""

    at: datetime
    bound_seconds: int
    total: Share
    waiting_late: int
    days: tuple[Day, ...]
    kinds: tuple[Kind, ...]
    worst: tuple[Worst, ...]
    vitals: Vitals


def read_status(now: datetime) -> Status:
    """Read how punctual the last thirty days were and what runs at `now`."""
    waiting = _waiting_late(now)
    days = _days(now, waiting)
    return Status(
        at=now,
        bound_seconds=settings.ON_TIME_SECONDS,
        total=_sum(day.share for day in days),
        waiting_late=waiting,
        days=days,
        kinds=tuple(
            _kind(what, found) for what, found in sorted(by_kind(now - RECENT).items())
        ),
        worst=_worst(now),
        vitals=measure(now),
    )


def spoken(late_ms: int | None) -> str:
    """Return a lateness as people say it; None is beyond the last bound.

    >>> spoken(50), spoken(90_000), spoken(7_200_000), spoken(None)
    ('0.05 s', '90.0 s', '2.0 h', 'over 300 s')
    """
    if late_ms is None:
        return f"over {BOUNDS_MS[-1] // 1_000} s"
    seconds = late_ms / 1_000
    if seconds < 10:  # noqa: PLR2004  (below it hundredths are told)
        return f"{seconds:.2f} s"
    return (
        f"{seconds:.1f} s"
        if seconds < HOUR_SECONDS
        else f"{seconds / HOUR_SECONDS:.1f} h"
    )


def label_of(what: str) -> str:
    """Return what people call a kind."""
    return LABELS.get(what, what)


def _days(now: datetime, waiting: int) -> tuple[Day, ...]:
    """Return the last thirty days, oldest first; what waits counts to the last one."""
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    found = {
        at.astimezone(UTC).date(): summary for at, summary in by_day(since).items()
    }
    return tuple(
        _day(on, found.get(on, Summary()), waiting if on == today else 0)
        for on in (first + timedelta(days=number) for number in range(DAYS))
    )


def _day(on: date, summary: Summary, waiting: int) -> Day:
    share = _share_of(summary)
    return Day(on, Share(share.count + waiting, share.on_time), summary.max_ms)


def _kind(what: str, found: Summary) -> Kind:
    return Kind(
        what=what,
        share=_share_of(found),
        p50_ms=quantile_ms(found.counts, 0.5),
        p99_ms=quantile_ms(found.counts, 0.99),
        max_ms=found.max_ms,
    )


def _share_of(summary: Summary) -> Share:
    bound_ms = settings.ON_TIME_SECONDS * 1_000
    return Share(summary.count, count_within(summary.counts, bound_ms))


def _sum(shares: Iterable[Share]) -> Share:
    rows = list(shares)
    return Share(sum(row.count for row in rows), sum(row.on_time for row in rows))


def _worst(now: datetime) -> tuple[Worst, ...]:
    rows = (
        Lateness.objects.filter(
            began_at__gte=now - timedelta(days=DAYS),
            max_ms__gt=settings.ON_TIME_SECONDS * 1_000,
        )
        .values("what", "span", "began_at")
        .annotate(worst=Max("max_ms"))
        .order_by("-worst", "-began_at", "what")[:WORST]
    )
    return tuple(
        Worst(row["what"], row["span"], row["began_at"], row["worst"]) for row in rows
    )


def _waiting_late(now: datetime) -> int:
    """Count what should have happened by now and has not, pushed back or not."""
    overdue = now - timedelta(seconds=settings.ON_TIME_SECONDS)
    timers = Timer.objects.filter(
        Q(due_at__lte=overdue) | Q(original_due_at__lte=overdue)
    )
    messages = Notification.objects.filter(
        status=NotificationStatus.QUEUED, attempts=0, next_attempt_at__lte=overdue
    )
    return timers.count() + messages.count()
