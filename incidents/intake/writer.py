"""Stores raw deliveries with commits that many requests share.

Request threads hand an arrival over and wait. One thread per process takes whatever
has come, writes it in one statement that is a transaction of its own, and releases the
waiters once it is committed. While one commit is under way the next batch gathers by
itself, so nobody waits for company.
"""

import asyncio
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Final, LiteralString

import psycopg
import structlog
from django.db import connection

from incidents.events.doorbell import ring
from incidents.intake.arrivals import Arrival, Settings, Told, Verdict
from incidents.intake.waiting import InLoop, InThread, Waiting, wake
from incidents.timers.giving_way import Turns, is_crowd_due

WAIT_SECONDS: Final = 2.0
# Shorter than the wait, so that what is not stored in time is mostly not stored at all.
STATEMENT_TIMEOUT_MS: Final = 1_500
PEER_TIMEOUT_MS: Final = 4_000
MAX_WAITING: Final = 2_000
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
MAX_BATCH: Final = 500
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024

log = structlog.get_logger(__name__)

Connection = psycopg.Connection[tuple[Any, ...]]

# What is the fault of a row, and of no other beside it.
_ROWS_OWN: Final = (psycopg.DataError, psycopg.IntegrityError)

# The key is looked up by the statement that stores the body, and so is the state of the
# source's checks: what was checked under another state is not stored. A conflict is the
# second try after a broken connection, whose first may have committed, or a message
# that its sender has sent before. A source whose keys are being changed by a transaction
# that is still open is passed over: the others of the batch must not wait for it.
_INSERT: Final[LiteralString] = """
INSERT INTO tocsin_delivery (uid, source_id, organisation_id, body, size_bytes, sha256,
                             headers, state, attempts, error, alert_count, verified_by,
                             by_old_key)
SELECT a.uid, s.id, s.organisation_id, a.body, a.size_bytes, a.sha256,
       a.headers::jsonb, a.state, 0, '', 0, s.verification, a.by_old_key
FROM unnest(%b::uuid[], %b::text[], %b::bytea[], %b::bytea[], %b::bigint[], %b::bytea[],
            %b::text[], %b::text[], %b::bigint[], %b::boolean[]) WITH ORDINALITY
     AS a (uid, tool, key_digest, body, size_bytes, sha256, headers, state,
           trust_version, by_old_key, place)
JOIN tocsin_source s ON s.key_digest = a.key_digest AND s.tool = a.tool AND s.is_enabled
     AND s.trust_version = a.trust_version
ORDER BY a.place
FOR KEY SHARE OF s SKIP LOCKED
ON CONFLICT (uid) DO NOTHING
RETURNING uid
"""

# Asked only of arrivals that were not stored just now, all of a batch at once: unknown
# is what the database says at this moment. A refusal by a source that is passed over is
# told and not counted.
_EXPLAIN: Final[LiteralString] = """
WITH sent AS MATERIALIZED (
    SELECT a.*, s.id AS source_id, s.trust_version = a.trust_version AS is_current
    FROM unnest(%b::uuid[], %b::text[], %b::bytea[], %b::bigint[], %b::text[],
                %b::bigint[], %b::bytea[], %b::text[], %b::text[]) WITH ORDINALITY
         AS a (uid, tool, key_digest, trust_version, refusal, size_bytes, sha256,
               address, told, place)
    JOIN LATERAL (
        SELECT * FROM tocsin_source WHERE key_digest = a.key_digest
        UNION ALL
        SELECT * FROM tocsin_source
        WHERE old_key_digest = a.key_digest AND old_key_ends_at > now()
    ) AS s ON s.tool = a.tool AND s.is_enabled
), free AS MATERIALIZED (
    SELECT id FROM tocsin_source
    WHERE id IN (SELECT source_id FROM sent WHERE is_current AND refusal <> '')
    FOR KEY SHARE SKIP LOCKED
), counted AS (
    INSERT INTO tocsin_refusal AS r (source_id, reason, count, first_at, last_at,
                                     last_size_bytes, last_sha256, last_address,
                                     last_told)
    SELECT source_id, refusal, count(*), now(), now(),
           (array_agg(size_bytes ORDER BY place DESC))[1],
           (array_agg(sha256 ORDER BY place DESC))[1],
           (array_agg(address ORDER BY place DESC))[1],
           (array_agg(told ORDER BY place DESC))[1]
    FROM sent JOIN free ON free.id = sent.source_id
    WHERE is_current AND refusal <> ''
    GROUP BY source_id, refusal
    ORDER BY source_id, refusal
    ON CONFLICT (source_id, reason) DO UPDATE
    SET count = r.count + excluded.count, last_at = excluded.last_at,
        last_size_bytes = excluded.last_size_bytes,
        last_sha256 = excluded.last_sha256, last_address = excluded.last_address,
        last_told = excluded.last_told
)
SELECT sent.uid, sent.is_current, sent.refusal <> '',
       EXISTS (SELECT FROM tocsin_delivery d WHERE d.uid = sent.uid),
       s.uid, s.trust_version, s.key_digest, s.old_key_ends_at, s.verification,
       s.verification_options, s.secret_sealed, s.old_secret_sealed,
       s.old_secret_ends_at, s.address_ranges
FROM sent JOIN tocsin_source s ON s.id = sent.source_id
"""


class DeliveryWriter:
    """The queue of arrivals and the thread that stores them."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self.pid = os.getpid()
        self._connect = connect
        self._connection: Connection | None = None
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def store(self, arrival: Arrival) -> Told:
        """Store one arrival and return what became of it, after at most 2 seconds."""
        waiting = InThread(arrival)
        if not self._put(waiting):
            return Verdict.UNAVAILABLE
        if not waiting.untold.acquire(timeout=WAIT_SECONDS):
            # It may yet be stored: then the sender sends it twice, which is one effect.
            waiting.is_abandoned = True
            return Verdict.UNAVAILABLE
        return waiting.told

    async def store_in_loop(self, arrival: Arrival) -> Told:
        """Do the same in an event loop."""
        loop = asyncio.get_running_loop()
        waiting = InLoop(arrival, loop=loop, future=loop.create_future())
        if not self._put(waiting):
            return Verdict.UNAVAILABLE
        timer = loop.call_later(WAIT_SECONDS, waiting.give_up)
        try:
            return await waiting.future
        finally:
            timer.cancel()

    def _put(self, waiting: Waiting) -> bool:
        """Queue an arrival; False when the queue is full."""
        with self._lock:
            is_full = (
                self._queue.qsize() >= MAX_WAITING
                or self._waiting_bytes + waiting.size_bytes > MAX_WAITING_BYTES
            )
            if not is_full:
                self._waiting_bytes += waiting.size_bytes
                self._queue.put(waiting)
        return not is_full

    def close(self) -> None:
        """Store what waits, then end the thread and its connection."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        is_open = True
        turns = Turns(self._is_crowd_due)
        while is_open:
            batch, is_open = self._take()
            began = time.monotonic()
            self._settle(batch)
            turns.end_piece(time.monotonic() - began)
        self._disconnect()

    def _is_crowd_due(self) -> bool:
        """Whether timers want the machine; False when that is not known."""
        if self._connection is None:
            return False
        try:
            return is_crowd_due(self._connection)
        except psycopg.Error:
            self._disconnect()
            return False

    def _take(self) -> tuple[list[Waiting], bool]:
        """Wait for one arrival, then take all others that are there already."""
        batch: list[Waiting] = []
        size_bytes = 0
        waiting = self._queue.get()
        while waiting is not None:
            size_bytes += waiting.size_bytes
            batch.append(waiting)
            if len(batch) >= MAX_BATCH or size_bytes >= MAX_BATCH_BYTES:
                return batch, True
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _settle(self, batch: Sequence[Waiting]) -> None:
        wanted = [waiting for waiting in batch if not waiting.is_abandoned]
        told = self._try_store([w.arrival for w in wanted]) if wanted else {}
        with self._lock:
            self._waiting_bytes -= sum(waiting.size_bytes for waiting in batch)
        if told is not None:
            for waiting in wanted:
                waiting.told = told.get(waiting.arrival.uid, Verdict.UNKNOWN_KEY)
        wake(wanted)
        if told and Verdict.STORED in told.values():
            ring("intake")

    def _try_store(self, arrivals: Sequence[Arrival]) -> dict[uuid.UUID, Told] | None:
        """Return what became of those with a known key, None when that is not known."""
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
            # The error's own text can quote the rows: only its class is logged.
            kind, state = type(error).__name__, getattr(error, "sqlstate", None)
            log.warning(
                "deliveries_not_stored", count=len(arrivals), error=kind, sqlstate=state
            )
            if len(arrivals) > 1 and isinstance(error, _ROWS_OWN):
                return self._store_apart(arrivals)
            self._disconnect()
            return None

    def _store_apart(self, arrivals: Sequence[Arrival]) -> dict[uuid.UUID, Told]:
        """Store row by row, so that one that cannot be stored takes no other with it."""
        told: dict[uuid.UUID, Told] = {}
        for arrival in arrivals:
            one = self._try_store([arrival])
            told |= {arrival.uid: Verdict.UNAVAILABLE} if one is None else one
        return told

    def _store(self, arrivals: Sequence[Arrival]) -> dict[uuid.UUID, Told]:
        if self._connection is None:
            self._connection = self._connect()
        told: dict[uuid.UUID, Told] = {}
        if good := [a for a in arrivals if not a.refusal]:
            rows = self._connection.execute(_INSERT, _columns(good)).fetchall()
            told = {row[0]: Verdict.STORED for row in rows}
        if rest := [a for a in arrivals if a.uid not in told]:
            rows = self._connection.execute(_EXPLAIN, _short_columns(rest)).fetchall()
            told.update({row[0]: _explained(*row[1:]) for row in rows})
        return told

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _columns(arrivals: Sequence[Arrival]) -> list[list[Any]]:
    return [
        [a.uid for a in arrivals],
        [a.tool for a in arrivals],
        [a.current_digest or a.key_digest for a in arrivals],
        [a.body for a in arrivals],
        [a.size_bytes for a in arrivals],
        [a.sha256 for a in arrivals],
        [json.dumps(a.headers) for a in arrivals],
        [a.state for a in arrivals],
        [a.trust_version for a in arrivals],
        [bool(a.current_digest) for a in arrivals],
    ]


def _short_columns(arrivals: Sequence[Arrival]) -> list[list[Any]]:
    return [
        [a.uid for a in arrivals],
        [a.tool for a in arrivals],
        [a.key_digest for a in arrivals],
        [a.trust_version for a in arrivals],
        [a.refusal for a in arrivals],
        [a.size_bytes for a in arrivals],
        [a.sha256 for a in arrivals],
        [a.proof.address[:64] if a.proof else "" for a in arrivals],
        [a.refused_value for a in arrivals],
    ]


def _explained(
    is_current: bool, is_refused: bool, is_stored: bool, *settings: Any
) -> Told:
    """Say why an arrival was not stored; a stored one was sent before."""
    if is_current and is_refused:
        return Verdict.REFUSED
    if is_current and is_stored:
        return Verdict.STORED
    return Settings(*settings)


def connect() -> Connection:
    """Open the writer's own connection to Django's database; each statement commits."""
    parameters = connection.get_connection_params()
    for name in ("context", "cursor_factory", "prepare_threshold"):
        parameters.pop(name, None)
    timeout = f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
    parameters["options"] = f"{parameters.get('options', '')} {timeout}".strip()
    parameters["application_name"] = "tocsin intake"
    # A peer that vanished without a word must not hold the one writer for minutes.
    parameters["tcp_user_timeout"] = PEER_TIMEOUT_MS
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
