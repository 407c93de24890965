"""When to try again, and when to stop. Free of Django.

A page is tried often and for a short time, because the run goes on to the next person
meanwhile; a statutory question is tried for three days: nobody stands in for who decides.

>>> from datetime import UTC
>>> start = datetime(2026, 1, 1, tzinfo=UTC)
>>> end = start + LIFETIMES["page"]
>>> next_attempt("page", attempt=1, now=start, expires_at=end, jitter=0.5) - start
datetime.timedelta(seconds=5)
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final

PAGE: Final = "page"
FALLBACK: Final = "fallback"
EXHAUSTED: Final = "exhausted"
UNREACHABLE: Final = "unreachable"
SHARE: Final = "share"
QUESTION: Final = "question"
ANSWER: Final = "answer"
VERIFY: Final = "verify"
RECEIPT: Final = "receipt"
CLOCK: Final = "clock"
OVERDUE: Final = "overdue"
DECISION: Final = "decision"
DIGEST: Final = "digest"
GONE: Final = "gone"
REPORT: Final = "report"
SILENCE: Final = "silence"
MAIL: Final = "mail"
RECORD: Final = "record"
QUORUM: Final = "quorum"
QUORUM_BACK: Final = "quorum_back"
FILING: Final = "filing"
RETENTION: Final = "retention"

# A message that was tried is given up this long after it first fell due.
LIFETIMES: Final[Mapping[str, timedelta]] = MappingProxyType(
    {
        PAGE: timedelta(minutes=30),
        FALLBACK: timedelta(minutes=30),
        EXHAUSTED: timedelta(hours=24),
        UNREACHABLE: timedelta(hours=24),
        SHARE: timedelta(hours=24),
        QUESTION: timedelta(hours=24),
        ANSWER: timedelta(hours=24),
        VERIFY: timedelta(hours=24),
        RECEIPT: timedelta(minutes=30),
        CLOCK: timedelta(hours=4),
        OVERDUE: timedelta(hours=24),
        DECISION: timedelta(hours=72),
        DIGEST: timedelta(minutes=30),
        GONE: timedelta(hours=24),
        REPORT: timedelta(hours=24),
        SILENCE: timedelta(hours=4),
        MAIL: timedelta(hours=24),
        RECORD: timedelta(hours=72),
        QUORUM: timedelta(hours=24),
        QUORUM_BACK: timedelta(hours=24),
        FILING: timedelta(hours=72),
        RETENTION: timedelta(hours=72),
    }
)

# These ask somebody to take the incident: pointless once somebody has.
CANCELLED_BY_ACKNOWLEDGEMENT: Final = frozenset({PAGE, FALLBACK})

# Seconds to wait after the first, second … try; the last figure repeats.
_URGENT_DELAYS: Final = (5, 15, 30, 60)
_STEADY_DELAYS: Final = (15, 60, 300, 900, 1800, 3600)
_URGENT: Final = frozenset(
    {PAGE, FALLBACK, UNREACHABLE, VERIFY, CLOCK, OVERDUE, DIGEST, RECORD, QUORUM}
)

# Delays vary by a tenth either way, so that a storm's retries do not come as one.
_JITTER: Final = 0.1

# What a receiver asks for beyond this is taken for this.
LONGEST_WAIT: Final = timedelta(days=1)

# A repeat on these rings or buzzes again, so an unknown outcome is tried once more only.
_DISTURBING_CHANNELS: Final = frozenset({"sms", "voice"})


def next_attempt(
    purpose: str,
    *,
    attempt: int,
    now: datetime,
    expires_at: datetime,
    retry_after: timedelta | None = None,
    jitter: float,
) -> datetime | None:
    """Return when to try again after try number `attempt`, or None to give up.

    Requires attempt >= 1 and 0 <= jitter <= 1. What the receiver asked for in
    `retry_after` is never undercut.
    """
    delays = _URGENT_DELAYS if purpose in _URGENT else _STEADY_DELAYS
    seconds = delays[min(attempt, len(delays)) - 1]
    delay = timedelta(seconds=seconds * (1 - _JITTER + 2 * _JITTER * jitter))
    wait = max(delay, retry_after or timedelta())
    return now + wait if wait < expires_at - now else None


def read_retry_after(value: str, *, now: datetime) -> timedelta | None:
    """Return what the header asks for, at most a day; None for what cannot be read.

    Source: RFC 9110 §10.2.3.
    """
    try:
        if value.isascii() and value.isdigit():
            return min(timedelta(seconds=int(value)), LONGEST_WAIT)
        moment = parsedate_to_datetime(value)
    except OverflowError:
        return LONGEST_WAIT
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(moment - now, timedelta()), LONGEST_WAIT)


def may_repeat_unknown(channel: str, *, attempt: int) -> bool:
    """Tell whether a message of unknown outcome may be sent again on this channel."""
    return channel not in _DISTURBING_CHANNELS or attempt <= 1
