"""Compute when the next sign of life is due, from values alone.

>>> from datetime import UTC
>>> at = datetime(2026, 11, 23, 12, tzinfo=UTC)
>>> due_after(Rhythm(period_minutes=60, grace_minutes=5), at).isoformat()
'2026-11-23T13:05:00+00:00'
>>> due_after(Rhythm(cron="0 2 * * *", grace_minutes=30), at).isoformat()
'2026-11-24T02:30:00+00:00'
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from incidents.intake.recurrence import next_after

# Nothing comes after an expression that never fits again; it is checked when it is set.
NEVER: Final = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a sign must come: each so many minutes, or by a cron expression."""

    period_minutes: int = 0
    cron: str = ""
    zone: str = "UTC"
    grace_minutes: int = 0


def due_after(rhythm: Rhythm, last: datetime) -> datetime:
    """Return until when the next sign must have come, grace included."""
    grace = timedelta(minutes=rhythm.grace_minutes)
    if rhythm.period_minutes:
        return last + timedelta(minutes=rhythm.period_minutes) + grace
    expected = next_after(rhythm.cron, rhythm.zone, last)
    return expected + grace if expected else NEVER


def in_words(rhythm: Rhythm) -> str:
    """Return the rhythm as people read it."""
    often = f"every {rhythm.period_minutes} min"
    if rhythm.cron:
        often = f"at {rhythm.cron} ({rhythm.zone})"
    return f"{often}, {rhythm.grace_minutes} min of grace"
