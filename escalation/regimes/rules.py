"""How each law lets a period end later than the plain count: its named rules.

Each takes where the plain count ends and returns the latest defensible instant. They
never move an instant back. Instants are aware; local ones are in the zone of the clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from escalation.calendars.wall_clock import instant_of
from escalation.regimes.calendars import (
    add_working_days,
    is_working_day,
    next_working_day,
    working_days_between,
)

END_OF_DAY: Final = time(23, 59, 59)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_NOON: Final = time(12)


@dataclass(frozen=True, slots=True)
class Period:
    """A period as plainly counted: from an instant to one, in a zone, by a calendar."""

    start: datetime
    end: datetime
    is_in_hours: bool
    zone: ZoneInfo
    calendar: str

    @property
    def first_on(self) -> date:
        """The local day of the event, which is not counted."""
        return self.start.astimezone(self.zone).date()

    @property
    def last_on(self) -> date:
        """The local day on which the plain count ends."""
        return self.end.astimezone(self.zone).date()


def as_counted(period: Period) -> datetime:
    """Return the count as it is: hours are elapsed hours, and nothing moves."""
    return period.end


def regulation_1182_71(period: Period) -> datetime:
    """Regulation (EEC, Euratom) No 1182/71, Article 3.

    Hours: the hour of the event is not counted (3(1)), nothing else moves (3(4)). Days
    and longer: a last day that is no working day moves to the next one (3(4)), and two
    days or more hold at least two working days (3(5)).
    """
    if period.is_in_hours:
        start = period.start.astimezone(UTC)
        whole = start.replace(minute=0, second=0, microsecond=0)
        return period.end + (whole + _HOUR - start)
    last = next_working_day(period.last_on, period.calendar)
    if period.last_on - period.first_on >= 2 * _DAY:
        held = working_days_between(period.first_on + _DAY, last, period.calendar)
        last = add_working_days(last, max(0, 2 - held), period.calendar)
    return _end_of(last, period)


def california_ccp_12a(period: Period) -> datetime:
    """Code of Civil Procedure 12 and 12a: a last day that is a holiday is left out.

    Saturdays, Sundays and the judicial holidays of section 135 are holidays.
    """
    return _rolled(period)


def new_york_gcl_25a(period: Period) -> datetime:
    """General Construction Law 25-a: done on the next business day, at the same hour."""
    if not period.is_in_hours:
        return _rolled(period)
    local = period.end.astimezone(period.zone)
    last = next_working_day(local.date(), period.calendar)
    return instant_of(last, local.time(), period.zone)


def dora_noon(period: Period) -> datetime:
    """RTS (EU) 2025/301, Article 5(4): by noon of the working day behind a day off."""
    last = period.last_on
    if is_working_day(last, period.calendar):
        return period.end
    return instant_of(next_working_day(last, period.calendar), _NOON, period.zone)


RULES: Final[Mapping[str, Callable[[Period], datetime]]] = {
    "as_counted": as_counted,
    "regulation_1182_71": regulation_1182_71,
    "california_ccp_12a": california_ccp_12a,
    "new_york_gcl_25a": new_york_gcl_25a,
    "dora_noon": dora_noon,
}


def _rolled(period: Period) -> datetime:
    if period.is_in_hours:
        return period.end
    return _end_of(next_working_day(period.last_on, period.calendar), period)


def _end_of(day: date, period: Period) -> datetime:
    return instant_of(day, END_OF_DAY, period.zone)
