"""Read due messages under their lock, and close those that are not worth sending."""

from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Final

from django.db import models

from escalation.notifications import retry
from escalation.notifications.consequences import record_outcome, tell_runs
from escalation.notifications.models import (
    Notification,
    NotificationStatus,
    still_belongs,
)
from incidents.models import Acknowledgement, Share

# Nobody is paged any more by a run in one of these states.
_SILENT: Final = frozenset({"acknowledged", "snoozed", "stopped"})
# These are over and never pause, whoever acknowledges: their pages may be on their way.
_OVER: Final = frozenset({"exhausted", "jumped"})

WhichHaveEnough = Callable[[Collection[int]], AbstractSet[int]]

_which_have_enough: list[WhichHaveEnough] = []

# Building whole incidents would cost more than all the rest of a claim.
_COLUMNS: Final = (
    *("uid", "dedup_key", "purpose", "channel", "address", "message", "status"),
    *("queued_at", "next_attempt_at", "expires_at", "attempts", "step_index", "round"),
    *("recipient_name", "severity", "digest__status", "organisation__name"),
    *(
        "destination",
        "is_urgent",
        "incident__ref",
        "incident__status",
        "incident__severity",
    ),
    *("incident__organisation", "method__secret_sealed", "method__disabled_at"),
    *("recipient_user__uid", "run__state", "run__needs_several"),
)


def ask_for_enough(which: WhichHaveEnough) -> None:
    """Have `which(run ids)` say whose rules of acknowledgement are met; for ready()."""
    _which_have_enough.append(which)


def which_have_enough(run_ids: Collection[int]) -> set[int]:
    """Return the ids of those runs whose policies' rules of acknowledgement are met."""
    return {pk for which in _which_have_enough if run_ids for pk in which(run_ids)}


def read_locked(
    ids: Collection[int], *, more: Sequence[str] = ()
) -> list[Notification]:
    """Return messages with what sending and recording need, and `more` columns.

    Reads after locking: an acknowledgement that has committed is seen.
    """
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
    related = ("organisation", "incident", "method", "recipient_user", "run", "digest")
    rows = (
        Notification.objects.filter(pk__in=list(ids))
        .select_related(*related)
        .only(*_COLUMNS, *more)
        .annotate(
            has_acknowledgement=models.Exists(acknowledged),
            has_own_acknowledgement=models.Exists(
                acknowledged.by(models.OuterRef("recipient_user"))
            ),
            has_share=models.Exists(shared),
            has_reader=still_belongs("recipient_user"),
        )
    )
    found: list[Notification] = list(rows)
    _note_enough(found)
    return found


def _note_enough(rows: Sequence[Notification]) -> None:
    """Note on messages of runs that are over, and want several, whether they have them."""
    over = [
        row
        for row in rows
        if row.run is not None and row.run.needs_several and row.run.state in _OVER
    ]
    enough = which_have_enough({row.run_id for row in over if row.run_id is not None})
    for row in over:
        vars(row)["has_enough"] = row.run_id in enough


def why_cancelled(row: Notification) -> str:
    """Say why a message is pointless by now; empty for one that is not."""
    if _is_hidden(row):
        return "no longer shared with the recipient's organisation"
    if row.purpose not in retry.CANCELLED_BY_ACKNOWLEDGEMENT:
        return ""
    if _is_acknowledged(row):
        return "acknowledged before it was sent"
    if row.incident is not None and row.incident.is_closed:
        return "the incident was closed before it was sent"
    if row.run is not None and row.run.state in _SILENT:
        return "the escalation had stopped before it was sent"
    return ""


def why_failed(row: Notification, now: datetime) -> str:
    """Say why to give up; a message that was never tried is sent however late."""
    if row.attempts > 0 and row.expires_at <= now:
        return f"given up after {row.attempts} tries"
    if row.method is not None and row.method.disabled_at is not None:
        return "the contact method was removed"
    if row.recipient_user is not None and not getattr(row, "has_reader", False):
        return "the recipient has left the organisation"
    return ""


def close_cancelled(rows: Sequence[Notification]) -> None:
    """Close what `why_cancelled` has a reason for. Requires an open `recording`."""
    for row in rows:
        row.status, row.last_error = NotificationStatus.CANCELLED, why_cancelled(row)
        record_outcome("notification.cancelled", row, detail=row.last_error)
    _close(rows)


def close_failed(rows: Sequence[Notification], now: datetime) -> None:
    """Close what `why_failed` has a reason for, and tell the runs."""
    for row in rows:
        row.status, row.last_error = NotificationStatus.FAILED, why_failed(row, now)
        record_outcome("notification.failed", row, detail=row.last_error)
    _close(rows)
    tell_runs(rows, now=now)


def close_unsent(rows: Sequence[Notification], *, why: str) -> None:
    """Close what is not to go out although it is worth sending; its people hear nothing.

    Requires an open `recording`, and rows that nobody is sending.
    """
    for row in rows:
        row.status, row.last_error = NotificationStatus.CANCELLED, why
        record_outcome("notification.cancelled", row, detail=why)
    _close(rows)


def _is_acknowledged(row: Notification) -> bool:
    """Whether enough people have acknowledged, or the reader has.

    Where the policy wants several, the run is paused in the last one's transaction, if
    it is not over: then its rule itself is asked.
    """
    if row.run is not None and row.run.needs_several:
        has_own = bool(getattr(row, "has_own_acknowledgement", False))
        return has_own or bool(getattr(row, "has_enough", False))
    return bool(getattr(row, "has_acknowledgement", False))


def _is_hidden(row: Notification) -> bool:
    """Whether the message is about an incident that its organisation may not see now."""
    if row.incident is None or row.incident.organisation_id == row.organisation_id:
        return False
    return not getattr(row, "has_share", False)


def _close(rows: Sequence[Notification]) -> None:
    if not rows:
        return
    for row in rows:
        row.lease_token = row.lease_until = None
    Notification.objects.bulk_update(
        rows, ["status", "last_error", "lease_token", "lease_until"]
    )
