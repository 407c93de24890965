"""Which instants a thing can have happened at: others are slips, and break counting."""

from datetime import UTC, datetime, timedelta
from typing import Final

FIRST: Final = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD: Final = timedelta(days=731)


def out_of_range(at: datetime, now: datetime) -> str:
    """Return what to do about an instant that cannot be meant, empty for any other.

    >>> out_of_range(datetime(26, 11, 23, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    'Write a time from 1990-01-01 to 2028-11-23; mend the year.'
    """
    last = now + AHEAD
    if FIRST <= at <= last:
        return ""
    return f"Write a time from {FIRST:%Y-%m-%d} to {last:%Y-%m-%d}; mend the year."
