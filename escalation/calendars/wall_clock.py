"""Turn a local time into one instant, on every day of every zone. Free of Django.

One rule: a local time stands for the first instant at which the wall clock shows it or
a later time. So a time that the clocks skip stands for the instant at which they skip
it, and one that they show twice for the first of the two. The order of local times is
kept: of two hand-offs the later one never comes first.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_SECOND: Final = timedelta(seconds=1)


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the instant, in UTC, that a local time stands for.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> instant_of(date(2026, 3, 29), time(2, 30), berlin)  # skipped: 02:00 became 03:00
    datetime.datetime(2026, 3, 29, 1, 0, tzinfo=datetime.timezone.utc)
    >>> instant_of(date(2026, 10, 25), time(2, 30), berlin)  # shown twice
    datetime.datetime(2026, 10, 25, 0, 30, tzinfo=datetime.timezone.utc)
    """
    local = datetime.combine(day, at)
    first = local.replace(tzinfo=zone).utcoffset() or timedelta()
    second = local.replace(tzinfo=zone, fold=1).utcoffset() or timedelta()
    instant = (local - first).replace(tzinfo=UTC)
    if first >= second:
        return instant
    # Skipped: the clocks go forward after the one instant and at or before the other.
    return _change_between((local - second).replace(tzinfo=UTC), instant, zone)


def local_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the wall clock shows, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def next_change(after: datetime, zone: ZoneInfo, *, days: int) -> datetime | None:
    """Return the next instant at which the clocks are changed, None within `days`."""
    at = after
    for _ in range(days):
        later = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            return _change_between(at, later, zone)
        at = later
    return None


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the first whole second that has the offset of `after`. Requires one change."""
    offset = after.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        moment = before + middle * _SECOND
        if moment.astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return before + high * _SECOND
