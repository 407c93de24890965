"""When to stop handing messages to a provider, and when to look again. Free of Django.

A *circuit* opens after several failures in a row, whosever messages they were. While it
is open nothing is handed over; when its time is up one message goes as a probe. If that
fails too the circuit stays open for twice as long, else it closes.

>>> from datetime import UTC
>>> start = datetime(2026, 1, 1, tzinfo=UTC)
>>> after(Health(), failures=5, has_success=False, now=start).open_until - start
datetime.timedelta(seconds=15)
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

FAILURES_IN_A_ROW: Final = 5
# Failures that are further apart than this are no trouble of the provider's.
WINDOW: Final = timedelta(minutes=10)
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=5)
# A probe that has not answered by then is taken for lost, and another one goes.
PROBE_LASTS: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What is known of a provider. `openings` counts since it last worked."""

    failures: int = 0
    failed_since: datetime | None = None
    opened_at: datetime | None = None
    open_until: datetime | None = None
    openings: int = 0

    @property
    def is_open(self) -> bool:
        """Whether nothing but a probe may be handed over."""
        return self.opened_at is not None


def after(health: Health, *, failures: int, has_success: bool, now: datetime) -> Health:
    """Return what is known after some sends; `failures` are those since a success."""
    if has_success:
        health = Health()
    if failures == 0:
        return health
    if health.open_until is not None:
        # Sends that began before it opened say nothing new.
        return health if now < health.open_until else _opened(health, now)
    if health.failed_since is None or now - health.failed_since > WINDOW:
        health = Health(failed_since=now)
    health = replace(health, failures=health.failures + failures)
    return _opened(health, now) if health.failures >= FAILURES_IN_A_ROW else health


def _opened(health: Health, now: datetime) -> Health:
    pause = min(FIRST_PAUSE * 2 ** min(health.openings, 10), LONGEST_PAUSE)
    return replace(
        health,
        opened_at=health.opened_at or now,
        open_until=now + pause,
        openings=health.openings + 1,
    )
