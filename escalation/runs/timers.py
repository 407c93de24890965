"""The kinds of timers that runs set for themselves."""

from datetime import timedelta
from typing import Final

from escalation.runs.models import Run
from incidents.timers.schedule import NewTimer

STEP: Final = "run.step"
CHECK_REACHED: Final = "run.check_reached"
METHOD_FAILED: Final = "run.method_failed"
ACKNOWLEDGEMENT_ENDS: Final = "run.acknowledgement_ends"
SNOOZE_ENDS: Final = "run.snooze_ends"
NEXT_PLEASE: Final = "run.next_please"

# A step that delivered nothing within this of its first attempt counts as unreached.
AT_LATEST_REACHED: Final = timedelta(seconds=60)


def next_step_timer(run: Run) -> NewTimer:
    """Return the timer of the run's next step. Requires run.next_due_at."""
    if run.next_due_at is None:
        raise ValueError(f"run {run.pk} has no next step")
    return NewTimer(
        kind=STEP,
        subject_id=run.pk,
        organisation_id=run.organisation_id,
        incident_id=run.incident_id,
        due_at=run.next_due_at,
        payload={"step": run.step_index, "round": run.round},
    )


def snooze_timer(run: Run) -> NewTimer:
    """Return the timer of the end of the run's snooze. Requires run.snoozed_until."""
    if run.snoozed_until is None:
        raise ValueError(f"run {run.pk} is not snoozed")
    return NewTimer(
        kind=SNOOZE_ENDS,
        subject_id=run.pk,
        organisation_id=run.organisation_id,
        incident_id=run.incident_id,
        due_at=run.snoozed_until,
    )
