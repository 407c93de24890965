"""Compute when something recurs by a cron expression in a zone.

Where clocks change, an hour that does not exist is moved to the next that does, and one
that comes twice counts once.

>>> from datetime import UTC
>>> at = datetime(2026, 11, 23, 12, tzinfo=UTC)
>>> next_after("0 22 * * 1", "Europe/Berlin", at).isoformat()
'2026-11-23T21:00:00+00:00'
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

MAX_CRON: Final = 100
FIELDS: Final = 5
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

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
    return _first(cron, zone, at, is_back=False)


def span_at(cron: str, zone: str, minutes: int, at: datetime) -> Span | None:
    """Return the span of so many minutes that is on at an instant, None for none.

    Of spans that overlap the latest counts.
    """
    # Backwards an instant itself is passed over: begin a minute after it.
    start = _first(cron, zone, at + timedelta(minutes=1), is_back=True)
    while start is not None and start > at:
        start = _first(cron, zone, start, is_back=True)
    if start is None:
        return None
    end = start + timedelta(minutes=minutes)
    return Span(start, end) if at < end else None


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


def _first(cron: str, zone: str, at: datetime, *, is_back: bool) -> datetime | None:
    local = at.astimezone(ZoneInfo(zone))
    found = next(CronSim(cron, local, reverse=is_back), None)
    return found.astimezone(UTC) if found else None
