"""Keeps the certificates with which AWS signs, each fetched once by a process.

Whoever asks is a request that waits, so one fetch is under way at a time, and an
address that gave no certificate is not asked again for a minute.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from cryptography import x509

MAX_KEPT: Final = 64
MAX_BYTES: Final = 64 * 1024
PAUSE_SECONDS: Final = 60.0
# A certificate that AWS withdraws is not used for longer than this.
FRESH_SECONDS: Final = 24 * 60 * 60.0

WAIT_SECONDS: Final = 2.0
_NONE: Final[tuple[x509.Certificate | None, float]] = (None, 0.0)

# Returns the body of a 200, None for anything else.
Fetch = Callable[[str], bytes | None]


class Certificates:
    """Certificates by the address at which they are published."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._kept: dict[str, tuple[x509.Certificate | None, float]] = {}
        self._fetching = threading.Lock()

    def get(self, address: str) -> x509.Certificate | None:
        """Return the certificate, None when it cannot be had just now."""
        kept, until = self._kept.get(address, _NONE)
        if time.monotonic() < until:
            return kept
        if not self._fetching.acquire(timeout=WAIT_SECONDS):
            return None
        try:
            return self._refreshed(address)
        finally:
            self._fetching.release()

    def _refreshed(self, address: str) -> x509.Certificate | None:
        kept, until = self._kept.get(address, _NONE)
        if time.monotonic() < until:
            return kept  # another request has fetched it meanwhile
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        certificate = _read(self._fetch(address))
        lasts = FRESH_SECONDS if certificate else PAUSE_SECONDS
        self._kept[address] = certificate, time.monotonic() + lasts
        return certificate


def _read(body: bytes | None) -> x509.Certificate | None:
    if body is None:
        return None
    try:
        return x509.load_pem_x509_certificate(body)
    except ValueError:
        return None
