"""Decides what a run does next. Pure: production, simulator and drills call this.

`decide(run, facts, now)` walks from the run's next step to the next wait, and says in
plain data what to do, why, and when to look again. It touches nothing.

    situation.py     what it looks at            deciding/<kind>.py   what a step does
    actions.py       what it answers             deciding/table.py    which kind is where
"""

from datetime import datetime, timedelta
from typing import Final

from escalation.runs.actions import Decision, State
from escalation.runs.deciding.table import take
from escalation.runs.deciding.walk import Walk
from escalation.runs.situation import Facts, Reason, RunState

# People told by the last step get this long before the path counts as exhausted.
LAST_GRACE: Final = timedelta(minutes=15)
# A repeat always holds a wait, so a walk ends; this bounds a plan that slipped through.
_MAX_WALK: Final = 1_000


def decide(run: RunState, facts: Facts, now: datetime) -> Decision:
    """Return what the run does at `now`. Requires run.due_at <= now."""
    if facts.is_closed:
        return Decision("stopped", Reason.CLOSED, run.step_index, run.round)
    if not facts.is_visible:
        return Decision("stopped", Reason.UNSHARED, run.step_index, run.round)
    if facts.is_acknowledged:
        return Decision("acknowledged", Reason.ACKNOWLEDGED, run.step_index, run.round)
    return _walk(Walk(facts, now, run.due_at, run.step_index, run.round))


def _walk(walk: Walk) -> Decision:
    """Take steps from the next one on, up to and including one that ends the walk."""
    steps, follows = walk.facts.plan.steps, walk.facts.plan.follows
    for _ in range(_MAX_WALK):
        if walk.index >= len(steps):
            break
        following = follows[walk.index]
        taken = take(steps[walk.index], walk)
        if taken.action is not None:
            walk.actions.append(taken.action)
        walk.index = following if taken.to is None else taken.to
        if taken.until is not None:
            return _decision(walk, "active", Reason.DUE, taken.until)
        if taken.ends:
            return _decision(walk, "jumped", Reason.JUMPED)
    if walk.has_told:
        return _decision(walk, "active", Reason.DUE, walk.now + LAST_GRACE)
    return _decision(walk, "exhausted", Reason.ALL_TAKEN)


def _decision(
    walk: Walk, state: State, reason: Reason, next_due_at: datetime | None = None
) -> Decision:
    actions = tuple(walk.actions)
    return Decision(state, reason, walk.index, walk.round, actions, next_due_at)
