"""Go on with a run at once because the person who was reached cannot take it."""

from collections.abc import Sequence
from datetime import datetime

from escalation.notifications.models import Notification
from escalation.runs.engine import advance, loaded
from escalation.runs.locking import locked_live_run
from escalation.runs.models import Place, Run, RunState
from escalation.runs.timers import STEP
from escalation.runs.trail import label_of, record_passing_on
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents, state_of
from incidents.models import Incident, Organisation, Timer
from incidents.timers.schedule import cancel_timers

CANNOT = "cannot take it"


def pass_on(notification: Notification, *, reason: str, now: datetime) -> bool:
    """Take the next step of the run that sent the message; False if it has moved on.

    Locks the incident.
    """
    if notification.run_id is None or notification.incident_id is None:
        return False
    with recording(now):
        lock_incidents([notification.incident_id])
        # Anew: a hand-over may have moved it to another run before the lock.
        row = Notification.objects.get(pk=notification.pk)
        return bool(_pass_on([(row, reason)], now))


def pass_on_by_link(timers: Sequence[Timer], now: datetime) -> None:
    """Take the next steps because of links that say "I cannot"."""
    uids = [timer.payload["notification"] for timer in timers]
    said = [
        (row, f"{row.recipient_name or row.address} {CANNOT}")
        for row in Notification.objects.filter(uid__in=uids)
    ]
    _pass_on(said, now)


def pass_on_by_hand(
    incident: Incident,
    *,
    organisation: Organisation,
    reason: str,
    actor: Actor,
    now: datetime,
) -> Run:
    """Take the next step of the organisation's run because a person cannot take it.

    Raises NotPossible unless it pages somebody now. Locks the incident.
    """
    with recording(now):
        run = locked_live_run(incident, organisation)
        if run.state != RunState.ACTIVE:
            message = f"Nobody is paged for {incident.ref} now."
            raise NotPossible(message, state=state_of(run.incident))
        step, _ = passed_on_now(run)
        _go_on({run: (label_of(run, step), reason, actor)}, now)
    return run


def _pass_on(said: Sequence[tuple[Notification, str]], now: datetime) -> list[Run]:
    """Go on with active runs that wait for just these messages' steps."""
    runs = {run.pk: run for run in loaded({n.run_id or 0 for n, _ in said})}
    going: dict[Run, tuple[str, str, Actor]] = {}
    for notification, reason in said:
        run = runs.get(notification.run_id or 0)
        if run is None or run.state != RunState.ACTIVE:
            continue
        step, place = (
            notification.step_index,
            (notification.step_index, notification.round),
        )
        if step is not None and run.told_last == place:
            name = notification.recipient_name or notification.address
            actor = Actor.link(run.organisation, name=name)
            going[run] = (label_of(run, step), reason, actor)
    _go_on(going, now)
    return list(going)


def _go_on(going: dict[Run, tuple[str, str, Actor]], now: datetime) -> None:
    if not going:
        return
    cancel_timers(STEP, [run.pk for run in going])
    for run, (label, reason, actor) in going.items():
        record_passing_on(run, label=label, reason=reason, actor=actor)
        # Nobody answers twice for one step.
        run.waits_for = []
    advance(list(going), now=now, due={run.pk: now for run in going})


def passed_on_now(run: Run) -> Place:
    """Return what is passed on: where people were told last, else what comes next."""
    return run.told_last or (run.step_index, run.round)
