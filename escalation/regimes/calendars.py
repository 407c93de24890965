"""The days on which the authorities of a law do not work.

A calendar is a country of the Union (`BE`), `CN`, or one of those below. Around a year
the one before and the one after are loaded, because a holiday may be made up for in
another year. Holidays move only the latest date that a law allows, never the one that
alarms go by. `RECALLED` are calendars whose days rest on no text that was read.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import holidays
from dateutil.easter import easter

MEMBER_STATES: Final = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
RECALLED: Final = frozenset({"EU-COM"})
_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
Days = Mapping[date, str]


def is_known(calendar: str) -> bool:
    """Tell whether there is a calendar of this name."""
    return calendar in MEMBER_STATES or calendar in _OTHERS


def known_calendars() -> tuple[str, ...]:
    """Return the names of all calendars, sorted."""
    return tuple(sorted(MEMBER_STATES | set(_OTHERS)))


def is_working_day(day: date, calendar: str) -> bool:
    """Tell whether an authority with this calendar works on a day.

    >>> is_working_day(date(2026, 11, 27), "US-CA"), is_working_day(date(2026, 11, 27), "US-SEC")
    (False, True)
    """
    return day.weekday() < _SATURDAY and day not in _days_off(calendar, day.year)


def next_working_day(day: date, calendar: str) -> date:
    """Return the day itself or the first working day behind it."""
    while not is_working_day(day, calendar):
        day += _DAY
    return day


def add_working_days(day: date, count: int, calendar: str) -> date:
    """Return the count-th working day behind a day."""
    while count:
        day += _DAY
        count -= is_working_day(day, calendar)
    return day


def working_days_between(first: date, last: date, calendar: str) -> int:
    """Count the working days of a span, its ends included."""
    count = 0
    while first <= last:
        count += is_working_day(first, calendar)
        first += _DAY
    return count


def name_of_day_off(day: date, calendar: str) -> str:
    """Return the holiday's name, empty for a day that is none; a weekend is none."""
    return _days_off(calendar, day.year).get(day, "")


@lru_cache(maxsize=1024)
def _days_off(calendar: str, year: int) -> Days:
    years = (year - 1, year, year + 1)
    if calendar in MEMBER_STATES:
        return _holidays_of(calendar, None, years)
    found: dict[date, str] = {}
    for one in _OTHERS[calendar](years):
        found |= one
    return found


def _holidays_of(country: str, part: str | None, years: tuple[int, ...]) -> Days:
    return dict(holidays.country_holidays(country, subdiv=part, years=years).items())


def _federal(years: tuple[int, ...]) -> list[Days]:
    """Return the federal holidays of 5 U.S.C. 6103, which EDGAR keeps."""
    return [_holidays_of("US", None, years)]


def _california(years: tuple[int, ...]) -> list[Days]:
    """Return those of Gov. Code 6700 and CCP 135: the day after Thanksgiving, not Columbus."""
    return [_holidays_of("US", "CA", years)]


def _new_york(years: tuple[int, ...]) -> list[Days]:
    """Return the public holidays of GCL 24, with Lincoln's Birthday and the general election."""
    return [_holidays_of("US", "NY", years)]


def _illinois(years: tuple[int, ...]) -> list[Days]:
    return [_holidays_of("US", "IL", years)]


def _china(years: tuple[int, ...]) -> list[Days]:
    return [_holidays_of("CN", None, years)]


def _commission(years: tuple[int, ...]) -> list[Days]:
    """Return those of the Commission's staff, with its closure at the end of the year.

    By the pattern of its yearly lists, as recalled; each year's list is to be looked up.
    """
    return [_commission_year(year) for year in years]


def _commission_year(year: int) -> Days:
    sunday = easter(year)
    found = {
        date(year, 1, 1): "New Year's Day",
        date(year, 1, 2): "Day after New Year's Day",
        sunday - 3 * _DAY: "Maundy Thursday",
        sunday - 2 * _DAY: "Good Friday",
        sunday + _DAY: "Easter Monday",
        date(year, 5, 1): "Labour Day",
        sunday + 39 * _DAY: "Ascension Day",
        sunday + 40 * _DAY: "Day after Ascension Day",
        sunday + 50 * _DAY: "Whit Monday",
        date(year, 7, 21): "Belgian National Day",
        date(year, 8, 15): "Assumption Day",
        date(year, 11, 1): "All Saints' Day",
        date(year, 11, 2): "All Souls' Day",
    }
    closure = {date(year, 12, day): "End of the year" for day in range(24, 32)}
    return found | closure


_OTHERS: Final[Mapping[str, Callable[[tuple[int, ...]], list[Days]]]] = {
    "CN": _china,
    "EU-COM": _commission,
    "US-CA": _california,
    "US-IL": _illinois,
    "US-NY": _new_york,
    "US-SEC": _federal,
}
