"""Take due messages from the outbox under a lease, and close those not worth sending.

Which of the due messages may be taken now is decided in `lanes.py`. A lease is by the real clock; what is due is by the business clock `now`.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, models

from escalation.notifications import ack_links, retry, verification
from escalation.notifications.channels.base import Outgoing
from escalation.notifications.consequences import record_outcome, tell_runs
from escalation.notifications.lanes import lock_due
from escalation.notifications.limits import hold_over_limit
from escalation.notifications.models import Notification, NotificationStatus
from escalation.notifications.render import Message
from incidents.events.record import recording
from incidents.models import Acknowledgement, Share

LEASE: Final = timedelta(seconds=60)
# A backlog that is over its limit is given its instants in one go, so that what comes
# after it and is more urgent is seen.
_MOST_LOOKS: Final = 50

_LEASE: Final = """
    UPDATE tocsin_notification
       SET status = 'sending',
           lease_token = %s,
           lease_until = clock_timestamp() + make_interval(secs => %s),
           attempts = attempts + 1,
           first_attempt_at = coalesce(first_attempt_at, %s)
     WHERE id = ANY(%s)
"""

# Building whole incidents would cost more than all the rest of a claim.
_COLUMNS: Final = (
    *("uid", "dedup_key", "purpose", "channel", "address", "message", "status"),
    *(
        "queued_at",
        "next_attempt_at",
        "expires_at",
        "attempts",
        "step_index",
        "round",
        "recipient_name",
    ),
    *("organisation__name", "destination", "incident__ref", "incident__status"),
    *(
        "incident__severity",
        "incident__organisation",
        "method__secret_sealed",
        "method__disabled_at",
    ),
    *("recipient_user__uid", "run__state"),
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One message that this process may send until its lease ends."""

    notification: Notification
    outgoing: Outgoing
    secret_sealed: bytes | None
    lease_token: uuid.UUID
    is_slow: bool = False
    """Its destination took long to answer of late."""


def claim_due(
    now: datetime, *, limit: int, slow_limit: int | None = None
) -> list[Claimed]:
    """Lease up to `limit` due messages. Commits, so that sending is outside.

    At most `slow_limit` of them are to destinations that answer slowly.

    A page is cancelled here when its run was acknowledged or stopped or its incident
    closed; a message tried until its end of life is failed.
    """
    for _ in range(_MOST_LOOKS):
        leased, is_any_held = _claim_once(
            now, limit=limit, slow_limit=limit if slow_limit is None else slow_limit
        )
        if leased or not is_any_held:
            return leased
    return []


def _claim_once(
    now: datetime, *, limit: int, slow_limit: int
) -> tuple[list[Claimed], bool]:
    """Return what was leased, and whether anything was held back in its stead."""
    with recording(now):
        slow = lock_due(
            now,
            limit=limit,
            slow_limit=slow_limit,
            lease_seconds=LEASE.total_seconds(),
        )
        rows = _read(slow)
        cancelled = [row for row in rows if _why_cancelled(row)]
        expired = [
            row for row in rows if not _why_cancelled(row) and _why_failed(row, now)
        ]
        closed = {row.pk for row in [*cancelled, *expired]}
        due = [row for row in rows if row.pk not in closed]
        going = hold_over_limit(due, now=now)
        leased = _lease(going, slow, now)
        _close_cancelled(cancelled)
        _close_expired(expired, now)
    return leased, len(going) < len(due)


def _read(ids: Collection[int]) -> list[Notification]:
    """Read after locking: an acknowledgement that has committed is seen."""
    if not ids:
        return []
    acknowledged = Acknowledgement.objects.filter(
        incident=models.OuterRef("incident"),
        organisation=models.OuterRef("organisation"),
        ended_at=None,
    )
    shared = Share.objects.filter(
        incident=models.OuterRef("incident"),
        agency=models.OuterRef("organisation"),
        unshared_at=None,
    )
    rows = (
        Notification.objects.filter(pk__in=list(ids))
        .select_related("organisation", "incident", "method", "recipient_user", "run")
        .only(*_COLUMNS)
        .annotate(
            has_acknowledgement=models.Exists(acknowledged),
            has_share=models.Exists(shared),
        )
    )
    return list(rows)


def _why_cancelled(row: Notification) -> str:
    if _is_hidden(row):
        return "no longer shared with the recipient's organisation"
    if row.purpose not in retry.CANCELLED_BY_ACKNOWLEDGEMENT:
        return ""
    if getattr(row, "has_acknowledgement", False):
        return "acknowledged before it was sent"
    if row.incident is not None and row.incident.is_closed:
        return "the incident was closed before it was sent"
    if row.run is not None and row.run.state in {"acknowledged", "stopped"}:
        return "the escalation had stopped before it was sent"
    return ""


def _is_hidden(row: Notification) -> bool:
    """Whether the message is about an incident that its organisation may not see now."""
    if row.incident is None or row.incident.organisation_id == row.organisation_id:
        return False
    return not getattr(row, "has_share", False)


def _why_failed(row: Notification, now: datetime) -> str:
    """Say why to give up; a message that was never tried is sent however late."""
    if row.attempts > 0 and row.expires_at <= now:
        return f"given up after {row.attempts} tries"
    if row.method is not None and row.method.disabled_at is not None:
        return "the contact method was removed"
    return ""


def _lease(
    rows: Sequence[Notification], slow: Mapping[int, bool], now: datetime
) -> list[Claimed]:
    if not rows:
        return []
    token = uuid.uuid4()
    ids = [row.pk for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, [token, LEASE.total_seconds(), now, ids])
    for row in rows:
        row.attempts += 1
    return [_claimed(row, token, is_slow=slow[row.pk]) for row in rows]


def _claimed(row: Notification, token: uuid.UUID, *, is_slow: bool) -> Claimed:
    message = Message.from_json(row.message)
    if row.purpose == retry.VERIFY:
        message = verification.fill_in_code(message, dedup_key=row.dedup_key)
    asks_for_acknowledgement = row.purpose in retry.CANCELLED_BY_ACKNOWLEDGEMENT
    outgoing = Outgoing(
        uid=row.uid,
        purpose=row.purpose,
        address=row.address,
        message=message,
        queued_at=row.queued_at,
        attempt=row.attempts,
        thread=row.incident.ref if row.incident else "",
        acknowledge_url=(
            ack_links.acknowledge_url(row.uid) if asks_for_acknowledgement else ""
        ),
    )
    sealed = row.method.secret_sealed if row.method else None
    return Claimed(row, outgoing, bytes(sealed) if sealed else None, token, is_slow)


def _close_cancelled(rows: Sequence[Notification]) -> None:
    if not rows:
        return
    for row in rows:
        row.status, row.last_error = NotificationStatus.CANCELLED, _why_cancelled(row)
        record_outcome("notification.cancelled", row, detail=row.last_error)
    _close(rows)


def _close_expired(rows: Sequence[Notification], now: datetime) -> None:
    if not rows:
        return
    for row in rows:
        row.status, row.last_error = NotificationStatus.FAILED, _why_failed(row, now)
        record_outcome("notification.failed", row, detail=row.last_error)
    _close(rows)
    tell_runs(rows, now=now)


def _close(rows: Sequence[Notification]) -> None:
    for row in rows:
        row.lease_token = row.lease_until = None
    Notification.objects.bulk_update(
        rows, ["status", "last_error", "lease_token", "lease_until"]
    )
