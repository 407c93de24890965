"""Plan where and when a person is paged, by their own rules. Free of Django.

A person has two lists of contact methods, each with a delay: one for normal pages and
one for urgent ones. Quiet hours put off normal pages to their end. Nobody becomes
unreachable by their rules: a list that leads to no method in use counts as none, and
without a list every method is used at once.

>>> from datetime import UTC
>>> rules = Rules(normal=(Contact("mail", 0), Contact("sms", 5)))
>>> at = datetime(2026, 1, 1, tzinfo=UTC)
>>> plan = plan_contacts(rules, ["mail", "sms"], is_urgent=False, at=at)
>>> [(one.method, one.delay_seconds) for one in plan.contacts]
[('mail', 0), ('sms', 300)]
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from escalation.calendars.wall_clock import instant_of

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DIGEST_AFTER: Final = 5
DIGEST_MINUTES: Final = 10


class PlanReason(StrEnum):
    """Why a person is paged as they are."""

    RULES = "as their rules say"
    NO_RULES = "they have no rules: every method at once"
    NONE_LEFT = "no method of their rules is in use: every method at once"


@dataclass(frozen=True, slots=True)
class Contact:
    """One line of a list: a contact method's slug and its delay."""

    method: str
    after_minutes: int


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times between which normal pages wait; `days` are those on which it begins.

    An end that is not after the start is on the next day. Days count from Monday, 0.
    """

    start: time
    end: time
    days: frozenset[int] = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Rules:
    """What one person wants in one organisation; a digest after 0 pages is none."""

    normal: tuple[Contact, ...] = ()
    urgent: tuple[Contact, ...] = ()
    zone: str = "UTC"
    quiet: QuietHours | None = None
    digest_after: int = DIGEST_AFTER
    digest_minutes: int = DIGEST_MINUTES


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """One message to come; `held_until` is local time and takes the delay's place."""

    method: str
    delay_seconds: int = 0
    held_until: datetime | None = None

    def due_at(self, at: datetime) -> datetime:
        """Return when it is due if the person is paged at `at`."""
        return self.held_until or at + timedelta(seconds=self.delay_seconds)


@dataclass(frozen=True, slots=True)
class ContactPlan:
    """All messages of one page to one person, and why these."""

    contacts: tuple[PlannedContact, ...]
    reason: PlanReason

    @property
    def note(self) -> str:
        """Say what went another way than the person wanted; empty when nothing did."""
        return str(self.reason) if self.reason == PlanReason.NONE_LEFT else ""


def plan_contacts(
    rules: Rules | None, methods: Sequence[str], *, is_urgent: bool, at: datetime
) -> ContactPlan:
    """Return where a person is paged at `at` and when; `methods` are those in use."""
    wanted, reason = _lines(rules, methods, is_urgent=is_urgent)
    if rules is None or is_urgent:
        contacts = (PlannedContact(line.method, _seconds(line)) for line in wanted)
        return ContactPlan(tuple(contacts), reason)
    planned = tuple(_outside_quiet_hours(rules, line, at) for line in wanted)
    return ContactPlan(planned, reason)


def end_of_quiet_hours(rules: Rules, at: datetime) -> datetime | None:
    """Return when the quiet hours around `at` end, in local time; None outside them."""
    if rules.quiet is None:
        return None
    zone = ZoneInfo(rules.zone)
    today = at.astimezone(zone).date()
    ends = [
        end
        for day in (today - timedelta(days=1), today)
        if day.weekday() in rules.quiet.days
        for start, end in [_quiet_night(rules.quiet, day, zone)]
        if start <= at < end
    ]
    return max(ends, default=None)


def changes_between(rules: Rules, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the instants between two at which a person's plan becomes another.

    Quiet hours begin or end then, for a page of now or for one that is delayed.
    """
    if rules.quiet is None:
        return
    zone = ZoneInfo(rules.zone)
    delays = {timedelta(), *(timedelta(minutes=c.after_minutes) for c in rules.normal)}
    day = start.astimezone(zone).date() - timedelta(days=1)
    while day <= end.astimezone(zone).date() + timedelta(days=1):
        if day.weekday() in rules.quiet.days:
            for edge in _quiet_night(rules.quiet, day, zone):
                yield from (edge.astimezone(UTC) - delay for delay in delays)
        day += timedelta(days=1)


def _lines(
    rules: Rules | None, methods: Sequence[str], *, is_urgent: bool
) -> tuple[Iterable[Contact], PlanReason]:
    everything = [Contact(method, 0) for method in methods]
    listed = (rules.urgent if is_urgent else rules.normal) if rules else ()
    if not listed:
        return everything, PlanReason.NO_RULES
    in_use = [line for line in listed if line.method in methods]
    if not in_use:
        return everything, PlanReason.NONE_LEFT
    return in_use, PlanReason.RULES


def _outside_quiet_hours(rules: Rules, line: Contact, at: datetime) -> PlannedContact:
    """Plan one line: its delay begins when the person may be paged."""
    awake_at = end_of_quiet_hours(rules, at)
    due_at = (awake_at or at).astimezone(UTC) + timedelta(minutes=line.after_minutes)
    held_until = end_of_quiet_hours(rules, due_at)
    if held_until is None and awake_at is not None:
        held_until = due_at.astimezone(ZoneInfo(rules.zone))
    return PlannedContact(line.method, _seconds(line), held_until)


def _quiet_night(
    quiet: QuietHours, day: date, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    """Return the instants between which it is quiet."""
    last = day if quiet.end > quiet.start else day + timedelta(days=1)
    start, end = instant_of(day, quiet.start, zone), instant_of(last, quiet.end, zone)
    return start.astimezone(zone), end.astimezone(zone)


def _seconds(line: Contact) -> int:
    return line.after_minutes * 60
