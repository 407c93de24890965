"""Pauses runs for a while: by acknowledgements of several people, and by a snooze."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from escalation.runs.acknowledged import enough_acknowledged
from escalation.runs.engine import end_runs, loaded, resume
from escalation.runs.locking import end_own_acknowledgements, locked_live_run
from escalation.runs.models import Run, RunState
from escalation.runs.situation import Reason
from escalation.runs.timers import SNOOZE_ENDS, STEP, due_instants, snooze_timer
from escalation.runs.trail import record_snooze
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import state_of
from incidents.models import Incident, Organisation, Timer
from incidents.timers.schedule import add_timers, cancel_timers

LONGEST_SNOOZE: Final = timedelta(days=7)
SNOOZE_OVER: Final = "the snooze is over"


def pause_if_enough(incident: Incident, now: datetime) -> None:
    """Pause runs that want several acknowledgements, in the last one's transaction.

    So nothing is paged between it and the run's hearing of it.
    """
    rows = Run.objects.filter(
        incident=incident, state=RunState.ACTIVE, needs_several=True
    )
    runs = loaded(rows.values_list("pk", flat=True))
    enough = enough_acknowledged(runs) if runs else set()
    paused = [run for run in runs if run.pk in enough]
    if paused:
        cancel_timers(STEP, [run.pk for run in paused])
        end_runs(
            paused, state=RunState.ACKNOWLEDGED, reason=Reason.ACKNOWLEDGED, now=now
        )


def snooze(
    incident: Incident,
    *,
    organisation: Organisation,
    until: datetime,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Run:
    """Page nobody of the organisation until an instant; then its run goes on.

    An acknowledgement ends with it: one that comes meanwhile takes over. Raises BadInput,
    and NotPossible without a live run. Locks the incident.
    """
    if not now < until <= now + LONGEST_SNOOZE:
        remedy = f"Choose a time to come, at most {LONGEST_SNOOZE.days} days ahead."
        raise BadInput("until", until, remedy)
    with recording(now):
        run = locked_live_run(incident, organisation)
        cancel_timers(STEP, [run.pk])
        cancel_timers(SNOOZE_ENDS, [run.pk])
        end_own_acknowledgements([run], now=now)
        run.state, run.state_reason = RunState.SNOOZED, reason[:300]
        run.snoozed_until, run.next_due_at = until, None
        run.save(
            update_fields=["state", "state_reason", "snoozed_until", "next_due_at"]
        )
        record_snooze(run, until=until, reason=reason, actor=actor)
        add_timers([snooze_timer(run)])
    return run


def unsnooze(
    incident: Incident, *, organisation: Organisation, actor: Actor, now: datetime
) -> Run:
    """End a snooze at once. Raises NotPossible when there is none. Locks the incident."""
    with recording(now):
        run = locked_live_run(incident, organisation)
        if run.state != RunState.SNOOZED:
            raise NotPossible("It is not snoozed.", state=state_of(run.incident))
        cancel_timers(SNOOZE_ENDS, [run.pk])
        reason = f"{actor.name} ended the snooze"
        resume([run], reason=reason, now=now, due={run.pk: now})
    return run


def wake(timers: Sequence[Timer], now: datetime) -> None:
    """Take runs up again whose snooze is over."""
    runs = loaded(timer.subject_id for timer in timers)
    snoozed = [run for run in runs if run.state == RunState.SNOOZED]
    resume(snoozed, reason=SNOOZE_OVER, now=now, due=due_instants(timers))
