"""What notifications add to the incident's page and to a person's account."""

from datetime import datetime
from typing import Any, Final

from django.db.models import Count, Sum

from escalation.notifications import retry
from escalation.notifications.channels.registry import CHANNELS
from escalation.notifications.circuits import held_back
from escalation.notifications.forms import ContactMethodForm
from escalation.notifications.models import (
    ContactMethod,
    Notification,
    NotificationStatus,
)
from incidents.incident.panels import Part, Seen
from incidents.models import User

MAX_SHOWN: Final = 200
_AT_ONCE: Final = 6
_PROVIDER_DOWN: Final = "waits: the provider fails and is only probed"
_PURPOSES: Final = {
    retry.PAGE: "page",
    retry.FALLBACK: "fallback contact",
    retry.SHARE: "shared with you",
    retry.QUESTION: "question",
    retry.ANSWER: "answer",
    retry.EXHAUSTED: "every step is taken",
    retry.UNREACHABLE: "nobody could be reached",
    retry.CLOCK: "a deadline is near",
    retry.OVERDUE: "a deadline has passed",
    retry.DECISION: "a decision is asked for",
    retry.RECEIPT: "answer to a reply",
    retry.DIGEST: "digest",
    retry.VERIFY: "code",
    retry.GONE: "a way to reach somebody is gone",
    retry.REPORT: "anonymous report",
    retry.MAIL: "held e-mail",
    retry.RECORD: "the record does not fit",
    retry.QUORUM: "the log lacks its witnesses",
    retry.QUORUM_BACK: "witnesses vouch again",
    retry.RETENTION: "erased values",
    retry.FILING: "statutory filing",
    retry.SILENCE: "a silence ends",
}


def notifications_panel(seen: Seen) -> Part:
    """Return what went out in the name of the reader's own organisations."""
    rows = shown_notifications(seen)
    return Part(
        context={
            "notifications": rows[:_AT_ONCE],
            "older_notifications": rows[_AT_ONCE:],
        }
    )


def notifications_mark(seen: Seen) -> str:
    """Return what changes when a message or its outcome does."""
    rows = _rows(seen).order_by()
    found = rows.values_list("status").annotate(Count("pk"), Sum("attempts"))
    return ".".join(f"{s}{count}:{tries}" for s, count, tries in sorted(found))


def shown_notifications(seen: Seen) -> list[dict[str, Any]]:
    """Return the messages of the reader's organisations, newest first."""
    rows = list(_rows(seen).select_related("digest").order_by("-pk")[:MAX_SHOWN])
    behind = held_back(seen.now).filter(pk__in=[row.pk for row in rows])
    waiting = set(behind.values_list("pk", flat=True))
    return [
        {
            **_shown(row, is_held_back=row.pk in waiting),
            **_to_come(row, now=seen.now),
        }
        for row in rows
    ]


def account_panel(person: User) -> dict[str, Any]:
    """Return a person's own contact methods and the form that adds one."""
    methods = list(
        ContactMethod.objects.filter(user=person, disabled_at=None).order_by("pk")
    )
    failures = _last_failures(methods)
    return {
        "contact_methods": [
            {
                "pk": method.pk,
                "channel_name": CHANNELS[method.channel].label,
                "address": method.address,
                "verified_at": method.verified_at,
                "last_failure": failures.get(method.pk, ""),
            }
            for method in methods
        ],
        "contact_form": ContactMethodForm(auto_id="id_contact_%s", person=person),
    }


def _rows(seen: Seen) -> Any:
    return Notification.objects.filter(
        incident=seen.incident, organisation__in=seen.side_ids
    )


def _shown(row: Notification, *, is_held_back: bool) -> dict[str, Any]:
    is_there = row.status in {NotificationStatus.SENT, NotificationStatus.MERGED}
    error = "" if is_there else row.last_error
    return {
        "channel_name": CHANNELS[row.channel].label,
        "channel": CHANNELS[row.channel].label,
        "recipient": row.recipient_name or row.address,
        "status": row.status,
        "get_status_display": row.get_status_display(),
        "queued_at": row.queued_at,
        "sent_at": row.sent_at,
        "at": row.sent_at or row.queued_at,
        "attempts": row.attempts,
        "last_error": _PROVIDER_DOWN if is_held_back else error,
        "purpose": _PURPOSES[row.purpose],
    }


def _to_come(row: Notification, *, now: datetime) -> dict[str, Any]:
    """Return when a message is due that waits, and for what."""
    if row.status != NotificationStatus.QUEUED:
        return {"due_at": None, "waits_for": ""}
    leaves_at = row.digest.next_attempt_at if row.digest else row.next_attempt_at
    if leaves_at <= now:
        return {"due_at": None, "waits_for": ""}
    is_retry = row.attempts > 0
    waits_for = "digest" if row.digest else "next try" if is_retry else "due"
    return {"due_at": leaves_at, "waits_for": waits_for}


def _last_failures(methods: list[ContactMethod]) -> dict[int, str]:
    """Return why the newest message to a method failed: {method id: why}."""
    newest = Notification.objects.filter(method__in=methods).order_by("method", "-pk")
    rows = newest.distinct("method")
    return {
        row.method_id: row.last_error
        for row in rows
        if row.method_id and row.status == NotificationStatus.FAILED
    }
