"""Compute where a clock stands: from its terms and an instant, never by counting down.

>>> start = datetime(2026, 1, 1, tzinfo=UTC)
>>> terms = Terms(start, timedelta(minutes=60), pauses=(Pause(start + timedelta(minutes=10),
...     start + timedelta(minutes=30)),))
>>> due_at(terms) - start
datetime.timedelta(seconds=4800)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from escalation.calendars.working_time import NeverOpen, WorkingTime
from escalation.policies.clock_targets import Notice

_NOTHING = timedelta(0)
_FOREVER = datetime.max.replace(tzinfo=UTC)
# The instant after the due one: a thing done exactly at its due instant is on time.
AFTER_DUE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """A time that does not count; without an end it lasts."""

    from_at: datetime
    to_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """All that a clock depends on. Without working time every hour counts.

    Pauses may overlap and stand in any order.
    """

    started_at: datetime
    duration: timedelta
    working_time: WorkingTime | None = None
    pauses: tuple[Pause, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class NoticeAt:
    """A warning and its instant."""

    notice: Notice
    at: datetime


def due_at(terms: Terms) -> datetime | None:
    """Return the due instant; None while a pause lasts that comes before it."""
    return _instant_after(terms, terms.duration)


def is_overdue(due: datetime | None, at: datetime) -> bool:
    """Tell whether a thing that is done, or not yet done, at an instant is late."""
    return due is not None and at > due


def is_paused(terms: Terms, at: datetime) -> bool:
    """Tell whether a pause lasts at an instant."""
    return any(
        pause.from_at <= at and (pause.to_at is None or at < pause.to_at)
        for pause in terms.pauses
    )


def used(terms: Terms, at: datetime) -> timedelta:
    """Return how much of its time a clock has used up at an instant."""
    total = _NOTHING
    for begins_at, ends_at in _stretches(terms):
        if begins_at < at:
            total += _between(terms.working_time, begins_at, min(ends_at, at))
    return total


def remaining(terms: Terms, at: datetime) -> timedelta:
    """Return the time that is left, negative when it is over."""
    return terms.duration - used(terms, at)


def percent_left(terms: Terms, at: datetime) -> int:
    """Return the share of the time that is left, rounded down, at least 0."""
    left = max(remaining(terms, at), _NOTHING)
    return int(left * 100 // terms.duration)


def notice_instants(terms: Terms) -> list[NoticeAt]:
    """Return the warnings that have an instant, the earliest first.

    None comes after the due instant. One that would come at the start or before it is
    left out: it would warn of the whole time. While a pause lasts, those beyond it have
    no instant yet.
    """
    due = due_at(terms)
    found = []
    for notice in terms.notices:
        at = _notice_at(terms, notice, due)
        if at is not None and at > terms.started_at:
            found.append(NoticeAt(notice, at if due is None else min(at, due)))
    return sorted(found, key=lambda one: (one.at, one.notice.name))


def _notice_at(terms: Terms, notice: Notice, due: datetime | None) -> datetime | None:
    if notice.percent is not None:
        return _instant_after(terms, terms.duration * notice.percent / 100)
    if due is None:
        return None
    return due - timedelta(minutes=notice.minutes_before or 0)


def _instant_after(terms: Terms, duration: timedelta) -> datetime | None:
    """Return the first instant at which so much time is used."""
    left = duration
    for begins_at, ends_at in _stretches(terms):
        reached_at = _add(terms.working_time, begins_at, left)
        if reached_at <= ends_at:
            return reached_at
        left -= _between(terms.working_time, begins_at, ends_at)
    return None


def _stretches(terms: Terms) -> Iterator[tuple[datetime, datetime]]:
    """Yield the times between the pauses; the last lasts for ever if none is open."""
    begins_at = terms.started_at
    for pause in sorted(terms.pauses, key=lambda one: one.from_at):
        if pause.from_at > begins_at:
            yield begins_at, pause.from_at
        if pause.to_at is None:
            return
        begins_at = max(begins_at, pause.to_at)
    yield begins_at, _FOREVER


def _add(
    working_time: WorkingTime | None, start: datetime, duration: timedelta
) -> datetime:
    """Add working time; a calendar that is closed for good counts every hour.

    So a deadline never vanishes because nobody works any more.
    """
    if working_time is None:
        return start + duration
    try:
        return working_time.add(start, duration)
    except NeverOpen:
        return start + duration


def _between(
    working_time: WorkingTime | None, start: datetime, end: datetime
) -> timedelta:
    if working_time is None:
        return max(end - start, _NOTHING)
    return working_time.between(start, end)
