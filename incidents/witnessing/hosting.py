"""Cosigns the heads of other logs: remembers the last one first, then answers."""

from datetime import datetime
from http import HTTPStatus
from typing import Final

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet

from incidents.ledger.note import write_note
from incidents.ledger.vkey import SigningKey, VerificationKey, parse_vkey
from incidents.ledger.witness_core import (
    AddRequest,
    Answer,
    BadRequest,
    Head,
    decide,
    origin_hash,
    read_request,
    refuse_bad,
    refuse_unknown,
)
from incidents.witnessing.models import WatchedLog
from incidents.witnessing.own_key import own_key

# What a request is answered that no log has signed.
_OF_STRANGERS: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN})

log = structlog.get_logger(__name__)


def add_checkpoint(body: bytes, now: datetime) -> Answer:
    """Answer a log that wants its head cosigned.

    Locks the log's row; what is remembered is committed when this returns.
    """
    try:
        request = read_request(body)
    except BadRequest as error:
        return refuse_bad(error)
    key = own_key()
    if key is None:
        return refuse_unknown(request.checkpoint.origin)
    # Anybody may ask; only what the log has signed is worth its row's lock.
    answer = _answer(request, WatchedLog.objects.all(), key, now)[0]
    if answer.status in _OF_STRANGERS:
        return answer
    with transaction.atomic():
        with connection.cursor() as cursor:
            # A commit that is only in memory could be lost after the answer went out.
            cursor.execute("SET LOCAL synchronous_commit = on")
        return _answer_locked(request, key, now)


def _answer_locked(request: AddRequest, key: SigningKey, now: datetime) -> Answer:
    rows = WatchedLog.objects.select_for_update(no_key=True)
    answer, watched = _answer(request, rows, key, now)
    if watched is None:
        return answer
    if answer.head:
        _remember(watched, answer, answer.head, now)
    elif _contradicts(request, watched, answer):
        _keep_contradiction(watched, request, now)
    return answer


def _answer(
    request: AddRequest, rows: QuerySet[WatchedLog], key: SigningKey, now: datetime
) -> tuple[Answer, WatchedLog | None]:
    """Return what the log that it names is to be answered, and its row."""
    origin = request.checkpoint.origin
    watched = rows.filter(is_active=True, origin=origin).first()
    if watched is None:
        return refuse_unknown(origin), None
    answer = decide(
        request,
        log_keys=keys_of(watched),
        last=Head(watched.size, bytes(watched.root)),
        key=key,
        time=int(now.timestamp()),
    )
    return answer, watched


def keys_of(watched: WatchedLog) -> list[VerificationKey]:
    """Return the keys by which a log signs."""
    return [parse_vkey(line) for line in watched.vkeys.splitlines()]


def _remember(watched: WatchedLog, answer: Answer, head: Head, now: datetime) -> None:
    watched.size, watched.root = head.size, head.root
    watched.note, watched.cosigned_at = answer.note, now
    watched.save(update_fields=["size", "root", "note", "cosigned_at"])


def _contradicts(request: AddRequest, watched: WatchedLog, answer: Answer) -> bool:
    """Tell whether the log signed two roots for one size: a proof that is missing is none."""
    is_refused = answer.status == HTTPStatus.UNPROCESSABLE_ENTITY
    return is_refused and request.checkpoint.size == watched.size


def _keep_contradiction(
    watched: WatchedLog, request: AddRequest, now: datetime
) -> None:
    """Keep the second head that the log signed. The first such one stays: it is evidence."""
    log.error("watched_log_contradicts_itself", origin=watched.origin)
    if watched.refused_note:
        return
    watched.refused_at, watched.refused_note = now, write_note(request.note)
    watched.save(update_fields=["refused_at", "refused_note"])


def cosigned_head(hashed_origin: str) -> str | None:
    """Return the newest head of a log that was cosigned here, by its origin's hash."""
    rows = WatchedLog.objects.exclude(note="").values_list("origin", "note")
    return next(
        (note for origin, note in rows if origin_hash(origin) == hashed_origin), None
    )
