"""A slow second reading of how periods are counted: day by day, hour by hour.

It shares no code with the product but the lists of holidays.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from escalation.regimes.calendars import is_working_day

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)


def last_second(day: date, zone: ZoneInfo) -> datetime:
    """Walk back from noon of the next day to the last second that is of this day."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC) + DAY
    for step in (HOUR, timedelta(minutes=1), SECOND):
        while at.astimezone(zone).date() > day:
            at -= step
        at += step
    return at - SECOND


def hours_on(start: datetime, count: int) -> datetime:
    at = start.astimezone(UTC)
    for _ in range(count):
        at += HOUR
    return at


def whole_hours_on(start: datetime, count: int) -> datetime:
    """The hour of the event is not counted: begin with the next whole hour."""
    at = start.astimezone(UTC)
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hours_on(hour + HOUR, count)


def days_on(start: datetime, count: int, zone: ZoneInfo) -> date:
    day = start.astimezone(zone).date()
    for _ in range(count):
        day += DAY
    return day


def months_on(start: datetime, count: int, zone: ZoneInfo) -> date:
    """Go on day by day until the number of the day comes again, or its month is over."""
    first = start.astimezone(zone).date()
    day = first
    for _ in range(count):
        month = (day.replace(day=1) + 32 * DAY).month
        while day.month != month:
            day += DAY
        while day.day < first.day and (day + DAY).month == month:
            day += DAY
    return day


def business_days_on(start: datetime, count: int, zone: ZoneInfo, name: str) -> date:
    day = start.astimezone(zone).date()
    while count:
        day += DAY
        if is_working_day(day, name):
            count -= 1
    return day


def rolled(day: date, name: str) -> date:
    return day if is_working_day(day, name) else rolled(day + DAY, name)


def with_two_working_days(first: date, last: date, name: str) -> date:
    """Extend a span behind its first day until it holds two working days."""

    def held(until: date) -> int:
        days = [first + DAY * n for n in range(1, (until - first).days + 1)]
        return sum(is_working_day(day, name) for day in days)

    while held(last) < 2:
        last += DAY
    return last
