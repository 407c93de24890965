"""Write down what became of a batch of sends: rows, attempts, entries, runs.

An outcome counts only while the lease under which it was sent is still the row's own.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import connection

from escalation.notifications import retry
from escalation.notifications.channels.base import Outcome, SendResult
from escalation.notifications.circuits import Answer, is_provider_well, note_answers
from escalation.notifications.claim import Claimed, told
from escalation.notifications.consequences import record_outcome, tell_runs
from escalation.notifications.digest_sending import follow
from escalation.notifications.gone import switch_off
from escalation.notifications.lanes import note_paces
from escalation.notifications.models import Notification, NotificationStatus
from incidents.events.record import recording

_DETAIL_CHARACTERS: Final = 500
_PROVIDER_ID_CHARACTERS: Final = 200

# The rows and their attempts in one statement; a row whose lease is gone gets neither.
_WRITE: Final = """
    WITH v AS (
        SELECT *
          FROM unnest(
                   %s::bigint[], %s::uuid[], %s::text[], %s::timestamptz[],
                   %s::timestamptz[], %s::text[], %s::smallint[], %s::timestamptz[],
                   %s::timestamptz[], %s::text[], %s::text[]
               ) AS v(id, lease_token, status, sent_at, next_attempt_at, detail,
                      number, started_at, ended_at, outcome, provider_id)
    ), written AS (
        UPDATE tocsin_notification n
           SET status = v.status,
               sent_at = v.sent_at,
               next_attempt_at = coalesce(v.next_attempt_at, n.next_attempt_at),
               last_error = v.detail,
               lease_token = NULL,
               lease_until = NULL
          FROM v
         WHERE n.id = v.id AND n.lease_token = v.lease_token
     RETURNING n.id
    ), tried AS (
        INSERT INTO tocsin_attempt
               (notification_id, number, started_at, ended_at, outcome, detail,
                provider_id)
        SELECT id, number, started_at, ended_at, outcome, detail, provider_id
          FROM v JOIN written USING (id)
         ORDER BY started_at, id
    )
    SELECT id FROM written
"""

_ENTRY_KINDS: Final = {
    NotificationStatus.SENT: "notification.sent",
    NotificationStatus.FAILED: "notification.failed",
    NotificationStatus.UNKNOWN: "notification.unknown",
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finished:
    """One send that has ended, with its times on the business clock."""

    claimed: Claimed
    result: SendResult
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class _Settlement:
    """What a finished send makes of its row."""

    finished: Finished
    status: NotificationStatus
    next_attempt_at: datetime | None

    @property
    def row(self) -> Notification:
        return self.finished.claimed.notification


def settle(finished: Sequence[Finished], *, now: datetime) -> int:
    """Write the outcomes whose lease still holds; returns how many those were.

    The number of statements does not grow with the batch. When that raises, each of the
    batch is written alone, so that one bad answer takes nobody else's with it.
    """
    if not finished:
        return 0
    try:
        return _settle_together(finished, now=now)
    except Exception:
        if not connection.is_usable():
            raise
        if len(finished) == 1:
            return _settle_in_short(finished[0], now=now)
    return sum(settle([one], now=now) for one in finished)


def _settle_in_short(one: Finished, *, now: datetime) -> int:
    """Write an outcome without what the receiver said; failing that, its lease ends."""
    short = SendResult(
        one.result.outcome,
        "what the receiver answered could not be written down",
        was_tried=one.result.was_tried,
    )
    uid = str(one.claimed.notification.uid)
    try:
        written = _settle_together([replace(one, result=short)], now=now)
    except Exception as error:
        log.error("outcome_not_written", notification=uid, **told(error))  # noqa: TRY400  (what may be kept)
        return 0
    log.warning("outcome_written_in_short", notification=uid)
    return written


def _settle_together(finished: Sequence[Finished], *, now: datetime) -> int:
    settlements = [_settlement(one, now) for one in finished]
    with recording(now):
        written = _write(settlements)
        note_paces(_answer(one) for one in finished)
        note_answers(_health_answers(finished), now=now)
        kept = [one for one in settlements if one.row.pk in written]
        for one in kept:
            if one.status in _ENTRY_KINDS:
                detail = _detail(one.finished.result)
                record_outcome(_ENTRY_KINDS[one.status], one.row, detail=detail)
        failed = [one.row for one in kept if one.status == NotificationStatus.FAILED]
        tell_runs(failed, now=now)
        follow(_ended(kept), now=now)
        switch_off(_gone(kept), now=now)
    _log_stale(settlements, written)
    return len(kept)


def _gone(kept: Sequence[_Settlement]) -> list[int]:
    """Return the methods whose receiver will never take a message again."""
    gone = [one.row.method_id for one in kept if one.finished.result.is_gone]
    return [method_id for method_id in gone if method_id is not None]


def _ended(
    kept: Sequence[_Settlement],
) -> list[tuple[Notification, datetime | None]]:
    """Return what has come to its end, with the instant of what has arrived."""
    for one in kept:
        one.row.last_error = _detail(one.finished.result)
    return [
        (
            one.row,
            one.finished.ended_at if one.status == NotificationStatus.SENT else None,
        )
        for one in kept
        if one.status in {NotificationStatus.SENT, NotificationStatus.FAILED}
    ]


def _answer(finished: Finished) -> tuple[int, str, float]:
    row = finished.claimed.notification
    seconds = (finished.ended_at - finished.started_at).total_seconds()
    return row.organisation_id, row.destination, seconds


def _health_answers(finished: Sequence[Finished]) -> list[Answer]:
    """Return what the sends say of their providers."""
    return [
        Answer(
            organisation_id=one.claimed.notification.organisation_id,
            destination=one.claimed.notification.destination,
            ended_at=one.ended_at,
            is_provider_well=is_provider_well(
                one.result.outcome, is_address_at_fault=one.result.is_address_at_fault
            ),
        )
        for one in finished
        if one.result.was_tried
    ]


def _settlement(finished: Finished, now: datetime) -> _Settlement:
    outcome = finished.result.outcome
    if outcome == Outcome.SENT:
        return _Settlement(finished, NotificationStatus.SENT, None)
    next_at = _next_attempt(finished, now)
    if next_at is None:
        return _Settlement(finished, NotificationStatus.FAILED, None)
    is_unknown = outcome == Outcome.UNKNOWN
    status = NotificationStatus.UNKNOWN if is_unknown else NotificationStatus.QUEUED
    return _Settlement(finished, status, next_at)


def _next_attempt(finished: Finished, now: datetime) -> datetime | None:
    row, result = finished.claimed.notification, finished.result
    if result.outcome == Outcome.PERMANENT:
        return None
    is_unknown = result.outcome == Outcome.UNKNOWN
    if is_unknown and not retry.may_repeat_unknown(row.channel, attempt=row.attempts):
        return None
    return retry.next_attempt(
        row.purpose,
        attempt=row.attempts,
        now=now,
        expires_at=row.expires_at,
        retry_after=result.retry_after,
        jitter=random.random(),  # noqa: S311  (spreads load, keeps no secret)
    )


def _write(settlements: Sequence[_Settlement]) -> set[int]:
    columns = [list(column) for column in zip(*map(_values, settlements), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, columns)
        return {row[0] for row in cursor.fetchall()}


def _values(one: _Settlement) -> tuple[Any, ...]:
    finished = one.finished
    is_sent = one.status == NotificationStatus.SENT
    return (
        one.row.pk,
        finished.claimed.lease_token,
        one.status.value,
        finished.ended_at if is_sent else None,
        one.next_attempt_at,
        _detail(finished.result),
        one.row.attempts,
        finished.started_at,
        finished.ended_at,
        finished.result.outcome.value,
        finished.result.provider_id[:_PROVIDER_ID_CHARACTERS],
    )


def _detail(result: SendResult) -> str:
    return result.detail.replace("\x00", "")[:_DETAIL_CHARACTERS]


def _log_stale(settlements: Sequence[_Settlement], written: Collection[int]) -> None:
    for one in settlements:
        if one.row.pk not in written:
            log.warning("outcome_after_lease", notification=str(one.row.uid))
