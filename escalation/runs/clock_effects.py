"""Do what a breached clock asks of a run: send it on to a step, or tell a role.

A run that is acknowledged stays so: somebody has the incident. The people of the step are
told then that something is overdue, by a message that an acknowledgement does not stop.
"""

from collections.abc import Sequence
from datetime import datetime

from escalation.notifications.outbox import queue_notifications
from escalation.policies.steps import NotifyStep, parse_policy
from escalation.policies.targets import Target
from escalation.runs import messages
from escalation.runs.directory import Directory
from escalation.runs.engine import advance, loaded
from escalation.runs.facts import Batch
from escalation.runs.models import Run, RunState, StepTaken
from escalation.runs.situation import Recipient, reached_by
from escalation.runs.timers import STEP
from escalation.runs.trail import record_start
from incidents.models import Timer
from incidents.timers.schedule import cancel_timers

_CAN_GO = (RunState.ACTIVE, RunState.EXHAUSTED)
_QUIET = (RunState.ACKNOWLEDGED, RunState.SNOOZED)


def carry_out(timers: Sequence[Timer], now: datetime) -> None:
    """Carry out the effects of breached clocks on runs whose incident is open."""
    ids = {timer.subject_id for timer in timers}
    runs = {run.pk: run for run in loaded(ids) if not run.incident.is_closed}
    there = [
        (timer, runs[timer.subject_id]) for timer in timers if timer.subject_id in runs
    ]
    told = [(t, run) for t, run in there if t.payload["effect"] == "notify_role"]
    sent = [(t, run) for t, run in there if t.payload["effect"] == "go_to"]
    _tell_roles(told, now)
    _tell_steps([(t, r) for t, r in sent if r.state in _QUIET], now)
    _go([(t, run) for t, run in sent if run.state in _CAN_GO], now)


def _go(wanted: Sequence[tuple[Timer, Run]], now: datetime) -> None:
    """Send runs on to their steps; going back begins another round."""
    going: dict[int, tuple[Timer, int]] = {}
    runs: dict[int, Run] = {}
    for timer, run in wanted:
        place = parse_policy(run.version.body).place_of(timer.payload["step"])
        if place is not None:
            going[run.pk], runs[run.pk] = (timer, place), run
    if not runs:
        return
    cancel_timers(STEP, list(runs))
    rows = StepTaken.objects.filter(run__in=runs.values())
    taken = set(rows.values_list("run_id", "step_index", "round"))
    for pk, (timer, place) in going.items():
        run = runs[pk]
        # Also for what was taken behind it: a step pages once in a round.
        if any(
            (run_id, turn) == (pk, run.round) and at >= place
            for run_id, at, turn in taken
        ):
            run.round += 1
        run.step_index, run.state, run.ended_at = place, RunState.ACTIVE, None
        run.state_reason = timer.payload["reason"]
        label = timer.payload["step"]
        record_start(run, reason=f"sent on to step {label}: {timer.payload['reason']}")
    advance(list(runs.values()), now=now, due=dict.fromkeys(runs, now))


def _tell_steps(wanted: Sequence[tuple[Timer, Run]], now: datetime) -> None:
    """Tell the people of a step that something is overdue, without taking it."""
    if not wanted:
        return
    batch = Batch.load([run for _, run in wanted], now=now, lock_turns=False)
    rows = []
    for timer, run in wanted:
        facts = batch.facts_of(run)
        place = facts.plan.place_of(timer.payload["step"])
        step = None if place is None else facts.plan.steps[place]
        if isinstance(step, NotifyStep):
            people = reached_by(step, facts) or facts.desk
            rows += messages.overdue(run, people, key=_key(timer), why=_why(timer))
    queue_notifications(rows, now=now)


def _tell_roles(wanted: Sequence[tuple[Timer, Run]], now: datetime) -> None:
    """Tell everybody with a role, or the desk when none of them can be reached."""
    if not wanted:
        return
    targets = [
        (r.organisation_id, Target("role", t.payload["role"])) for t, r in wanted
    ]
    directory = Directory.load(targets, now=now)
    rows = []
    for (timer, run), (owner, target) in zip(wanted, targets, strict=True):
        people: Sequence[Recipient] = directory.recipients(
            target, owner, frozenset({owner}), is_urgent=True, now=now
        ) or directory.desk_of(owner, run.organisation.name)
        rows += messages.overdue(run, people, key=_key(timer), why=_why(timer))
    queue_notifications(rows, now=now)


def _key(timer: Timer) -> str:
    payload = timer.payload
    which = payload["step"] or payload["role"]
    return f"clock:{payload['clock']}:{payload['effect']}:{which}"


def _why(timer: Timer) -> str:
    return f"{timer.payload['reason']}."
