"""Go on with a run at once because the person who was reached cannot take it."""

from datetime import datetime

from escalation.notifications.models import Notification
from escalation.policies.steps import parse_policy
from escalation.runs.engine import advance, loaded
from escalation.runs.handlers import drop_steps
from escalation.runs.models import RunState, StepTaken
from escalation.runs.trail import record_unreached
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents


def pass_on(notification: Notification, *, reason: str, now: datetime) -> bool:
    """Take the next step of the run that sent the message; False if it has moved on.

    Locks the incident.
    """
    if notification.run_id is None or notification.incident_id is None:
        return False
    with recording(now):
        lock_incidents([notification.incident_id])
        runs = [run for run in loaded([notification.run_id]) if _waits(run.state)]
        if not runs or not _is_last_step(notification):
            return False
        drop_steps(runs)
        for run in runs:
            plan = parse_policy(run.version.body)
            record_unreached(
                run,
                label=plan.label_at(notification.step_index or 0),
                round_number=notification.round or 0,
                reason=reason,
            )
        advance(runs, now=now, due={run.pk: now for run in runs})
    return True


def _waits(state: str) -> bool:
    return state == RunState.ACTIVE


def _is_last_step(notification: Notification) -> bool:
    """Tell whether the message is of the step that its run took last."""
    taken = StepTaken.objects.filter(run=notification.run_id, outcome="taken")
    # A wait is taken too; it reaches nobody.
    taken = taken.exclude(recipients=[])
    last = taken.order_by("-pk").first()
    place = (notification.step_index, notification.round)
    return last is not None and (last.step_index, last.round) == place
