"""Go on with a run at once because the person who was reached cannot take it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from escalation.notifications.models import Notification
from escalation.runs.engine import advance, loaded
from escalation.runs.locking import locked_live_run
from escalation.runs.models import Run, RunState
from escalation.runs.timers import STEP
from escalation.runs.trail import label_of, record_passing_on
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents, state_of
from incidents.models import Incident, Organisation, Timer
from incidents.timers.schedule import cancel_timers

CANNOT = "cannot take it"
# Where nobody was told yet. After one click the step itself is what was told last.
BEFORE = "before "


@dataclass(frozen=True, slots=True)
class Told:
    """Which step of which run told people; what is left out is not compared.

    With it a repeated request passes on one step, not two.
    """

    run: UUID | None = None
    step: str = ""
    round: int | None = None

    def is_still(self, told: "Told") -> bool:
        """Tell whether this is what stands now."""
        return (
            self.run in (None, told.run)
            and self.step in ("", told.step)
            and self.round in (None, told.round)
        )


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
    seen: Told = Told(),
    reason: str,
    actor: Actor,
    now: datetime,
) -> Run:
    """Take the next step of the organisation's run because a person cannot take it.

    Raises NotPossible unless it pages somebody now, and if it has moved on from what the
    person has seen. Locks the incident.
    """
    with recording(now):
        run = locked_live_run(incident, organisation)
        if run.state != RunState.ACTIVE:
            message = f"Nobody is paged for {incident.ref} now."
            raise NotPossible(message, state=state_of(run.incident))
        told = told_by(run)
        if not seen.is_still(told):
            place = told.step.removeprefix(BEFORE)
            message = f"It has moved on: step {place}, round {told.round}."
            raise NotPossible(message, state=state_of(run.incident))
        _go_on({run: (told.step, reason, actor)}, now)
    return run


def told_by(run: Run) -> Told:
    """Return what is passed on now: where people were told last, else before what comes."""
    if run.told_last is None:
        return Told(run.uid, BEFORE + label_of(run, run.step_index), run.round)
    step, number = run.told_last
    return Told(run.uid, label_of(run, step), number)


def _pass_on(said: Sequence[tuple[Notification, str]], now: datetime) -> list[Run]:
    """Go on with active runs that wait for just these messages' steps."""
    runs = {run.pk: run for run in loaded({n.run_id or 0 for n, _ in said})}
    going: dict[Run, tuple[str, str, Actor]] = {}
    for notification, reason in said:
        run = runs.get(notification.run_id or 0)
        if run is None or run.state != RunState.ACTIVE:
            continue
        if run.waits_for_place(notification.step_index, notification.round):
            name = notification.recipient_name or notification.address
            actor = Actor.link(run.organisation, name=name)
            going[run] = (told_by(run).step, reason, actor)
    _go_on(going, now)
    return list(going)


def _go_on(going: dict[Run, tuple[str, str, Actor]], now: datetime) -> None:
    if not going:
        return
    cancel_timers(STEP, [run.pk for run in going])
    for run, (step, reason, actor) in going.items():
        label = step.removeprefix(BEFORE)
        record_passing_on(run, label=label, reason=reason, actor=actor)
        # Nobody answers twice for one step.
        run.waits_for = []
    advance(list(going), now=now, due={run.pk: now for run in going})
