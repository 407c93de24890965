"""Keep a caller's promise that two requests are one, so that a thing is done once.

The key's row is inserted first, in the transaction of what is asked. A second request with
the same key waits at the unique index until the first has committed, then finds what
it made; if the first failed, the second takes its place.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from incidents.errors import BadInput
from incidents.events.record import recording
from incidents.incident.models import IdempotencyKey, Incident

KEPT_DAYS: Final = 7
MAX_KEY_LENGTH: Final = 255
_PURGE_BATCH: Final = 20

_CLAIM: Final = """
    INSERT INTO tocsin_idempotency_key (caller, endpoint, key, body_sha256)
    VALUES (%s, %s, %s, %s)
    ON CONFLICT (caller, endpoint, key) DO NOTHING
    RETURNING id
"""
# Ids grow with time, so the oldest rows are first in the primary key.
_PURGE: Final = """
    DELETE FROM tocsin_idempotency_key WHERE id IN (
        SELECT id FROM tocsin_idempotency_key
        WHERE made_at < now() - make_interval(days => %s)
        AND id IN (SELECT id FROM tocsin_idempotency_key ORDER BY id LIMIT %s)
        FOR UPDATE SKIP LOCKED
    )
"""
_EXPIRE: Final = """
    DELETE FROM tocsin_idempotency_key
    WHERE caller = %s AND endpoint = %s AND key = %s
    AND made_at < now() - make_interval(days => %s)
"""


@dataclass(frozen=True, slots=True)
class Promise:
    """One caller's key for one endpoint, and the digest of what was sent with it."""

    caller: str
    endpoint: str
    key: str
    body_sha256: bytes


def read_promise(
    *, caller: str, endpoint: str, key: str | None, body: bytes
) -> Promise | None:
    """Return the promise that a request makes, None without a key. Raises BadInput."""
    if key is None:
        return None
    text = key.strip()
    if (
        not text
        or len(text) > MAX_KEY_LENGTH
        or not (text.isascii() and text.isprintable())
    ):
        remedy = f"Send 1 to {MAX_KEY_LENGTH} printable ASCII characters, for example a UUID."
        raise BadInput("Idempotency-Key", key, remedy)
    return Promise(caller, endpoint, text, hashlib.sha256(body).digest())


def open_once(
    promise: Promise | None, make: Callable[[], Incident], *, now: datetime
) -> tuple[Incident, bool]:
    """Return the incident of this promise, and whether it was opened just now.

    Raises BadInput when the key came before with another body.
    """
    with recording(now):
        if promise is None:
            return make(), True
        row_id = _claim(promise)
        if row_id is None:
            incident = _earlier(promise).incident
            if incident is None:
                raise _of_another(promise)
            return incident, False
        incident = make()
        IdempotencyKey.objects.filter(pk=row_id).update(incident=incident)
        return incident, True


def do_once(
    promise: Promise | None,
    incident: Incident,
    act: Callable[[], int],
    *,
    now: datetime,
) -> tuple[int, bool]:
    """Return the id of what this promise made or changed, and whether it did just now.

    `act` does it, on an incident, and returns the id. Raises BadInput when the key came before with
    another body.
    """
    with recording(now):
        if promise is None:
            return act(), True
        row_id = _claim(promise)
        if row_id is None:
            result_id = _earlier(promise).result_id
            if result_id is None:
                raise _of_another(promise)
            return result_id, False
        result_id = act()
        rows = IdempotencyKey.objects.filter(pk=row_id)
        rows.update(incident=incident, result_id=result_id)
        return result_id, True


def _claim(promise: Promise) -> int | None:
    """Insert the key's row; None when another request has committed it first."""
    name = [promise.caller, promise.endpoint, promise.key]
    with connection.cursor() as cursor:
        cursor.execute(_PURGE, [KEPT_DAYS, _PURGE_BATCH])
        cursor.execute(_EXPIRE, [*name, KEPT_DAYS])
        cursor.execute(_CLAIM, [*name, promise.body_sha256])
        row = cursor.fetchone()
    return row[0] if row else None


def _earlier(promise: Promise) -> IdempotencyKey:
    row = IdempotencyKey.objects.select_related("incident").get(
        caller=promise.caller, endpoint=promise.endpoint, key=promise.key
    )
    if bytes(row.body_sha256) != promise.body_sha256:
        remedy = (
            "This key came before with another body; send a new key for a new request."
        )
        raise BadInput("Idempotency-Key", promise.key, remedy)
    return row


def _of_another(promise: Promise) -> BadInput:
    remedy = "This key belongs to another request."
    return BadInput("Idempotency-Key", promise.key, remedy)
