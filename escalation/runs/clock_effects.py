"""Do what a breached clock asks of a run: send it on to a step, or tell a role.

The run is the newest of the clock's organisation. One that is acknowledged stays so:
somebody has the incident; and one that has no such step, because another policy is at
work by now, goes its own way. The people of the step are told then that something is
overdue, by a message that an acknowledgement does not stop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from escalation.clocks.models import Clock
from escalation.notifications.outbox import queue_notifications
from escalation.policies.diff import same_places
from escalation.policies.steps import parse_policy
from escalation.policies.targets import Target
from escalation.runs import messages
from escalation.runs.acknowledged import enough_acknowledged
from escalation.runs.deciding.going import people_of_step, round_to_go_to
from escalation.runs.directory import Directory
from escalation.runs.engine import advance, loaded
from escalation.runs.facts import Batch
from escalation.runs.models import Run, RunState, StepTaken
from escalation.runs.situation import Reason, Recipient
from escalation.runs.timers import STEP
from escalation.runs.trail import record_not_sent_on, record_start
from escalation.runs.watch import newest_runs
from incidents.models import Timer
from incidents.timers.schedule import cancel_timers

_ENDED = (RunState.STOPPED, RunState.JUMPED)
_CAN_GO = (RunState.ACTIVE, RunState.EXHAUSTED)


@dataclass(frozen=True, slots=True)
class _Breach:
    """One effect of a breached clock, and the run on which it falls."""

    timer: Timer
    clock: Clock
    run: Run

    @property
    def why(self) -> str:
        return str(self.timer.payload["reason"])

    @property
    def key(self) -> str:
        payload = self.timer.payload
        which = payload["step"] or payload["role"]
        return f"clock:{payload['clock']}:{payload['effect']}:{which}"

    def place(self) -> int | None:
        """Return the place of the clock's step in the run's version, if it is there."""
        policy, version = self.clock.version, self.run.version
        place = parse_policy(policy.body).place_of(self.timer.payload["step"])
        if policy.pk == version.pk or place is None:
            return place
        if policy.policy_id != version.policy_id:
            return None
        newer = parse_policy(version.body)
        return same_places(parse_policy(policy.body), newer).get(place)


def carry_out(timers: Sequence[Timer], now: datetime) -> None:
    """Carry out the effects of breached clocks on runs whose incident is open."""
    there = _breaches(timers)
    _tell_roles([b for b in there if b.timer.payload["effect"] == "notify_role"], now)
    steps = [b for b in there if b.timer.payload["effect"] == "go_to"]
    going: dict[int, tuple[_Breach, int]] = {}
    staying: list[tuple[_Breach, str]] = []
    acknowledged = enough_acknowledged([breach.run for breach in steps])
    for breach in steps:
        run, place = breach.run, breach.place()
        if run.state in _ENDED:
            continue
        reason = _why_not(breach, place, going, acknowledged)
        if place is None or reason:
            staying.append((breach, reason))
        else:
            going[run.pk] = breach, place
    _tell_steps(staying, now)
    _go(going, now)


def _breaches(timers: Sequence[Timer]) -> list[_Breach]:
    rows = Clock.objects.filter(pk__in={timer.payload["clock"] for timer in timers})
    clocks = {clock.pk: clock for clock in rows.select_related("version__policy")}
    runs = {
        (run.incident_id, run.organisation_id): run
        for run in loaded(newest_runs(timers).values_list("pk", flat=True))
        if not run.incident.is_closed
    }
    return [
        _Breach(timer, clocks[timer.payload["clock"]], runs[place])
        for timer in timers
        if (place := (timer.incident_id, timer.organisation_id)) in runs
    ]


def _why_not(
    breach: _Breach,
    place: int | None,
    going: Mapping[int, object],
    acknowledged: set[int],
) -> str:
    """Return why a run is not sent on to the step; empty when it is."""
    run = breach.run
    if run.state == RunState.SNOOZED:
        return "the path is snoozed"
    if run.state not in _CAN_GO or run.pk in acknowledged:
        return str(Reason.ACKNOWLEDGED)
    if place is None:
        return "that step is not in the path at work"
    return "another clock sends the path on" if run.pk in going else ""


def _go(going: Mapping[int, tuple[_Breach, int]], now: datetime) -> None:
    """Send runs on to their steps; going back begins another round."""
    if not going:
        return
    cancel_timers(STEP, list(going))
    taken: dict[int, set[tuple[int, int]]] = {pk: set() for pk in going}
    rows = StepTaken.objects.filter(run__in=going)
    for pk, index, number in rows.values_list("run_id", "step_index", "round"):
        taken[pk].add((index, number))
    for pk, (breach, place) in going.items():
        run = breach.run
        run.round = round_to_go_to(place, run.round, taken[pk])
        run.step_index, run.state, run.ended_at = place, RunState.ACTIVE, None
        run.state_reason = breach.why
        label = parse_policy(run.version.body).label_at(place)
        record_start(run, reason=f"sent on to step {label}: {breach.why}")
    runs = [breach.run for breach, _ in going.values()]
    advance(runs, now=now, due=dict.fromkeys(going, now))


def _tell_steps(wanted: Sequence[tuple[_Breach, str]], now: datetime) -> None:
    """Tell the people of a step that something is overdue, without taking it."""
    if not wanted:
        return
    imagined = [_under_the_clocks_version(breach) for breach, _ in wanted]
    batch = Batch.load(imagined, now=now)
    rows = []
    for (breach, reason), run in zip(wanted, imagined, strict=True):
        facts, label = batch.facts_of(run), breach.timer.payload["step"]
        record_not_sent_on(
            breach.run,
            step=label,
            version=breach.clock.version,
            reason=f"{breach.why}; {reason}",
        )
        people, why = people_of_step(facts, label), f"{breach.why}."
        rows += messages.overdue(breach.run, people, key=breach.key, why=why)
    queue_notifications(rows, now=now)


def _under_the_clocks_version(breach: _Breach) -> Run:
    """Return a run like the breach's, to read the step's people; it is never saved."""
    run = breach.run
    return Run(
        pk=run.pk,
        incident=run.incident,
        organisation=run.organisation,
        version=breach.clock.version,
    )


def _tell_roles(wanted: Sequence[_Breach], now: datetime) -> None:
    """Tell everybody with a role, or the desk when none of them can be reached."""
    if not wanted:
        return
    targets = [
        (b.run.organisation_id, Target("role", b.timer.payload["role"])) for b in wanted
    ]
    directory = Directory.load(targets, now=now)
    rows = []
    for breach, (owner, target) in zip(wanted, targets, strict=True):
        run = breach.run
        people: Sequence[Recipient] = directory.recipients(
            target, owner, frozenset({owner}), is_urgent=True, now=now
        ) or directory.desk_of(owner, run.organisation.name)
        rows += messages.overdue(run, people, key=breach.key, why=f"{breach.why}.")
    queue_notifications(rows, now=now)
