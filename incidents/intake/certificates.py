"""Keeps the certificates with which AWS signs, each fetched once by a process.

Whoever asks is a request that waits, and what it asks for is not signed yet: anybody
who knows one source's key can name addresses. So one fetch is under way at a time, one
request waits for it, and a source has a few fetches a minute. An address that gave no
certificate is not asked again for a minute, and such addresses take no room from the
certificates that are there.
"""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Final, TypeVar

from cryptography import x509

T = TypeVar("T")
V = TypeVar("V")

MAX_KEPT: Final = 64
MAX_MISSED: Final = 1_000
MAX_SOURCES: Final = 20_000
MAX_BYTES: Final = 64 * 1024
PAUSE_SECONDS: Final = 60.0
# So many fetches a source may cause between two pauses: a topic is signed by one.
FETCHES: Final = 4
# A certificate that AWS withdraws is not used for longer than this.
FRESH_SECONDS: Final = 24 * 60 * 60.0

WAIT_SECONDS: Final = 2.0

# Returns the body of a 200, None for anything else.
Fetch = Callable[[str], bytes | None]


class Certificates:
    """Certificates by the address at which they are published."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kept: dict[str, tuple[x509.Certificate, float]] = {}
        self._missed: dict[str, float] = {}
        self._spent: dict[uuid.UUID | None, tuple[int, float]] = {}
        self._fetching = threading.Lock()
        self._waiting = threading.Lock()

    def get(
        self, address: str, *, source: uuid.UUID | None = None
    ) -> x509.Certificate | None:
        """Return the certificate, None when it cannot be had just now for a source."""
        if (known := self._known(address)) or self._is_missed(address):
            return known
        if not self._waiting.acquire(blocking=False):
            return None
        try:
            is_mine = self._fetching.acquire(timeout=WAIT_SECONDS)
        finally:
            self._waiting.release()
        if not is_mine:
            return None
        try:
            return self._refreshed(address, source)
        finally:
            self._fetching.release()

    def _known(self, address: str) -> x509.Certificate | None:
        kept = self._kept.get(address)
        return kept[0] if kept and time.monotonic() < kept[1] else None

    def _is_missed(self, address: str) -> bool:
        return time.monotonic() < self._missed.get(address, 0.0)

    def _refreshed(
        self, address: str, source: uuid.UUID | None
    ) -> x509.Certificate | None:
        if (known := self._known(address)) or self._is_missed(address):
            return known  # another request has fetched it meanwhile
        if not self._spend(source):
            return None
        certificate = _read(self._fetch(address))
        if certificate is None:
            _make_room(self._missed, MAX_MISSED)
            self._missed[address] = time.monotonic() + PAUSE_SECONDS
            return None
        _make_room(self._kept, MAX_KEPT)
        self._kept[address] = certificate, time.monotonic() + FRESH_SECONDS
        return certificate

    def _spend(self, source: uuid.UUID | None) -> bool:
        """Count a fetch for a source; False when it has had enough for now."""
        now = time.monotonic()
        count, ends_at = self._spent.get(source, (0, 0.0))
        if now >= ends_at:
            count, ends_at = 0, now + PAUSE_SECONDS
        if count >= FETCHES:
            return False
        if source not in self._spent:
            _make_room(self._spent, MAX_SOURCES)
        self._spent[source] = count + 1, ends_at
        return True


def _make_room(kept: dict[T, V], most: int) -> None:
    """Drop what has been there longest where one more would be too many."""
    if len(kept) >= most:
        del kept[next(iter(kept))]


def _read(body: bytes | None) -> x509.Certificate | None:
    if body is None:
        return None
    try:
        return x509.load_pem_x509_certificate(body)
    except ValueError:
        return None
