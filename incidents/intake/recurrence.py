"""Compute when something recurs by a cron expression in a zone.

Where clocks change, an hour that does not exist is moved to the next that does, and one
that comes twice counts once.

>>> from datetime import UTC
>>> at = datetime(2026, 11, 23, 12, tzinfo=UTC)
>>> next_after("0 22 * * 1", "Europe/Berlin", at).isoformat()
'2026-11-23T21:00:00+00:00'
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

MAX_CRON: Final = 100
FIELDS: Final = 5
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_REACHES: Final = (timedelta(hours=2), timedelta(days=1), timedelta.max)
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class RecurrenceError(ValueError):
    """An expression, a zone or a time that cannot be used, and what to write instead."""

    def __init__(self, field: str, value: object, remedy: str) -> None:
        self.field, self.value, self.remedy = field, value, remedy
        super().__init__(f"{field}: {value!r} cannot be used. {remedy}")


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant until another, which is no part of it."""

    start_at: datetime
    end_at: datetime


def next_after(cron: str, zone: str, at: datetime) -> datetime | None:
    """Return the next instant after `at`, None when there is none for 50 years."""
    return next(_after(cron, zone, at), None)


def span_at(cron: str, zone: str, minutes: int, at: datetime) -> Span | None:
    """Return the span of so many minutes that is on at an instant, None for none.

    Of spans that overlap the latest counts.
    """
    length = timedelta(minutes=minutes)
    # What recurs often is found close by, so that few instants are computed.
    for reach in _REACHES:
        begin_at = at - min(reach, length)
        starts = takewhile(lambda start: start <= at, _after(cron, zone, begin_at))
        if last := deque(starts, maxlen=1):
            return Span(last[0], last[0] + length)
        if reach >= length:
            break
    return None


def weekly_cron(days: list[str], time: str) -> str:
    """Return the expression for a time of day on weekdays. Raises RecurrenceError."""
    if not days or any(day not in DAYS for day in days):
        raise RecurrenceError("weekdays", days, f"Name some of {', '.join(DAYS)}.")
    match = _TIME.fullmatch(time)
    if match is None:
        raise RecurrenceError("time", time, "Write a time like 22:00.")
    numbers = ",".join(str(DAYS.index(day) + 1) for day in DAYS if day in days)
    return f"{int(match.group(2))} {int(match.group(1))} * * {numbers}"


def check_recurrence(cron: str, zone: str, at: datetime) -> None:
    """Raise RecurrenceError for what cannot be used or never comes."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise RecurrenceError(
            "zone", zone, "Write a zone like Europe/Berlin."
        ) from None
    if len(cron) > MAX_CRON or len(cron.split()) != FIELDS:
        remedy = "Write five fields like 0 22 * * 1 (minute hour day month weekday)."
        raise RecurrenceError("cron", cron, remedy)
    try:
        comes_at = next_after(cron, zone, at)
    except CronSimError as error:
        raise RecurrenceError("cron", cron, f"Mend it: {error}.") from None
    if comes_at is None:
        raise RecurrenceError("cron", cron, "That day never comes; choose another.")


def _after(cron: str, zone: str, at: datetime) -> Iterator[datetime]:
    """Yield the instants after `at`, in order."""
    for found in CronSim(cron, at.astimezone(ZoneInfo(zone))):
        instant = found.astimezone(UTC)
        # In an hour that comes twice, it begins with what the first of both had.
        if instant > at:
            yield instant
