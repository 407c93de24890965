"""Make maintenance windows, once or recurring, and take them out of use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.doorbell import ring_after_commit
from incidents.events.record import record, recording
from incidents.intake.models import Source
from incidents.intake.recurrence import RecurrenceError, check_recurrence, next_after
from incidents.intake.silence_models import Maintenance
from incidents.intake.suppressors import let_go, window_at
from incidents.ledger.canonical import format_at
from incidents.organisations.models import Organisation, User

MAX_REASON: Final = 500
MAX_MINUTES: Final = 7 * 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceDraft:
    """A window to be made: once with start and end, or by a cron expression."""

    reason: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    cron: str = ""
    zone: str = "UTC"
    minutes: int = 0
    source: Source | None = None


def create_maintenance(
    organisation: Organisation,
    draft: MaintenanceDraft,
    *,
    author: User | None,
    actor: Actor,
    now: datetime,
) -> Maintenance:
    """Hold back the alerts of a source or an organisation at these times.

    Raises BadInput.
    """
    _check(draft, now)
    with recording(now):
        window = Maintenance.objects.create(
            organisation=organisation,
            source=draft.source,
            reason=draft.reason.strip(),
            starts_at=None if draft.cron else draft.starts_at,
            ends_at=None if draft.cron else draft.ends_at,
            cron=draft.cron,
            zone=draft.zone,
            minutes=draft.minutes if draft.cron else 0,
            author=author,
        )
        _record(window, f"Maintenance {times_of(window)}: {window.reason}", actor)
    return window


def end_maintenance(window: Maintenance, *, actor: Actor, now: datetime) -> Maintenance:
    """Take a window out of use; what it holds back and still fires is taken up at once.

    Raises NotPossible when it is out of use already.
    """
    with recording(now):
        locked = Maintenance.objects.select_for_update().get(pk=window.pk)
        if not is_in_use(locked, now):
            raise NotPossible("This window is over already.", state={"is_over": True})
        locked.ended_at = now
        locked.save(update_fields=["ended_at"])
        let_go(locked, now=now)
        _record(locked, f"Maintenance ended: {locked.reason}", actor)
        ring_after_commit("intake")
        ring_after_commit("timers")
    return locked


def is_in_use(window: Maintenance, now: datetime) -> bool:
    """Whether it holds alerts back now or will later."""
    if window.ended_at:
        return False
    return window.ends_at is None or window.ends_at > now


def next_start(window: Maintenance, now: datetime) -> datetime | None:
    """Return when it begins next, None while it is on and when it is over."""
    if not is_in_use(window, now) or window_at(window, now):
        return None
    if window.cron:
        return next_after(window.cron, window.zone, now)
    return window.starts_at


def times_of(window: Maintenance) -> str:
    """Return its times in words."""
    if window.cron:
        return f"at {window.cron} ({window.zone}) for {window.minutes} minutes"
    start, end = window.starts_at, window.ends_at
    return f"from {format_at(start)} to {format_at(end)}" if start and end else ""


def _check(draft: MaintenanceDraft, now: datetime) -> None:
    if not draft.reason.strip() or len(draft.reason) > MAX_REASON:
        remedy = f"Say why, in 1 to {MAX_REASON} characters."
        raise BadInput("reason", draft.reason, remedy)
    if draft.cron:
        _check_recurring(draft, now)
    elif draft.starts_at is None:
        raise BadInput("starts_at", "", "Give a start and an end, or a recurrence.")
    elif draft.ends_at is None or draft.ends_at <= max(draft.starts_at, now):
        value = format_at(draft.ends_at) if draft.ends_at else ""
        raise BadInput("ends_at", value, "Choose an instant after its start and now.")


def _check_recurring(draft: MaintenanceDraft, now: datetime) -> None:
    if draft.starts_at or draft.ends_at:
        raise BadInput(
            "cron", draft.cron, "Leave out start and end, or the recurrence."
        )
    if not 1 <= draft.minutes <= MAX_MINUTES:
        raise BadInput("minutes", draft.minutes, f"Give 1 to {MAX_MINUTES} minutes.")
    try:
        check_recurrence(draft.cron, draft.zone, now)
    except RecurrenceError as error:
        raise BadInput(error.field, error.value, error.remedy) from None


def _record(window: Maintenance, what: str, actor: Actor) -> None:
    record(
        "config.changed",
        organisation_id=window.organisation_id,
        actor=actor,
        body={"what": what, "changes": {"maintenance": str(window.uid)}},
    )
