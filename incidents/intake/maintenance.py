"""Make maintenance windows, once or recurring, change them, and take them out of use."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.doorbell import ring_after_commit
from incidents.events.record import record, recording
from incidents.intake.models import Source
from incidents.intake.recurrence import RecurrenceError, check_recurrence, next_after
from incidents.intake.silence_models import Maintenance, new_window_slug
from incidents.intake.suppressors import let_go, window_at
from incidents.ledger.canonical import format_at
from incidents.organisations.models import Organisation, User

MAX_REASON: Final = 500
# Each is compared with each alert that fires.
MAX_IN_USE: Final = 500
MAX_MINUTES: Final = 7 * 24 * 60
_TOO_EARLY: Final = "Choose an instant after its start and now."


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceDraft:
    """What a window is to be: once with start and end, or by a cron expression.

    Without a slug a new one gets one, and another keeps its own.
    """

    reason: str
    slug: str = ""
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

    Raises BadInput, and NotPossible when there are too many.
    """
    check_maintenance(draft, now)
    _require_ahead(draft, now)
    present = Maintenance.objects.filter(organisation=organisation, ended_at=None)
    if present.filter(Q(ends_at=None) | Q(ends_at__gt=now)).count() >= MAX_IN_USE:
        message = f"There are {MAX_IN_USE} windows already. Take some out of use."
        raise NotPossible(message, state={"windows": MAX_IN_USE})
    slug = draft.slug or new_window_slug()
    if Maintenance.objects.filter(organisation=organisation, slug=slug).exists():
        raise BadInput("slug", slug, "Another window has it; choose another.")
    with recording(now):
        window = Maintenance.objects.create(
            organisation=organisation, slug=slug, author=author, **columns_of(draft)
        )
        _record(window, f"Maintenance {times_of(window)}: {window.reason}", actor)
    return window


def change_maintenance(
    window: Maintenance, draft: MaintenanceDraft, *, actor: Actor, now: datetime
) -> Maintenance:
    """Give a window other times, another source or reason; it is in use again.

    What it holds back is looked at anew at once. Raises BadInput.
    """
    check_maintenance(draft, now)
    _require_ahead(draft, now)
    wanted = columns_of(draft)
    with recording(now):
        locked = Maintenance.objects.select_for_update(no_key=True).get(pk=window.pk)
        if draft.slug not in ("", locked.slug):
            raise BadInput("slug", draft.slug, "A window keeps its short name.")
        if all(getattr(locked, name) == value for name, value in wanted.items()):
            return locked
        for name, value in wanted.items():
            setattr(locked, name, value)
        locked.ended_at = None
        locked.save(update_fields=[*wanted, "ended_at"])
        let_go(locked, now=now)
        what = f"Maintenance changed, {times_of(locked)}: {locked.reason}"
        _record(locked, what, actor)
        ring_after_commit("intake")
        ring_after_commit("timers")
    return locked


def draft_of(window: Maintenance) -> MaintenanceDraft:
    """Return what a window is."""
    return MaintenanceDraft(
        slug=window.slug,
        reason=window.reason,
        source=window.source,
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        cron=window.cron,
        zone=window.zone,
        minutes=window.minutes,
    )


def columns_of(draft: MaintenanceDraft) -> dict[str, Any]:
    """Return how a window's row holds what it is to be, but for its short name."""
    is_recurring = bool(draft.cron)
    return {
        "source": draft.source,
        "reason": draft.reason.strip(),
        "starts_at": None if is_recurring else draft.starts_at,
        "ends_at": None if is_recurring else draft.ends_at,
        "cron": draft.cron,
        "zone": draft.zone if is_recurring else "UTC",
        "minutes": draft.minutes if is_recurring else 0,
    }


def end_maintenance(window: Maintenance, *, actor: Actor, now: datetime) -> Maintenance:
    """Take a window out of use; what it holds back and still fires is taken up at once.

    Raises NotPossible when it is out of use already.
    """
    with recording(now):
        locked = Maintenance.objects.select_for_update(no_key=True).get(pk=window.pk)
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


def check_maintenance(draft: MaintenanceDraft, now: datetime) -> None:
    """Raise BadInput for what is no window; whether it is over is not asked."""
    if not draft.reason.strip() or len(draft.reason) > MAX_REASON:
        remedy = f"Say why, in 1 to {MAX_REASON} characters."
        raise BadInput("reason", draft.reason, remedy)
    if draft.cron:
        _check_recurring(draft, now)
    elif draft.starts_at is None:
        raise BadInput("starts_at", "", "Give a start and an end, or a recurrence.")
    elif draft.ends_at is None or draft.ends_at <= draft.starts_at:
        value = format_at(draft.ends_at) if draft.ends_at else ""
        raise BadInput("ends_at", value, _TOO_EARLY)
    elif draft.minutes:
        remedy = "Leave it out: start and end say how long it is."
        raise BadInput("minutes", draft.minutes, remedy)


def _require_ahead(draft: MaintenanceDraft, now: datetime) -> None:
    if draft.ends_at and draft.ends_at <= now:
        raise BadInput("ends_at", format_at(draft.ends_at), _TOO_EARLY)


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
