"""Ask to be relieved for a while, and answer such a request.

An accepted request is one or two overrides that replace a person: they follow the
person, not a shift, so that a later change of the rotations does not detach them.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from escalation.oncall.editing import record_change
from escalation.oncall.loading import plans_of
from escalation.oncall.models import (
    OverrideMode,
    Schedule,
    SwapRequest,
    SwapState,
)
from escalation.oncall.overrides import OverrideDraft, check_times, write_override
from escalation.oncall.shifts import shifts
from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.models import User


@dataclass(frozen=True, slots=True)
class SwapDraft:
    """What is asked for. With nobody named, whoever may cover can accept."""

    start_at: datetime
    end_at: datetime
    asked_of: User | None = None
    return_start_at: datetime | None = None
    return_end_at: datetime | None = None
    reason: str = ""


def request_swap(
    schedule: Schedule, draft: SwapDraft, *, user: User, actor: Actor, now: datetime
) -> SwapRequest:
    """Ask for it. Raises BadInput, also when the person is not on call then."""
    check_times(draft.start_at, draft.end_at, now=now, prefix="")
    _check_return(draft, user=user, now=now)
    _check_on_call(schedule, user, draft.start_at, draft.end_at, field="start_at")
    if draft.asked_of and draft.return_start_at and draft.return_end_at:
        times = (draft.return_start_at, draft.return_end_at)
        _check_on_call(schedule, draft.asked_of, *times, field="return_start_at")
    with recording(now):
        Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
        _check_other_requests(schedule, draft, user=user)
        swap = SwapRequest.objects.create(
            organisation_id=schedule.organisation_id,
            schedule=schedule,
            asked_by=user,
            asked_of=draft.asked_of,
            start_at=draft.start_at,
            end_at=draft.end_at,
            return_start_at=draft.return_start_at,
            return_end_at=draft.return_end_at,
            reason=draft.reason.strip(),
            asked_at=now,
        )
        _record(swap, "asked for", actor)
    return swap


def accept_swap(
    swap: SwapRequest, *, user: User, actor: Actor, now: datetime
) -> SwapRequest:
    """Take the shift over, and give the one in return. Locks the request.

    Raises NotAllowed for anybody but whom it asks, NotPossible once it is answered
    or over.
    """
    with recording(now):
        swap = _locked(swap)
        _require_open(swap, now)
        if user.pk == swap.asked_by_id:
            raise NotAllowed("You cannot accept your own request; withdraw it.")
        if swap.asked_of_id not in (None, user.pk):
            raise NotAllowed("This request asks somebody else.")
        _replace(swap, swap.start_at, swap.end_at, swap.asked_by, user, now)
        if swap.return_start_at and swap.return_end_at:
            times = (swap.return_start_at, swap.return_end_at)
            _replace(swap, *times, user, swap.asked_by, now)
        _answer(swap, SwapState.ACCEPTED, user, now)
        _record(swap, "accepted", actor)
    return swap


def decline_swap(
    swap: SwapRequest, *, user: User, actor: Actor, now: datetime
) -> SwapRequest:
    """Say no. Raises NotAllowed for anybody but whom it names, NotPossible."""
    with recording(now):
        swap = _locked(swap)
        _require_open(swap, now)
        if swap.asked_of_id != user.pk:
            raise NotAllowed("Only the person who is asked by name can decline.")
        _answer(swap, SwapState.DECLINED, user, now)
        _record(swap, "declined", actor)
    return swap


def withdraw_swap(
    swap: SwapRequest, *, user: User, actor: Actor, now: datetime
) -> SwapRequest:
    """Take the request back. Raises NotAllowed for anybody but its maker, NotPossible."""
    with recording(now):
        swap = _locked(swap)
        _require_open(swap, now)
        if swap.asked_by_id != user.pk:
            raise NotAllowed("Only who asked can withdraw the request.")
        _answer(swap, SwapState.WITHDRAWN, user, now)
        _record(swap, "withdrawn", actor)
    return swap


def _check_return(draft: SwapDraft, *, user: User, now: datetime) -> None:
    if draft.asked_of == user:
        raise BadInput("asked_of", user.email, "Name somebody else.")
    start, end = draft.return_start_at, draft.return_end_at
    if start is None and end is None:
        return
    if start is None or end is None:
        missing = "return_start_at" if start is None else "return_end_at"
        raise BadInput(missing, "", "Give both times of the shift in return, or none.")
    check_times(start, end, now=now, prefix="return_")
    if draft.asked_of is None:
        remedy = "Name the person whose shift you take in return."
        raise BadInput("asked_of", "", remedy)


def _check_on_call(
    schedule: Schedule, user: User, start: datetime, end: datetime, *, field: str
) -> None:
    plan = plans_of([schedule], since=start)[schedule.pk]
    if not any(user.pk in shift.people for shift in shifts(plan, start, end)):
        remedy = f"{user} is not on call then; choose a time of one of their shifts."
        raise BadInput(field, start.isoformat(), remedy)


def _check_other_requests(schedule: Schedule, draft: SwapDraft, *, user: User) -> None:
    """Raise BadInput for a second open request about the same time."""
    same = SwapRequest.objects.filter(
        Q(start_at__lt=draft.end_at, end_at__gt=draft.start_at),
        schedule=schedule,
        asked_by=user,
        state=SwapState.OPEN,
    )
    if same.exists():
        remedy = "You have asked for a part of this time already; withdraw that first."
        raise BadInput("start_at", draft.start_at.isoformat(), remedy)


def _locked(swap: SwapRequest) -> SwapRequest:
    rows = SwapRequest.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("schedule", "asked_by").get(pk=swap.pk)


def _require_open(swap: SwapRequest, now: datetime) -> None:
    if swap.state != SwapState.OPEN:
        message = f"This request is {swap.state} already."
        raise NotPossible(message, state={"state": swap.state})
    if swap.end_at <= now:
        message = "The time of this request is over."
        raise NotPossible(message, state={"end_at": swap.end_at.isoformat()})


def _replace(
    swap: SwapRequest,
    start: datetime,
    end: datetime,
    out: User,
    into: User,
    now: datetime,
) -> None:
    draft = OverrideDraft(
        start_at=start,
        end_at=end,
        people=[into],
        mode=OverrideMode.REPLACE,
        replaces=out,
        reason="swap",
    )
    write_override(swap.schedule, draft, user=into, now=now, swap=swap)


def _answer(swap: SwapRequest, state: str, user: User, now: datetime) -> None:
    swap.state, swap.answered_by, swap.answered_at = state, user, now
    swap.save(update_fields=["state", "answered_by", "answered_at"])


def _record(swap: SwapRequest, verb: str, actor: Actor) -> None:
    times = f"from {swap.start_at.isoformat()} to {swap.end_at.isoformat()}"
    what = f"swap in schedule {swap.schedule.slug} {verb}"
    record_change(swap.schedule, what, [times], actor)
