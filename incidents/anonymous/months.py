"""Count calendar months, and leave out what is finer than an hour. Free of Django.

>>> from datetime import UTC
>>> add_month(datetime(2027, 1, 31, 9, tzinfo=UTC))
datetime.datetime(2027, 2, 28, 9, 0, tzinfo=datetime.timezone.utc)
>>> to_the_hour(datetime(2027, 1, 31, 9, 41, 7, tzinfo=UTC))
datetime.datetime(2027, 1, 31, 9, 0, tzinfo=datetime.timezone.utc)
"""

from calendar import monthrange
from datetime import datetime
from typing import Final

_MONTHS: Final = 12


def add_month(moment: datetime) -> datetime:
    """Return the same day of the next month, or its last day where that has fewer."""
    year, month = divmod(moment.year * _MONTHS + moment.month, _MONTHS)
    month += 1
    day = min(moment.day, monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)


def to_the_hour(moment: datetime) -> datetime:
    """Return the beginning of the hour: when exactly somebody wrote is not kept."""
    return moment.replace(minute=0, second=0, microsecond=0)
