"""Bound how many threads of a web process large files hold, in either direction.

A file on a slow line holds a thread for as long as it takes. What is beyond the bound is
told to come again, so that pages and alerts always find a thread.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings

from incidents.errors import Unavailable

# Smaller ones are through before they matter.
LARGE_BYTES: Final = 1024 * 1024
EACH: Final = 3
BUSY: Final = (
    "Too many large files are on their way at this moment; nothing was stored. "
    "Try again in a minute."
)


class Transfers:
    """The large files that are under way in this process."""

    def __init__(self, at_once: Callable[[], int], *, each: int) -> None:
        self._at_once = at_once
        self._each = each
        self._by: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, by: str) -> Callable[[], None]:
        """Count one more; returns what ends it, once. Raises Unavailable."""
        with self._lock:
            if self._by.total() >= self._at_once() or self._by[by] >= self._each:
                raise Unavailable(BUSY)
            self._by[by] += 1
        is_over = threading.Event()

        def end() -> None:
            with self._lock:
                if not is_over.is_set():
                    is_over.set()
                    self._by -= Counter([by])

        return end

    @contextmanager
    def one(self, by: str) -> Iterator[None]:
        """Count one while the block runs. Raises Unavailable."""
        end = self.begin(by)
        try:
            yield
        finally:
            end()


# Not in the database: it is about the threads of this process.
TRANSFERS: Final = Transfers(lambda: settings.TRANSFERS_AT_ONCE, each=EACH)
