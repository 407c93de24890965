"""Say when people are warned of a statutory report: pure, from its span and what was said.

Named after what they tell: `75%` of the span is used, `1h` before it is due, `due`, then
once a day while it is overdue. One without a date is told of at once and then daily.

>>> from datetime import UTC
>>> aware = datetime(2026, 12, 24, 2, tzinfo=UTC)
>>> [one.name for one in warnings_of(Span(aware, aware + timedelta(hours=24)))][:5]
['50%', '75%', '90%', '1h', 'due']
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from escalation.duties.overdue import overdue_since

DAY: Final = timedelta(hours=24)
PERCENTS: Final = (50, 75, 90)
BEFORE: Final = (("24h", DAY), ("1h", timedelta(hours=1)))
DUE: Final = "due"
LATE: Final = "late day "
AT_ONCE: Final = "at once"
# Whoever has not acted after a fortnight of daily words does not for the next one either.
LAST_DAY: Final = 14


@dataclass(frozen=True, slots=True)
class Span:
    """The time that a report has; without a due instant the law names none."""

    start: datetime
    due: datetime | None


@dataclass(frozen=True, slots=True)
class WarningAt:
    """A warning and its instant."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Warned:
    """What is to be said now, what has been said then, and when to look again."""

    given: WarningAt | None
    names: tuple[str, ...]
    next_at: datetime | None


def warnings_of(span: Span) -> list[WarningAt]:
    """Return all warnings of a span, the earliest first.

    One that would come before the time has begun is left out.
    """
    if span.due is None:
        return [WarningAt(AT_ONCE, span.start), *_daily(span.start, "day ")]
    late = overdue_since(span.due)
    length = span.due - span.start
    ahead = [WarningAt(f"{n}%", span.start + length * n / 100) for n in PERCENTS]
    ahead += [WarningAt(name, span.due - before) for name, before in BEFORE]
    ahead = [one for one in ahead if span.start < one.at < span.due]
    ahead.sort(key=lambda one: one.at)
    return [*ahead, WarningAt(DUE, late), *_daily(late, LATE)]


def warn(span: Span, said: Collection[str], now: datetime) -> Warned:
    """Return the one warning to give: of several that have passed unsaid, the last.

    Warnings that were said and now lie ahead, because the date has moved, come again.
    """
    every = warnings_of(span)
    passed = [one for one in every if one.at <= now]
    ahead = next((one.at for one in every if one.at > now), None)
    unsaid = [one for one in passed if one.name not in said]
    return Warned(
        given=unsaid[-1] if unsaid else None,
        names=tuple(one.name for one in passed),
        next_at=ahead,
    )


def is_grave(name: str) -> bool:
    """Tell whether the deputy hears of it too: a tenth is left, an hour, or nothing."""
    return name == "90%" or is_urgent(name)


def is_urgent(name: str) -> bool:
    """Tell whether it may wake people: less than an hour is left, or none."""
    return name in ("1h", DUE) or name.startswith(LATE)


def _daily(since: datetime, prefix: str) -> list[WarningAt]:
    days = range(1, LAST_DAY + 1)
    return [WarningAt(f"{prefix}{day}", since + day * DAY) for day in days]
