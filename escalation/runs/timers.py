"""The kinds of timers that runs set for themselves."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from escalation.runs.models import Run
from escalation.runs.situation import AT_LATEST_REACHED
from incidents.models import Timer
from incidents.timers.schedule import NewTimer

STEP: Final = "run.step"
CHECK_REACHED: Final = "run.check_reached"
ACKNOWLEDGEMENT_ENDS: Final = "run.acknowledgement_ends"
ACKNOWLEDGEMENT_GONE: Final = "run.acknowledgement_gone"
SNOOZE_ENDS: Final = "run.snooze_ends"


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


def check_reached_timer(
    run: Run, *, step_index: int, round_number: int, now: datetime
) -> NewTimer:
    """Return the timer that looks whether pages of this instant reached anybody."""
    return NewTimer(
        kind=CHECK_REACHED,
        subject_id=run.pk,
        organisation_id=run.organisation_id,
        incident_id=run.incident_id,
        due_at=now + AT_LATEST_REACHED,
        payload={"step": step_index, "round": round_number},
    )


def acknowledgement_gone_timer(run: Run, *, now: datetime) -> NewTimer:
    """Return the timer that looks whether a paused run still may stand."""
    return NewTimer(
        kind=ACKNOWLEDGEMENT_GONE,
        subject_id=run.pk,
        organisation_id=run.organisation_id,
        incident_id=run.incident_id,
        due_at=now,
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


def due_instants(timers: Iterable[Timer]) -> dict[int, datetime]:
    """Return {subject's id: when its timer was due}, also where it was pushed back."""
    return {timer.subject_id: timer.original_due_at or timer.due_at for timer in timers}
