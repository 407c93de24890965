"""Stores raw deliveries with commits that many requests share.

Request threads hand an arrival over and wait. One thread per process takes whatever
has come, writes it in one statement that is a transaction of its own, and releases the
waiters once it is committed. While one commit is under way the next batch gathers by
itself, so nobody waits for company.
"""

import json
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Any, Final, LiteralString

import psycopg
import structlog
from django.db import connection

from incidents.events.doorbell import ring

WAIT_SECONDS: Final = 5.0
STATEMENT_TIMEOUT_MS: Final = 4_000
MAX_WAITING: Final = 2_000
MAX_BATCH: Final = 500
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024

log = structlog.get_logger(__name__)

Connection = psycopg.Connection[tuple[Any, ...]]

# The key is looked up by the statement that stores the body: unknown is what the
# database says at this moment, and a guess costs the same as a hit. The conflict arm
# serves the second try after a broken connection, whose first may have committed.
_INSERT: Final[LiteralString] = """
INSERT INTO tocsin_delivery (uid, source_id, organisation_id, body, size_bytes, sha256,
                             headers, state, attempts, error, alert_count)
SELECT a.uid, s.id, s.organisation_id, a.body, a.size_bytes, a.sha256,
       a.headers::jsonb, a.state, 0, '', 0
FROM unnest(%b::uuid[], %b::text[], %b::bytea[], %b::bytea[], %b::bigint[], %b::bytea[],
            %b::text[], %b::text[]) WITH ORDINALITY
     AS a (uid, tool, key_digest, body, size_bytes, sha256, headers, state, place)
JOIN tocsin_source s ON s.key_digest = a.key_digest AND s.tool = a.tool AND s.is_enabled
ORDER BY a.place
ON CONFLICT (uid) DO UPDATE SET uid = excluded.uid
RETURNING uid
"""


class Verdict(Enum):
    """What became of an arrival."""

    STORED = auto()
    UNKNOWN_KEY = auto()
    UNAVAILABLE = auto()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request as it came. `body` is None when it was too large to keep."""

    tool: str
    key_digest: bytes
    body: bytes | None
    size_bytes: int
    sha256: bytes
    headers: dict[str, str]
    state: str
    uid: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(slots=True)
class _Waiting:
    """An arrival whose request thread waits for the verdict.

    The lock is held until the verdict is there; cheaper than an Event, which makes one per wait.
    """

    arrival: Arrival
    undecided: threading.Lock = field(default_factory=threading.Lock)
    verdict: Verdict = Verdict.UNAVAILABLE
    is_abandoned: bool = False

    def __post_init__(self) -> None:
        self.undecided.acquire()


class DeliveryWriter:
    """The queue of arrivals and the thread that stores them."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self.pid = os.getpid()
        self._connect = connect
        self._connection: Connection | None = None
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def store(self, arrival: Arrival) -> Verdict:
        """Store one arrival and return what became of it, after at most 5 seconds."""
        if self._queue.qsize() >= MAX_WAITING:
            return Verdict.UNAVAILABLE
        waiting = _Waiting(arrival)
        self._queue.put(waiting)
        if not waiting.undecided.acquire(timeout=WAIT_SECONDS):
            # It may yet be stored: then the sender sends it twice, which is one effect.
            waiting.is_abandoned = True
            return Verdict.UNAVAILABLE
        return waiting.verdict

    def close(self) -> None:
        """Store what waits, then end the thread and its connection."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._take()
            if batch:
                self._settle(batch, self._try_store([w.arrival for w in batch]))
        self._disconnect()

    def _take(self) -> tuple[list[_Waiting], bool]:
        """Wait for one arrival, then take all others that are there already."""
        batch: list[_Waiting] = []
        size_bytes = 0
        waiting = self._queue.get()
        while waiting is not None:
            if not waiting.is_abandoned:
                batch.append(waiting)
                size_bytes += len(waiting.arrival.body or b"")
            if len(batch) >= MAX_BATCH or size_bytes >= MAX_BATCH_BYTES:
                return batch, True
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _settle(self, batch: Sequence[_Waiting], stored: set[uuid.UUID] | None) -> None:
        for waiting in batch:
            if stored is not None:
                is_stored = waiting.arrival.uid in stored
                waiting.verdict = Verdict.STORED if is_stored else Verdict.UNKNOWN_KEY
            waiting.undecided.release()
        if stored:
            ring("intake")

    def _try_store(self, arrivals: Sequence[Arrival]) -> set[uuid.UUID] | None:
        """Return the uids that are committed, None when that cannot be known."""
        try:
            try:
                return self._store(arrivals)
            except psycopg.OperationalError:
                if self._connection is None or not self._connection.broken:
                    raise
                # A server that restarted since the last batch: once more, afresh.
                self._disconnect()
                return self._store(arrivals)
        except Exception as error:  # the thread must outlive any error
            self._disconnect()
            # The error's own text can quote the rows: only its class is logged.
            kind, state = type(error).__name__, getattr(error, "sqlstate", None)
            log.warning(
                "deliveries_not_stored", count=len(arrivals), error=kind, sqlstate=state
            )
            return None

    def _store(self, arrivals: Sequence[Arrival]) -> set[uuid.UUID]:
        if self._connection is None:
            self._connection = self._connect()
        columns = [
            [a.uid for a in arrivals],
            [a.tool for a in arrivals],
            [a.key_digest for a in arrivals],
            [a.body for a in arrivals],
            [a.size_bytes for a in arrivals],
            [a.sha256 for a in arrivals],
            [json.dumps(a.headers) for a in arrivals],
            [a.state for a in arrivals],
        ]
        cursor = self._connection.execute(_INSERT, columns)
        return {row[0] for row in cursor.fetchall()}

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def connect() -> Connection:
    """Open the writer's own connection to Django's database; each statement commits."""
    parameters = connection.get_connection_params()
    for name in ("context", "cursor_factory", "prepare_threshold"):
        parameters.pop(name, None)
    timeout = f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
    parameters["options"] = f"{parameters.get('options', '')} {timeout}".strip()
    parameters["application_name"] = "tocsin intake"
    # A peer that vanished without a word must not hold the one writer for minutes.
    parameters["tcp_user_timeout"] = STATEMENT_TIMEOUT_MS
    return psycopg.connect(**parameters, autocommit=True)


_writers: dict[str, DeliveryWriter] = {}
_writers_lock = threading.Lock()


def process_writer() -> DeliveryWriter:
    """Return this process's writer; started at first use, anew after a fork."""
    writer = _writers.get("default")
    if writer is None or writer.pid != os.getpid():
        with _writers_lock:
            writer = _writers.get("default")
            if writer is None or writer.pid != os.getpid():
                writer = _writers["default"] = DeliveryWriter(connect)
    return writer
