"""Gather the pages of a storm to one address into digests.

A gathered page stays in the outbox, queued, with its digest; `digest_sending.py` says
what becomes of both. A page whose digest came to nothing becomes due by itself, so that
none is lost.

Every function requires an open `recording` and the rows locked, and takes a number of
statements that does not grow with the batch.
"""

import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from escalation.notifications import retry
from escalation.notifications.consequences import record_outcome
from escalation.notifications.gathering import Page, Recent, leaves_at, sort_out
from escalation.notifications.models import Notification, NotificationStatus
from escalation.notifications.render import Message
from escalation.notifications.rule_editing import load_rules
from escalation.notifications.rules import Rules

# A gathered page that its digest did not take along is due by itself this much later.
BY_ITSELF_AFTER: Final = timedelta(minutes=5)
_LIVE: Final = (
    NotificationStatus.QUEUED,
    NotificationStatus.SENDING,
    NotificationStatus.UNKNOWN,
)
# What went to each method since its own instant, and what is going there right now.
_RECENT: Final = """
    SELECT v.method_id, count(*), coalesce(max(s.severity), -1), min(s.sent_at),
           bool_or(s.purpose = 'digest')
      FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::text[])
           AS v(method_id, since, organisation_id, destination)
     CROSS JOIN LATERAL (
        SELECT severity, sent_at, purpose
          FROM tocsin_notification
         WHERE method_id = v.method_id AND sent_at > v.since AND status = 'sent'
           AND purpose IN ('page', 'fallback', 'digest')
        UNION ALL
        SELECT severity, NULL, purpose
          FROM tocsin_notification
         WHERE organisation_id = v.organisation_id AND destination = v.destination
           AND status = 'sending' AND method_id = v.method_id
           AND purpose IN ('page', 'fallback', 'digest')
     ) s
     GROUP BY v.method_id
"""

# At most one digest of a method gathers at a time. The lock on one that is there keeps it
# from leaving before the pages that it is to take are committed.
_OPEN: Final = """
    INSERT INTO tocsin_notification AS digest (
        uid, dedup_key, organisation_id, method_id, recipient_user_id, recipient_name,
        channel, address, destination, purpose, message, message_sha256, status,
        queued_at, next_attempt_at, expires_at, attempts, last_error, severity)
    SELECT uid, dedup_key, organisation_id, method_id, recipient_user_id, recipient_name,
           channel, address, destination, purpose, message, message_sha256, status,
           queued_at, next_attempt_at, expires_at, attempts, last_error, severity
      FROM json_populate_recordset(NULL::tocsin_notification, %s)
     ORDER BY method_id
        ON CONFLICT (method_id)
     WHERE purpose = 'digest' AND status = 'queued' AND attempts = 0
        DO UPDATE SET severity = greatest(digest.severity, EXCLUDED.severity)
    RETURNING method_id, id, next_attempt_at
"""

_GATHER: Final = """
    UPDATE tocsin_notification n
       SET digest_id = v.digest_id, next_attempt_at = v.at
      FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS v(id, digest_id, at)
     WHERE n.id = v.id
"""


def gather(rows: Sequence[Notification], *, now: datetime) -> list[Notification]:
    """Return the messages that go out now; the further pages of a storm are gathered."""
    kept = _leave_to_their_digests(rows, now=now)
    by_method: dict[int, list[Notification]] = defaultdict(list)
    for row in sorted(kept, key=lambda row: (row.next_attempt_at, row.pk)):
        if _may_be_gathered(row):
            by_method[row.method_id or 0].append(row)
    rules = _rules(by_method)
    for method_id in [pk for pk, said in rules.items() if not said.digest_after]:
        del by_method[method_id]
    if not by_method:
        return kept
    recent = _recent(by_method, rules, now=now)
    gathered: dict[int, list[Notification]] = {}
    for method_id, pages in by_method.items():
        _, ids = sort_out(
            [Page(row.pk, severity_of(row)) for row in pages],
            recent.get(method_id, Recent()),
            after=rules[method_id].digest_after,
        )
        if ids:
            gathered[method_id] = [row for row in pages if row.pk in set(ids)]
    _put_into_digests(gathered, rules, recent, now=now)
    gone = {row.pk for pages in gathered.values() for row in pages}
    return [row for row in kept if row.pk not in gone]


def severity_of(row: Notification) -> int:
    """Return how severe a page is: what its incident was when it was made, or is now."""
    now_is = row.incident.severity if row.incident is not None else 0
    return max(row.severity or 0, now_is)


def _may_be_gathered(row: Notification) -> bool:
    if row.purpose not in retry.CANCELLED_BY_ACKNOWLEDGEMENT or row.incident is None:
        return False
    # A program behind a desk's webhook is not disturbed by many messages.
    is_program = row.channel == "webhook" and row.recipient_user_id is None
    # One of unknown outcome may have arrived: it is repeated as itself.
    is_fresh = row.status == NotificationStatus.QUEUED
    return row.method_id is not None and is_fresh and not is_program


def _leave_to_their_digests(
    rows: Sequence[Notification], *, now: datetime
) -> list[Notification]:
    """Return the messages without those whose digest is still to leave or on its way."""
    left = [
        row for row in rows if row.digest is not None and row.digest.status in _LIVE
    ]
    if left:
        Notification.objects.filter(pk__in=[row.pk for row in left]).update(
            next_attempt_at=now + BY_ITSELF_AFTER
        )
    behind = {row.pk for row in left}
    return [row for row in rows if row.pk not in behind]


def _rules(by_method: Mapping[int, Sequence[Notification]]) -> dict[int, Rules]:
    firsts = {method_id: rows[0] for method_id, rows in by_method.items()}
    found = load_rules(
        {row.organisation_id for row in firsts.values()},
        {row.recipient_user_id for row in firsts.values() if row.recipient_user_id},
    )
    return {
        method_id: found.get((row.organisation_id, row.recipient_user_id or 0), Rules())
        for method_id, row in firsts.items()
    }


def _recent(
    by_method: Mapping[int, Sequence[Notification]],
    rules: Mapping[int, Rules],
    *,
    now: datetime,
) -> dict[int, Recent]:
    firsts = {method_id: rows[0] for method_id, rows in by_method.items()}
    columns: list[list[Any]] = [
        list(firsts),
        [now - timedelta(minutes=rules[pk].digest_minutes) for pk in firsts],
        [row.organisation_id for row in firsts.values()],
        [row.destination for row in firsts.values()],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_RECENT, columns)
        return {pk: Recent(*rest) for pk, *rest in cursor.fetchall()}


def _put_into_digests(
    gathered: Mapping[int, Sequence[Notification]],
    rules: Mapping[int, Rules],
    recent: Mapping[int, Recent],
    *,
    now: datetime,
) -> None:
    if not gathered:
        return
    drafts = []
    for method_id, rows in gathered.items():
        minutes = rules[method_id].digest_minutes
        at = leaves_at(recent.get(method_id, Recent()), minutes=minutes, now=now)
        drafts.append(_draft(rows, leaves=at, now=now))
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [json.dumps(drafts, default=str)])
        digests = {method_id: (pk, at) for method_id, pk, at in cursor.fetchall()}
        places = [
            (row.pk, digests[method_id][0], digests[method_id][1] + BY_ITSELF_AFTER)
            for method_id, rows in gathered.items()
            for row in rows
        ]
        cursor.execute(_GATHER, [list(column) for column in zip(*places, strict=True)])
    for method_id, rows in gathered.items():
        after, minutes = rules[method_id].digest_after, rules[method_id].digest_minutes
        for row in rows:
            detail = f"more than {after} pages in {minutes} min"
            record_outcome("notification.held", row, detail=detail)


def _draft(
    rows: Sequence[Notification], *, leaves: datetime, now: datetime
) -> dict[str, Any]:
    """Return the columns of a digest that begins to gather; it is written as it leaves."""
    first, uid = rows[0], uuid.uuid4()
    empty = Message("", "", "", {})
    return {
        "uid": uid,
        "dedup_key": f"digest:{first.method_id}:{uid}",
        "organisation_id": first.organisation_id,
        "method_id": first.method_id,
        "recipient_user_id": first.recipient_user_id,
        "recipient_name": first.recipient_name,
        "channel": first.channel,
        "address": first.address,
        "destination": first.destination,
        "purpose": retry.DIGEST,
        "message": empty.as_json(),
        "message_sha256": empty.sha256(),
        "status": NotificationStatus.QUEUED.value,
        "queued_at": now,
        "next_attempt_at": leaves,
        "expires_at": leaves + retry.LIFETIMES[retry.DIGEST],
        "attempts": 0,
        "last_error": "",
        "severity": max(severity_of(row) for row in rows),
    }
