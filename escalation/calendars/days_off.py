"""Say on which days nobody works: public holidays and an organisation's own closures.

>>> DaysOff(holidays_of="DE-BE").name_on(date(2027, 3, 8))
"International Women's Day"
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import holidays


@dataclass(frozen=True, slots=True)
class Closure:
    """Days on which an organisation is closed, the first and the last included."""

    first_on: date
    last_on: date
    name: str


@dataclass(frozen=True, slots=True)
class DaysOff:
    """`holidays_of` is a country ("DE") or a part of one ("US-CA"), empty for none."""

    holidays_of: str = ""
    closures: tuple[Closure, ...] = ()

    def name_on(self, day: date) -> str | None:
        """Return why nobody works on a day, None when it is a day like any other."""
        for closure in self.closures:
            if closure.first_on <= day <= closure.last_on:
                return closure.name
        if not self.holidays_of:
            return None
        return _public_holidays(self.holidays_of, day.year).get(day)


def is_known_region(code: str) -> bool:
    """Tell whether there are public holidays for a country or a part of it."""
    country, _, part = code.partition("-")
    parts = _regions().get(country)
    return parts is not None and (not part or part in parts) and code != f"{country}-"


@lru_cache(maxsize=1)
def _regions() -> dict[str, list[str]]:
    return holidays.list_supported_countries(include_aliases=False)


@lru_cache(maxsize=512)
def _public_holidays(code: str, year: int) -> dict[date, str]:
    """Return the holidays around a year: a day made up for may fall into the next."""
    country, _, part = code.partition("-")
    language = "en_US" if _speaks_english(country) else None
    found = holidays.country_holidays(
        country,
        subdiv=part or None,
        years=(year - 1, year, year + 1),
        expand=False,
        language=language,
    )
    return dict(found.items())


@lru_cache(maxsize=256)
def _speaks_english(country: str) -> bool:
    known = holidays.list_localized_countries(include_aliases=False)
    return "en_US" in known.get(country, [])
