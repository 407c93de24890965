"""Let a person stop a clock for a reason, and let it go on."""

from datetime import datetime

from django.db.models import QuerySet

from escalation.clocks.models import LIVE, Clock, ClockPause, ClockState
from escalation.clocks.settle import loaded, save_clocks, settle
from escalation.clocks.sla import due_at, is_paused
from escalation.clocks.terms import pauses_of, terms_of
from escalation.clocks.timers import arm
from escalation.clocks.trail import record_paused, record_resumed
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents
from incidents.models import OrganisationKind
from incidents.organisations.roles import Action

MAX_REASON = 500


def action_for(clock: Clock) -> Action:
    """Return what a person must be allowed to do to pause this clock."""
    is_agency = clock.organisation.kind == OrganisationKind.AGENCY
    return Action.TRIAGE if is_agency else Action.MANAGE


def pause_clock(clock: Clock, *, reason: str, actor: Actor, now: datetime) -> Clock:
    """Stop a running clock until it is resumed. Locks the incident.

    Raises BadInput without a reason, NotPossible when it does not run.
    """
    reason = _checked(reason)
    with recording(now):
        clock = _fresh(clock, now)
        if clock.state not in LIVE or _by_hand(clock).exists():
            raise NotPossible(_already(clock), state=state_of(clock))
        pause = ClockPause.objects.create(
            clock=clock,
            organisation_id=clock.organisation_id,
            reason=reason,
            from_at=now,
        )
        clock.state = ClockState.PAUSED
        _write(clock)
        record_paused(clock, pause, actor=actor)
    return clock


def resume_clock(clock: Clock, *, reason: str, actor: Actor, now: datetime) -> Clock:
    """Let a clock that a person paused go on. Locks the incident.

    While a question of its organisation is open it still stands. Raises BadInput without
    a reason, NotPossible when nobody paused it or it does not stand any more.
    """
    reason = _checked(reason)
    with recording(now):
        clock = _fresh(clock, now)
        if clock.state not in LIVE:
            raise NotPossible(_already(clock), state=state_of(clock))
        if not _by_hand(clock).update(to_at=now):
            message = "Nobody has paused this clock."
            raise NotPossible(message, state=state_of(clock))
        terms = terms_of(clock, pauses_of([clock]).get(clock.pk, ()))
        stands = is_paused(terms, now)
        clock.state = ClockState.PAUSED if stands else ClockState.RUNNING
        _write(clock)
        record_resumed(clock, reason=reason, actor=actor)
    return clock


def state_of(clock: Clock) -> dict[str, str | None]:
    """Return what an error that says "not possible" carries."""
    due = clock.due_at.isoformat() if clock.due_at else None
    return {"what": clock.what, "state": clock.state, "due_at": due}


def _fresh(clock: Clock, now: datetime) -> Clock:
    """Lock the incident and bring the clock to what is true now."""
    lock_incidents([clock.incident_id])
    fresh = loaded([clock.pk])
    settle(fresh, now=now)
    if fresh:
        return fresh[0]
    return Clock.objects.select_related("incident", "organisation").get(pk=clock.pk)


def _already(clock: Clock) -> str:
    return f"This clock is {clock.get_state_display().lower()} already."


def _by_hand(clock: Clock) -> QuerySet[ClockPause]:
    return ClockPause.objects.filter(clock=clock, question=None, to_at=None)


def _write(clock: Clock) -> None:
    terms = terms_of(clock, pauses_of([clock]).get(clock.pk, ()))
    clock.due_at = due_at(terms)
    save_clocks([clock])
    arm([(clock, terms)], are_new=False)


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_REASON:
        raise BadInput("reason", reason, f"Write why, in at most {MAX_REASON} signs.")
    return reason
