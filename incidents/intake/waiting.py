"""Those who wait until their arrival is stored: threads, and coroutines of a loop."""

import asyncio
import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from incidents.intake.arrivals import Arrival, Told, Verdict


@dataclass(slots=True)
class Waiting:
    """An arrival whose request waits for what it is told."""

    arrival: Arrival
    told: Told = Verdict.UNAVAILABLE
    is_abandoned: bool = False

    @property
    def size_bytes(self) -> int:
        """How much memory its body takes."""
        return len(self.arrival.body or b"")


@dataclass(slots=True)
class InThread(Waiting):
    """One that a thread waits for.

    The lock is held until it is told; cheaper than an Event, which makes one per wait.
    """

    untold: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.untold.acquire()


@dataclass(slots=True, kw_only=True)
class InLoop(Waiting):
    """One that a coroutine waits for."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Told]

    def tell(self) -> None:
        """Go on with what became of it. Call it in the loop."""
        if not self.future.done():
            self.future.set_result(self.told)

    def give_up(self) -> None:
        """Wait no longer. Call it in the loop."""
        self.is_abandoned = True
        self.tell()


def wake(batch: Sequence[Waiting]) -> None:
    """Tell all of a batch; an event loop is woken once for all of its own."""
    in_loops: dict[asyncio.AbstractEventLoop, list[InLoop]] = {}
    for waiting in batch:
        if isinstance(waiting, InThread):
            waiting.untold.release()
        elif isinstance(waiting, InLoop):
            in_loops.setdefault(waiting.loop, []).append(waiting)
    for loop, waiters in in_loops.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(_tell, waiters)


def _tell(waiters: Sequence[InLoop]) -> None:
    for waiting in waiters:
        waiting.tell()
