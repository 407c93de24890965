"""Take due messages from the outbox under a lease, and close those not worth sending.

Which of the due messages may be taken now is decided in `lanes.py`. A lease is by the
real clock; what is due is by the business clock `now`.
"""

import traceback
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import connection, models
from django.db.models.functions import Coalesce

from escalation.notifications import ack_links, retry, verification
from escalation.notifications.channels.base import Outgoing
from escalation.notifications.digest_sending import fill, follow
from escalation.notifications.digests import gather
from escalation.notifications.lanes import Place, lock_due, lock_one, start_probes
from escalation.notifications.limits import hold_over_limit
from escalation.notifications.models import Notification
from escalation.notifications.render import Message
from escalation.notifications.standing import (
    close_cancelled,
    close_failed,
    read_locked,
    why_cancelled,
    why_failed,
)
from incidents.events.record import recording
from incidents.mail.addresses import reply_address

LEASE: Final = timedelta(seconds=60)
# A backlog that is over its limit, or not worth sending any more, is dealt with in one
# go, so that what comes after it and is more urgent is seen.
_MOST_LOOKS: Final = 50
# A message that cannot be taken at all comes back after 2, 4, 8 … seconds, at most this.
_BACKOFF_LIMIT_SECONDS: Final = 300

_LEASE: Final = """
    UPDATE tocsin_notification
       SET status = 'sending',
           lease_token = %s,
           lease_until = clock_timestamp() + make_interval(secs => %s),
           attempts = attempts + 1,
           first_attempt_at = coalesce(first_attempt_at, %s)
     WHERE id = ANY(%s)
"""

log = structlog.get_logger(__name__)


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
        leased, is_any_left_out = _claim_once(
            now, limit=limit, slow_limit=limit if slow_limit is None else slow_limit
        )
        if leased or not is_any_left_out:
            return leased
    return []


def _claim_once(
    now: datetime, *, limit: int, slow_limit: int
) -> tuple[list[Claimed], bool]:
    """Return what was leased, and whether anything was looked at that was not.

    When a batch raises, each of it is taken alone, and the bad one is pushed back.
    """
    places: Mapping[int, Place] = {}
    try:
        with recording(now):
            places = lock_due(
                now,
                limit=limit,
                slow_limit=slow_limit,
                lease_seconds=LEASE.total_seconds(),
            )
            return _take(places, now)
    except Exception:
        if not places or not connection.is_usable():
            raise
    return _take_singly(places, now), True


def _take_singly(places: Mapping[int, Place], now: datetime) -> list[Claimed]:
    leased: list[Claimed] = []
    for pk, place in places.items():
        try:
            with recording(now):
                if lock_one(pk, now):
                    leased += _take({pk: place}, now)[0]
        except Exception as error:
            _push_back(pk, error, now)
    return leased


def _take(places: Mapping[int, Place], now: datetime) -> tuple[list[Claimed], bool]:
    """Lease what is worth sending now of the locked, as `_claim_once` does."""
    rows = read_locked(places)
    cancelled = [row for row in rows if why_cancelled(row)]
    expired = [row for row in rows if not why_cancelled(row) and why_failed(row, now)]
    closed = {row.pk for row in [*cancelled, *expired]}
    due = [row for row in rows if row.pk not in closed]
    # First, so that a digest of this claim does not close its pages once more.
    close_cancelled(cancelled)
    close_failed(expired, now)
    going = hold_over_limit(gather(due, now=now), now=now)
    leased = _lease(fill(going, now=now), places, now)
    follow([(row, None) for row in expired], now=now)
    return leased, len(leased) < len(rows)


def _push_back(pk: int, error: Exception, now: datetime) -> None:
    """Make a message due again later, as after a try; its life ends as ever.

    Raises when the database is gone.
    """
    row = Notification.objects.only("uid", "attempts").get(pk=pk)
    pause = timedelta(seconds=min(2 ** (row.attempts + 1), _BACKOFF_LIMIT_SECONDS))
    Notification.objects.filter(pk=pk).update(
        attempts=row.attempts + 1,
        first_attempt_at=Coalesce("first_attempt_at", models.Value(now)),
        next_attempt_at=now + pause,
        last_error=f"internal error: {type(error).__name__}",
    )
    log.error("message_pushed_back", notification=str(row.uid), **told(error))


def told(error: Exception) -> dict[str, object]:
    """Return what a log may keep of an error: its own text can quote rows."""
    return {
        "error": type(error).__name__,
        "stack": traceback.format_tb(error.__traceback__),
    }


def _lease(
    rows: Sequence[Notification], places: Mapping[int, Place], now: datetime
) -> list[Claimed]:
    if not rows:
        return []
    token = uuid.uuid4()
    ids = [row.pk for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, [token, LEASE.total_seconds(), now, ids])
    probed = {places[pk].probe_of for pk in ids} - {None}
    start_probes([pk for pk in probed if pk is not None], now)
    for row in rows:
        row.attempts += 1
    return [_claimed(row, token, is_slow=places[row.pk].is_slow) for row in rows]


def _reply_to(row: Notification) -> str:
    """Return where an answer goes, if mail is taken here; it asks no table."""
    if not settings.MAIL_LISTEN or row.channel != "email":
        return ""
    if row.incident_id is None or row.recipient_user_id is None:
        return ""
    return reply_address(
        incident_id=row.incident_id,
        organisation_id=row.organisation_id,
        user_id=row.recipient_user_id,
        sent_to=row.address,
    )


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
        reply_to=_reply_to(row),
    )
    sealed = row.method.secret_sealed if row.method else None
    return Claimed(row, outgoing, bytes(sealed) if sealed else None, token, is_slow)
