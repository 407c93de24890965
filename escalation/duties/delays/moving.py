"""Move a deadline by the extensions that are in force: pure.

>>> from datetime import UTC
>>> from escalation.regimes.deadlines import DueStatus
>>> due = datetime(2026, 12, 1, 22, 30, tzinfo=UTC)
>>> more = Extended(1, 3, "the Attorney General", "Item 1.05(c)", suspends=True, days=30)
>>> extend(Deadline(DueStatus.DUE, due), [more], ZoneInfo("UTC")).due_operational
datetime.datetime(2026, 12, 31, 22, 30, tzinfo=zoneinfo.ZoneInfo(key='UTC'))
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from escalation.calendars.wall_clock import instant_of
from escalation.regimes.deadlines import Deadline

EXTENSION: Final = "extension "
"""How the flag of an extension begins."""


@dataclass(frozen=True, slots=True)
class Extended:
    """An extension in force: so many days from when it was due, or until an instant."""

    number: int
    series: int
    by: str
    citation: str
    suspends: bool
    days: int = 0
    until: datetime | None = None


def extend(
    answer: Deadline, extensions: Sequence[Extended], zone: ZoneInfo
) -> Deadline:
    """Return the deadline as the extensions, one after the other, leave it.

    What has no date is not moved. The latest date always moves, the earliest only by an
    extension that suspends the duty.
    """
    for one in sorted(extensions, key=lambda extended: extended.number):
        answer = _extended(answer, one, zone)
    return answer


def _extended(answer: Deadline, one: Extended, zone: ZoneInfo) -> Deadline:
    due = answer.due_operational
    if due is None:
        return answer
    return replace(
        answer,
        due_operational=later(due, one, zone) if one.suspends else due,
        due_statutory_latest=later(answer.due_statutory_latest or due, one, zone),
        flags=(*answer.flags, in_words(one)),
    )


def later(due: datetime, one: Extended, zone: ZoneInfo) -> datetime:
    """Return an instant so many local days later, at the same local time."""
    if one.until is not None:
        return max(due, one.until).astimezone(zone)
    local = due.astimezone(zone)
    return instant_of(local.date() + timedelta(days=one.days), local.time(), zone)


def in_words(one: Extended) -> str:
    """Return what moved a date, as a flag of its clock and as the reason of its move."""
    place = f"{one.number} of {one.series}" if one.number <= one.series else one.number
    until = one.until and f"until {one.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    length = until or f"{one.days} days"
    return f"{EXTENSION}{place}: {length}, granted by {one.by} under {one.citation}"


def what_changed(before: Collection[str], after: Collection[str]) -> str:
    """Return which extension came or went between two lists of flags; mostly empty."""
    for flag in after:
        if flag.startswith(EXTENSION) and flag not in before:
            return flag
    for flag in before:
        if flag.startswith(EXTENSION) and flag not in after:
            return f"withdrawn: {flag}"
    return ""
