"""Move runs that are under way to another version of their policy, or another policy.

A run never changes its version: the record of its steps would be read against the wrong
text. It stops as handed over, and a new run goes on from a place of the new version. The
same round goes on. Messages go along, and the new run waits for whom the former did.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final
from uuid import UUID

from escalation.notifications.models import Notification, NotificationStatus
from escalation.policies.diff import same_places
from escalation.policies.models import PolicyVersion, VersionState
from escalation.policies.steps import PolicyPlan, parse_policy
from escalation.runs.acknowledged import enough_acknowledged
from escalation.runs.clocks import start_clocks_of
from escalation.runs.engine import advance, end_runs, loaded, needs_several
from escalation.runs.models import GIVEN, LIVE, Run, RunState
from escalation.runs.taking_along import Way, take_along
from escalation.runs.timers import SNOOZE_ENDS, STEP, next_step_timer, snooze_timer
from escalation.runs.trail import record_start
from escalation.runs.watch import watch_acknowledgements
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents
from incidents.timers.schedule import add_timers, cancel_timers

# So many incidents are locked at a time.
BATCH: Final = 100
# Whoever has, or will get, such a page of a step is not told there a second time.
_TOLD: Final = (
    NotificationStatus.QUEUED,
    NotificationStatus.SENDING,
    NotificationStatus.UNKNOWN,
    NotificationStatus.SENT,
    NotificationStatus.MERGED,
)


@dataclass(frozen=True, slots=True)
class HandOver:
    """Where runs are to go on: a version, the label of its next step, and why.

    Without a step each goes on at the step that it would have taken next.
    """

    version: PolicyVersion
    step: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What became of one run, or would: `is_at_once` says that the step is taken now."""

    run: UUID
    incident: str
    from_policy: str
    from_version: int
    from_step: str
    to_step: str
    is_at_once: bool
    told: int
    new_run: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Move:
    """One run on its way: `index` is its next step in the new version.

    `places` leads from steps of the old version to the same ones of the new.
    """

    run: Run
    index: int
    is_at_once: bool
    places: Mapping[int, int]


def hand_over(
    run_ids: Iterable[int],
    order: HandOver,
    *,
    actor: Actor,
    now: datetime,
    is_dry_run: bool = False,
) -> list[HandedOver]:
    """Hand live runs of the version's organisation over; others are left alone.

    Runs that have that version already stay. Owns its transactions, one for each hundred
    incidents. Raises BadInput for a step that is not there, also where one run's next
    step is gone, and NotPossible for a version that is not approved: then none is moved.
    A run that comes to a step that is gone while others are moved is left alone.
    """
    if order.version.state != VersionState.APPROVED:
        message = f"Version {order.version.number} is {order.version.state}."
        raise NotPossible(message, state={"state": order.version.state})
    plan = parse_policy(order.version.body)
    if order.step and plan.place_of(order.step) is None:
        known = ", ".join(plan.labels)
        raise BadInput("step", order.step, f"Use a step of that version: {known}.")
    wanted = sorted(set(run_ids))
    _check_places(wanted, order, plan)
    done: list[HandedOver] = []
    for ids in _batches(wanted):
        done += _hand_over(ids, order, plan, actor, now, is_dry_run=is_dry_run)
    return done


def _check_places(ids: Sequence[int], order: HandOver, plan: PolicyPlan) -> None:
    """Raise BadInput for a run that has no place, before any is moved."""
    for batch in _batches(ids):
        for run in _movable(batch, order.version):
            if _move(run, order, plan) is None:
                raise _no_place(run, order)


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(ids)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _hand_over(
    ids: Sequence[int],
    order: HandOver,
    plan: PolicyPlan,
    actor: Actor,
    now: datetime,
    *,
    is_dry_run: bool,
) -> list[HandedOver]:
    with recording(now):
        lock_incidents(
            Run.objects.filter(pk__in=ids).values_list("incident", flat=True)
        )
        found = [_move(run, order, plan) for run in _movable(ids, order.version)]
        moves = [move for move in found if move is not None]
        told = _told(moves)
        if is_dry_run:
            return [_said(move, plan, told) for move in moves]
        news = _replace(moves, order, plan, actor, now)
        _go_on(moves, news, told, now)
        return [
            _said(move, plan, told, new=new)
            for move, new in zip(moves, news, strict=True)
        ]


def _movable(ids: Iterable[int], version: PolicyVersion) -> list[Run]:
    return [
        run
        for run in loaded(ids)
        if run.state in LIVE
        and run.organisation_id == version.organisation_id
        and run.version_id != version.pk
        and not run.incident.is_closed
    ]


def _move(run: Run, order: HandOver, plan: PolicyPlan) -> _Move | None:
    """Find the run's place in the new version; None where it has none."""
    # A reassignment is no step of either: it stays one.
    before = parse_policy(run.version.body)
    places = {**same_places(before, plan), GIVEN: GIVEN}
    same = places.get(run.step_index)
    if run.step_index == len(before.steps):
        same = _behind_the_last(before, plan, places)
    index = plan.place_of(order.step) if order.step else same
    if index is None:
        return None
    return _Move(run, index, is_at_once=index != same, places=places)


def _behind_the_last(
    before: PolicyPlan, after: PolicyPlan, places: Mapping[int, int]
) -> int:
    """Return where a run that has taken its last step goes on: at what was added there."""
    last = places.get(before.place_of(str(before.count)) or 0)
    label = "" if last is None else after.label_at(last)
    added = after.place_of(str(int(label) + 1)) if label.isdigit() else None
    return len(after.steps) if added is None else added


def _no_place(run: Run, order: HandOver) -> BadInput:
    label = parse_policy(run.version.body).label_at(run.step_index)
    remedy = (
        f"Step {label} of version {run.version.number}, which a run would take "
        f"next, is not in version {order.version.number}: say where to go on."
    )
    return BadInput("step", order.step, remedy)


def _told(moves: Sequence[_Move]) -> dict[int, set[int]]:
    """Return {former run's id: methods told, in this round, where it goes on}."""
    wanted = {}
    for move in moves:
        if move.run.state != RunState.ACTIVE:
            # It takes that step when it is taken up again, and tells everybody then.
            continue
        back = {new: old for old, new in move.places.items()}
        if move.is_at_once and move.index in back:
            wanted[move.run.pk, back[move.index], move.run.round] = move.run.pk
    rows = Notification.objects.filter(
        run__in=wanted.values(),
        purpose="page",
        status__in=_TOLD,
    )
    told: dict[int, set[int]] = {}
    columns = ("run_id", "step_index", "round", "method_id")
    for run_id, step, round_number, method_id in rows.values_list(*columns):
        if (run_id, step, round_number) in wanted and run_id and method_id:
            told.setdefault(run_id, set()).add(method_id)
    return told


def _replace(
    moves: Sequence[_Move],
    order: HandOver,
    plan: PolicyPlan,
    actor: Actor,
    now: datetime,
) -> list[Run]:
    """Stop the former runs and make those that go on, messages on their way included."""
    formers = [move.run for move in moves]
    for kind in (STEP, SNOOZE_ENDS):
        cancel_timers(kind, [run.pk for run in formers])
    states = [RunState(run.state) for run in formers]
    # Only one run of an organisation is live: the former make room first.
    Run.objects.filter(pk__in=[run.pk for run in formers]).update(
        state=RunState.STOPPED
    )
    news = Run.objects.bulk_create(
        _new_run(move, state, order, plan, actor, now)
        for move, state in zip(moves, states, strict=True)
    )
    take_along(
        Way(move.run.pk, new.pk, move.places)
        for move, new in zip(moves, news, strict=True)
    )
    version = order.version
    where = f"version {version.number} of {version.policy.name} by {actor.name}"
    end_runs(formers, state=RunState.STOPPED, reason=f"handed over to {where}", now=now)
    return news


def _new_run(
    move: _Move,
    state: RunState,
    order: HandOver,
    plan: PolicyPlan,
    actor: Actor,
    now: datetime,
) -> Run:
    run = move.run
    before = parse_policy(run.version.body)
    why = f": {order.reason}" if order.reason else ""
    reason = (
        f"handed over by {actor.name} from version {run.version.number} of "
        f"{run.version.policy.name}, step {before.label_at(run.step_index)}, "
        f"to step {plan.label_at(move.index)}{why}"
    )
    is_active = state == RunState.ACTIVE
    return Run(
        incident=run.incident,
        organisation=run.organisation,
        version=order.version,
        state=state,
        step_index=move.index,
        round=run.round,
        came_from=run.came_from,
        routed_policy_id=run.routed_policy_id,
        needs_several=needs_several(order.version),
        snoozed_until=run.snoozed_until if state == RunState.SNOOZED else None,
        waits_for=[
            (move.places[step], number)
            for step, number in run.waits_for
            if step in move.places
        ],
        assigned_to_id=run.assigned_to_id,
        continues=run,
        reason=reason[:300],
        started_at=now,
        next_due_at=(now if move.is_at_once else run.next_due_at)
        if is_active
        else None,
    )


def _go_on(
    moves: Sequence[_Move],
    news: Sequence[Run],
    told: Mapping[int, set[int]],
    now: datetime,
) -> None:
    """Take the step at once where another was chosen; else keep the instant it is due."""
    for new in news:
        record_start(new, reason=new.reason)
    start_clocks_of(news, now=now)
    active = [new for new in news if new.state == RunState.ACTIVE]
    # What stands may suffice the new version: then it pauses here and now.
    enough = enough_acknowledged(active)
    at_once = {
        new.pk: told.get(move.run.pk, set())
        for move, new in zip(moves, news, strict=True)
        if new in active and (move.is_at_once or new.pk in enough)
    }
    add_timers(
        next_step_timer(new)
        for new in news
        if new.next_due_at and new.pk not in at_once
    )
    add_timers(snooze_timer(new) for new in news if new.state == RunState.SNOOZED)
    advance(loaded(at_once), now=now, due=dict.fromkeys(at_once, now), told=at_once)
    watch_acknowledgements(new.incident_id for new in news)


def _said(
    move: _Move,
    plan: PolicyPlan,
    told: Mapping[int, set[int]],
    *,
    new: Run | None = None,
) -> HandedOver:
    version = move.run.version
    before = parse_policy(version.body)
    return HandedOver(
        run=move.run.uid,
        incident=move.run.incident.ref,
        from_policy=version.policy.slug,
        from_version=version.number,
        from_step=before.label_at(move.run.step_index),
        to_step=plan.label_at(move.index),
        is_at_once=move.is_at_once,
        told=len(told.get(move.run.pk, ())),
        new_run=new.uid if new else None,
    )
