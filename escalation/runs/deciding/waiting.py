"""Give people time to acknowledge, or hold the path until hours begin. Pure."""

from datetime import timedelta
from typing import Final

from escalation.policies.step_kinds.wait import WaitStep
from escalation.policies.step_kinds.wait_until import WaitUntilStep
from escalation.runs.actions import Wait
from escalation.runs.deciding.walk import Taken, Walk
from escalation.runs.situation import Reason

# A tick later than this counts a wait for a human from when the step really ran, so
# that after an outage nobody's ladder empties at once.
LATE_AFTER: Final = timedelta(seconds=30)


def take_wait(step: WaitStep, walk: Walk) -> Taken:
    """End the walk until the wait is over; nobody is waited for whom nobody reached."""
    if walk.is_dead_end:
        # The next wait stands behind other people.
        walk.has_missed = False
        return walk.skip(Reason.WAIT_FOR_NOBODY)
    delay = timedelta(seconds=step.delay_seconds)
    if walk.now - walk.due_at <= LATE_AFTER:
        return Taken(Wait(walk.index, walk.round, "due"), until=walk.due_at + delay)
    return Taken(Wait(walk.index, walk.round, "ran"), until=walk.now + delay)


def take_wait_until(step: WaitUntilStep, walk: Walk) -> Taken:
    """End the walk until the calendar opens; within its hours go on at once."""
    openings = walk.facts.around.openings
    if step.calendar not in openings:
        return walk.skip(Reason.NO_CALENDAR, is_dead_end=True)
    opens_at = openings[step.calendar]
    if opens_at is None:
        return walk.skip(Reason.NEVER_OPEN, is_dead_end=True)
    if opens_at <= walk.now:
        return walk.skip(Reason.OPEN_ALREADY)
    return Taken(Wait(walk.index, walk.round, "opening"), until=opens_at)
