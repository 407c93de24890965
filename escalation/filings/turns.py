"""Bound how many files are made at a time in one process.

Setting a large filing takes a core for seconds. What is beyond the bound waits a little
and is then told to come again, so that pages and timers always find a core.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from incidents.errors import Unavailable

AT_ONCE: Final = 2
PATIENCE_SECONDS: Final = 10.0
BUSY: Final = "Too many files are being made at this moment. Try again in a minute."


class Turns:
    """The files that are being made in this process."""

    def __init__(self, at_once: int, *, patience_seconds: float) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._patience_seconds = patience_seconds

    @contextmanager
    def one(self) -> Iterator[None]:
        """Make one while the block runs. Raises Unavailable."""
        if not self._free.acquire(timeout=self._patience_seconds):
            raise Unavailable(BUSY)
        try:
            yield
        finally:
            self._free.release()


TURNS: Final = Turns(AT_ONCE, patience_seconds=PATIENCE_SECONDS)
