"""Put other people on call for a while, and take that back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet

from escalation.oncall.editing import record_change
from escalation.oncall.models import Override, OverrideMode, Schedule, SwapRequest
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import User

LONGEST: Final = timedelta(days=366)
MAX_PEOPLE: Final = 10
# What is not over yet, in one schedule.
MAX_OPEN: Final = 500


@dataclass(frozen=True, slots=True)
class OverrideDraft:
    """What an override is to say; its people are members, as who calls has checked."""

    start_at: datetime
    end_at: datetime
    people: Sequence[User]
    mode: str = OverrideMode.WHOLE
    replaces: User | None = None
    reason: str = ""


def make_override(
    schedule: Schedule,
    draft: OverrideDraft,
    *,
    user: User | None,
    actor: Actor,
    now: datetime,
    swap: SwapRequest | None = None,
) -> Override:
    """Make an override. Raises BadInput."""
    check_override(draft, now=now)
    with recording(now):
        if open_overrides(schedule, now).count() >= MAX_OPEN:
            remedy = f"There are {MAX_OPEN} to come already; take some back first."
            raise BadInput("schedule", schedule.slug, remedy)
        override = write_override(schedule, draft, user=user, now=now, swap=swap)
        _record(override, "made", actor)
    return override


def write_override(
    schedule: Schedule,
    draft: OverrideDraft,
    *,
    user: User | None,
    now: datetime,
    swap: SwapRequest | None = None,
) -> Override:
    """Store an override. Requires an open recording, whose caller records it."""
    override = Override.objects.create(
        organisation_id=schedule.organisation_id,
        schedule=schedule,
        start_at=draft.start_at,
        end_at=draft.end_at,
        mode=draft.mode,
        replaces=draft.replaces,
        reason=draft.reason.strip(),
        swap=swap,
        made_by=user,
        made_at=now,
    )
    override.people.add(*draft.people)
    return override


def cancel_override(override: Override, *, actor: Actor, now: datetime) -> Override:
    """Take an override back from now on: what was, stays. Raises NotPossible."""
    with recording(now):
        rows = Override.objects.select_for_update(no_key=True)
        override = rows.select_related("schedule").get(pk=override.pk)
        if override.cancelled_at is not None or override.end_at <= now:
            message = "This override is over already."
            raise NotPossible(message, state={"end_at": override.end_at.isoformat()})
        if override.start_at < now:
            override.end_at = now
        else:
            override.cancelled_at = now
        override.save(update_fields=["end_at", "cancelled_at"])
        _record(override, "taken back", actor)
    return override


def check_override(draft: OverrideDraft, *, now: datetime) -> None:
    """Raise BadInput for what makes no override."""
    check_times(draft.start_at, draft.end_at, now=now, prefix="")
    if not 1 <= len(draft.people) <= MAX_PEOPLE:
        remedy = f"Name 1 to {MAX_PEOPLE} people."
        raise BadInput("people", f"{len(draft.people)} people", remedy)
    is_of_one = draft.mode == OverrideMode.REPLACE
    if is_of_one and draft.replaces is None:
        raise BadInput("replaces", "", "Say whom they replace.")
    if not is_of_one and draft.replaces is not None:
        remedy = "Leave it out, or choose the mode replace."
        raise BadInput("replaces", draft.replaces.email, remedy)
    if draft.replaces in draft.people:
        remedy = "Name other people than the one who is replaced."
        raise BadInput("people", str(draft.replaces), remedy)


def check_times(start: datetime, end: datetime, *, now: datetime, prefix: str) -> None:
    """Raise BadInput for times that are none, long over, or too long."""
    if end <= start:
        raise BadInput(
            f"{prefix}end_at", end.isoformat(), "It must be after the start."
        )
    if end <= now:
        raise BadInput(f"{prefix}end_at", end.isoformat(), "It must be yet to come.")
    if end - start > LONGEST:
        remedy = f"Choose at most {LONGEST.days} days; change the rotations for more."
        raise BadInput(f"{prefix}end_at", end.isoformat(), remedy)


def open_overrides(schedule: Schedule, now: datetime) -> QuerySet[Override]:
    """Return those that are not over and not taken back."""
    return Override.objects.filter(schedule=schedule, cancelled_at=None, end_at__gt=now)


def _record(override: Override, verb: str, actor: Actor) -> None:
    times = f"from {override.start_at.isoformat()} to {override.end_at.isoformat()}"
    what = f"override of schedule {override.schedule.slug} {verb}"
    record_change(override.schedule, what, [override.mode, times], actor)
