"""Send what is due: claim, send in threads outside any transaction, write the outcomes.

The pool never waits for its slowest member: as soon as some sends have ended, their
outcomes are written and their places are filled again. A process that is killed
between a send and its outcome leaves a lease; when that ends, the message goes out
again under the same id.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from escalation.notifications.channels import registry
from escalation.notifications.channels.base import (
    SEND_LIMIT_SECONDS,
    Outcome,
    SendResult,
)
from escalation.notifications.claim import LEASE, Claimed, claim_due
from escalation.notifications.methods import SECRET_CONTEXT
from escalation.notifications.settle import Finished, settle
from incidents.ledger.keyring import open_secret
from incidents.timers.lateness import MESSAGE, milliseconds_late, note_lateness

SENDERS: Final = 96
# Senders that slow destinations may hold; the others are for those that answer.
SLOW_SENDERS: Final = 72
# How long one task goes on claiming before it makes room for a fresh one.
_BUDGET_SECONDS: Final = 30.0
# Sends get this long to end together, so that their outcomes are written as one batch.
_GATHER_SECONDS: Final = 0.05
# A send under way for longer is not waited for any more, only looked at.
_FRESH_SECONDS: Final = 0.1
# While only such are under way, newly due messages wait this long at most: no longer
# than for a bell.
_LOOK_AGAIN_SECONDS: Final = 0.025
# A send that hangs below the channel's own limit (name servers do) is given up.
_GIVE_UP_SECONDS: Final = 3 * SEND_LIMIT_SECONDS

log = structlog.get_logger(__name__)


class _Own(threading.local):
    """The pool of a thread that sends, and the process that started it."""

    pid: int = 0
    pool: ThreadPoolExecutor | None = None


_own = _Own()


@dataclass(slots=True)
class _Flight:
    """A send under way, with both clocks at its claim."""

    claimed: Claimed
    claimed_at: datetime
    started: float


@dataclass(slots=True)
class _Desk:
    """What one call of `deliver_due` has under way."""

    read_now: Callable[[], datetime]
    senders: Executor
    flights: dict[Future[Finished], _Flight] = field(default_factory=dict)

    def claim(self) -> None:
        """Fill the free places with due messages."""
        free = SENDERS - len(self.flights)
        if free <= 0:
            return
        now = self.read_now()
        slow = sum(flight.claimed.is_slow for flight in self.flights.values())
        batch = claim_due(now, limit=free, slow_limit=SLOW_SENDERS - slow)
        for claimed in batch:
            flight = _Flight(claimed, now, time.monotonic())
            self.flights[self.senders.submit(_send, flight)] = flight
        _note_lateness(batch, now)

    def collect(self) -> list[Finished]:
        """Wait shortly for sends to end, and return those that did."""
        if fresh := self._fresh():
            wait(fresh, _GATHER_SECONDS)
        else:
            wait(self.flights, _LOOK_AGAIN_SECONDS, FIRST_COMPLETED)
        done = [future for future in self.flights if future.done()]
        finished = [future.result() for future in done]
        for future in done:
            del self.flights[future]
        return finished + self._give_up()

    def _fresh(self) -> list[Future[Finished]]:
        """Return the sends that should end soon."""
        since = time.monotonic() - _FRESH_SECONDS
        return [
            future
            for future, flight in self.flights.items()
            if flight.started > since and not flight.claimed.is_slow
        ]

    def _give_up(self) -> list[Finished]:
        hanging = [
            (future, flight)
            for future, flight in self.flights.items()
            if time.monotonic() - flight.started > _GIVE_UP_SECONDS
        ]
        for future, _ in hanging:
            future.cancel()
            del self.flights[future]
        result = SendResult(Outcome.UNKNOWN, "the send did not end")
        return [_finished(flight, flight.started, result) for _, flight in hanging]


def _note_lateness(batch: Sequence[Claimed], now: datetime) -> None:
    """Count how late first attempts begin; what lies with a slow destination is its own."""
    first = [one for one in batch if one.notification.attempts == 1]
    late = [milliseconds_late(one.notification.next_attempt_at, now) for one in first]
    ours = [ms for one, ms in zip(first, late, strict=True) if not one.is_slow]
    note_lateness(
        "delivery",
        [(MESSAGE, ms) for ms in late],
        worst_ms=max(ours, default=0),
        now=now,
    )


def deliver_due(
    read_now: Callable[[], datetime],
    *,
    budget_seconds: float = _BUDGET_SECONDS,
    senders: Executor | None = None,
) -> int:
    """Send until nothing is due any more; returns the number of outcomes written.

    Stops claiming after the budget and then waits for what is under way. `senders` runs
    the sends; left out, it is this thread's pool.
    """
    stops_at = time.monotonic() + budget_seconds
    desk = _Desk(read_now, senders or _pool())
    count = 0
    while True:
        if time.monotonic() < stops_at:
            desk.claim()
        if not desk.flights:
            return count
        if finished := desk.collect():
            count += settle(finished, now=read_now())


def deliver_batch(now: datetime) -> int:
    """Send everything that is due at `now`, and return the number of outcomes."""
    return deliver_due(lambda: now)


def close_channels() -> None:
    """Close what channels keep open between messages."""
    registry.close_channels()


def _pool() -> ThreadPoolExecutor:
    # Two passes can run in a process at a time, and each counts on all its senders. A
    # forked child inherits the pool but not its threads.
    if _own.pool is None or _own.pid != os.getpid():
        _own.pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="sender")
        _own.pid = os.getpid()
    return _own.pool


def _send(flight: _Flight) -> Finished:
    """Send one message; runs in a thread and never touches the database."""
    started = time.monotonic()
    lease_seconds = LEASE.total_seconds() - (started - flight.started)
    if lease_seconds < 2 * SEND_LIMIT_SECONDS:
        # Waited too long for a thread: somebody else may send it by now.
        result = SendResult(
            Outcome.RETRYABLE, "no sender was free in time", was_tried=False
        )
        return _finished(flight, started, result)
    try:
        result = _send_now(flight.claimed)
    except Exception as error:
        # One broken message must not keep the others from being sent.
        log.exception("send_raised", notification=str(flight.claimed.outgoing.uid))
        result = SendResult(
            Outcome.RETRYABLE,
            f"internal error: {type(error).__name__}",
            was_tried=False,
        )
    return _finished(flight, started, result)


def _send_now(claimed: Claimed) -> SendResult:
    channel = registry.CHANNELS.get(claimed.notification.channel)
    if channel is None:
        return SendResult(Outcome.PERMANENT, "there is no such channel here")
    outgoing = claimed.outgoing
    if claimed.secret_sealed is not None:
        secret = open_secret(claimed.secret_sealed, context=SECRET_CONTEXT)
        outgoing = replace(outgoing, secret=secret.decode())
    return channel.send(outgoing)


def _finished(flight: _Flight, started: float, result: SendResult) -> Finished:
    waited = timedelta(seconds=started - flight.started)
    took = timedelta(seconds=time.monotonic() - started)
    started_at = flight.claimed_at + waited
    return Finished(flight.claimed, result, started_at, started_at + took)
