"""Send digests, and follow what becomes of the pages that they take along.

When a digest leaves it takes along the pages that are still worth sending; when it has
arrived they count as delivered with it, and when it has failed they have failed.

Every function requires an open `recording` and the rows locked, and takes a number of
statements that does not grow with the batch.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import connection
from django.urls import reverse

from escalation.notifications import retry
from escalation.notifications.consequences import record_outcome, tell_runs
from escalation.notifications.digest_text import Gathered, digest_message
from escalation.notifications.digests import BY_ITSELF_AFTER, severity_of
from escalation.notifications.models import Notification, NotificationStatus
from escalation.notifications.standing import (
    close_cancelled,
    read_locked,
    why_cancelled,
)

_NOTHING_LEFT: Final = "nothing was left to tell"

# Another claim may be cancelling one of them: it is passed over, not waited for.
_LOCK_GATHERED: Final = """
    SELECT id FROM tocsin_notification
     WHERE digest_id = ANY(%s) AND status = 'queued'
     ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""

_TAKE_ALONG: Final = """
    UPDATE tocsin_notification
       SET first_attempt_at = coalesce(first_attempt_at, %s), next_attempt_at = %s
     WHERE id = ANY(%s)
"""

_WRITE: Final = """
    UPDATE tocsin_notification n
       SET message = v.message, message_sha256 = v.message_sha256
      FROM unnest(%s::bigint[], %s::jsonb[], %s::text[]) AS v(id, message, message_sha256)
     WHERE n.id = v.id
"""

_END: Final = """
    UPDATE tocsin_notification n
       SET status = v.status, sent_at = v.sent_at, last_error = v.last_error
      FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[])
           AS v(uid, status, sent_at, last_error)
     WHERE n.uid = v.uid AND n.status = 'queued'
    RETURNING n.id
"""


def fill(rows: Sequence[Notification], *, now: datetime) -> list[Notification]:
    """Write the digests among messages that go out; those with nothing left are closed.

    Returns the messages that still go out.
    """
    digests = {row.pk: row for row in rows if row.purpose == retry.DIGEST}
    if not digests:
        return list(rows)
    pages: dict[int, list[Notification]] = {pk: [] for pk in digests}
    found = _lock_gathered(digests)
    close_cancelled([row for row in found if why_cancelled(row)])
    for row in found:
        if row.status == NotificationStatus.QUEUED:
            pages[row.digest_id or 0].append(row)
    filled = {pk: taken for pk, taken in pages.items() if taken}
    _write(digests, filled, now=now)
    empty = [digest for pk, digest in digests.items() if pk not in filled]
    _close_empty(empty)
    return [row for row in rows if row.pk not in {digest.pk for digest in empty}]


def follow(
    ended: Sequence[tuple[Notification, datetime | None]], *, now: datetime
) -> None:
    """End the pages of digests that have ended: delivered at the instant, or failed.

    What such a digest did not take along becomes due by itself.
    """
    digests = [(row, at) for row, at in ended if row.purpose == retry.DIGEST]
    if not digests:
        return
    rows = _end([(row, at) for row, at in digests if _taken_along(row)])
    counts = {row.pk: len(_taken_along(row)) for row, _ in digests}
    for row in rows:
        if row.status == NotificationStatus.MERGED:
            detail = f"one of {counts[row.digest_id or 0]} in a digest"
            record_outcome("notification.merged", row, detail=detail)
        else:
            record_outcome("notification.failed", row, detail=row.last_error)
    failed = [row for row in rows if row.status == NotificationStatus.FAILED]
    tell_runs(failed, now=now)
    _release([row.pk for row, _ in digests], now=now)


def _lock_gathered(digests: Collection[int]) -> list[Notification]:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_GATHERED, [list(digests)])
        ids = [row[0] for row in cursor.fetchall()]
    return read_locked(ids, more=("incident__title", "incident__tlp"))


def _write(
    digests: Mapping[int, Notification],
    filled: Mapping[int, Sequence[Notification]],
    *,
    now: datetime,
) -> None:
    """Write each digest's message and note which pages it takes along."""
    if not filled:
        return
    for pk, pages in filled.items():
        digest = digests[pk]
        message = digest_message(
            [_gathered(row) for row in sorted(pages, key=lambda row: row.pk)],
            # It gathered nothing more severe than what had gone out already.
            paged_for=digest.severity or 0,
            channel=digest.channel,
            organisation=digest.organisation.name,
            url=settings.BASE_URL + reverse("incident-list"),
        )
        digest.message, digest.message_sha256 = message.as_json(), message.sha256()
    written = [digests[pk] for pk in filled]
    taken = [row.pk for pages in filled.values() for row in pages]
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_ALONG, [now, now + BY_ITSELF_AFTER, taken])
        cursor.execute(
            _WRITE,
            [
                [row.pk for row in written],
                [json.dumps(row.message) for row in written],
                [row.message_sha256 for row in written],
            ],
        )


def _gathered(row: Notification) -> Gathered:
    incident = row.incident
    assert incident is not None  # noqa: S101  only pages about incidents are gathered
    return Gathered(
        str(row.uid), incident.ref, incident.title, severity_of(row), incident.tlp
    )


def _close_empty(digests: Sequence[Notification]) -> None:
    Notification.objects.filter(pk__in=[row.pk for row in digests]).update(
        status=NotificationStatus.CANCELLED,
        last_error=_NOTHING_LEFT,
        lease_token=None,
        lease_until=None,
    )


def _taken_along(digest: Notification) -> list[str]:
    """Return the uids of the pages that stand in the digest's message."""
    uids: list[str] = digest.message["data"].get("notifications", [])
    return uids


def _end(
    ended: Sequence[tuple[Notification, datetime | None]],
) -> list[Notification]:
    """Write the end of the pages that these digests took along; returns them."""
    ends = [
        (
            uid,
            NotificationStatus.MERGED.value if at else NotificationStatus.FAILED.value,
            at,
            "" if at else f"its digest failed: {digest.last_error}"[:500],
        )
        for digest, at in ended
        for uid in _taken_along(digest)
    ]
    if not ends:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_END, [list(column) for column in zip(*ends, strict=True)])
        ids = [row[0] for row in cursor.fetchall()]
    return read_locked(ids, more=("last_error",))


def _release(digests: Collection[int], *, now: datetime) -> None:
    Notification.objects.filter(
        digest__in=digests, status=NotificationStatus.QUEUED
    ).update(digest=None, next_attempt_at=now)
