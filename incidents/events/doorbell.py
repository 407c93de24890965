"""Wakes consumers at once. Losing every ring loses nothing: they look by themselves.

A request thread only sets a flag. One daemon thread per process sends the Celery
messages: the first at once, then again at the end of a 50 ms window in which more
flags came, so that a storm costs at most twenty messages a second for each consumer.
"""

import math
import os
import threading
import time
from dataclasses import dataclass
from typing import Final, Protocol

import structlog
from celery import current_app
from django.db import transaction

WINDOW_SECONDS: Final = 0.05
RING_EXPIRES_SECONDS: Final = 2

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bell:
    """The task that a ring starts, and the queue that carries it."""

    task: str
    queue: str


BELLS: Final[dict[str, Bell]] = {
    "intake": Bell("incidents.tasks.process_intake", "intake"),
    "router": Bell("escalation.tasks.dispatch_routes", "timers"),
    "clocks": Bell("escalation.tasks.dispatch_routes", "timers"),
    "duties": Bell("escalation.tasks.dispatch_routes", "timers"),
    "timers": Bell("escalation.tasks.tick", "timers"),
    "delivery": Bell("escalation.tasks.deliver", "delivery"),
    "evidence": Bell("incidents.tasks.build_evidence", "evidence"),
    "calendars": Bell("escalation.tasks.refresh_calendars", "intake"),
}


def ring_after_commit(consumer: str) -> None:
    """Ring once the open transaction has committed; at once when there is none."""
    if consumer in BELLS:
        transaction.on_commit(lambda: ring(consumer))


def ring(consumer: str) -> None:
    """Set the consumer's flag and wake this process's ringer. Never blocks, never fails."""
    _ringer().add(consumer)


def ring_in(consumer: str, seconds: float) -> None:
    """Ring a little later, from this process's ringer; the earliest such wish counts."""
    _ringer().add_later(consumer, time.monotonic() + seconds)


class Ringer(Protocol):
    """Who hears the rings of this process."""

    def add(self, consumer: str) -> None:
        """Hear a ring; never blocks."""

    def add_later(self, consumer: str, at: float) -> None:
        """Hear a ring at an instant of `time.monotonic`."""


def ring_with(ringer: Ringer | None) -> None:
    """Have this process's rings go to another ringer, a simulator's; None undoes it."""
    if ringer is None:
        _given.pop("ringer", None)
    else:
        _given["ringer"] = ringer


class _Ringer:
    """The flags, and the thread that turns them into messages."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._flags: set[str] = set()
        self._later: dict[str, float] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        threading.Thread(target=self._run, name="doorbell", daemon=True).start()

    def add(self, consumer: str) -> None:
        with self._lock:
            self._flags.add(consumer)
        self._wake.set()

    def add_later(self, consumer: str, at: float) -> None:
        with self._lock:
            is_earlier = at < self._later.get(consumer, math.inf)
            if is_earlier:
                self._later[consumer] = at
        if is_earlier:
            self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait(self._seconds_to_next())
            self._wake.clear()
            for consumer in sorted(self._take_flags()):
                _send(BELLS[consumer])
            time.sleep(WINDOW_SECONDS)

    def _seconds_to_next(self) -> float | None:
        with self._lock:
            return (
                max(0.0, min(self._later.values()) - time.monotonic())
                if self._later
                else None
            )

    def _take_flags(self) -> set[str]:
        with self._lock:
            now = time.monotonic()
            due = {consumer for consumer, at in self._later.items() if at <= now}
            for consumer in due:
                del self._later[consumer]
            flags, self._flags = self._flags | due, set()
        return flags


_given: dict[str, Ringer] = {}
_state: dict[str, _Ringer] = {}
_state_lock = threading.Lock()


def _ringer() -> Ringer:
    if given := _given.get("ringer"):
        return given
    ringer = _state.get("ringer")
    # A forked child inherits the object but not its thread.
    if ringer is None or ringer.pid != os.getpid():
        with _state_lock:
            ringer = _state.get("ringer")
            if ringer is None or ringer.pid != os.getpid():
                ringer = _state["ringer"] = _Ringer()
    return ringer


def _send(bell: Bell) -> None:
    try:
        current_app.send_task(
            bell.task,
            queue=bell.queue,
            expires=RING_EXPIRES_SECONDS,
            ignore_result=True,
            retry=False,
        )
    except Exception as error:
        log.info("ring_dropped", task=bell.task, error=str(error)[:200])
