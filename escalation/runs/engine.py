"""Carries runs along their policies: loads a batch, asks `decide`, writes in bulk.

Every function here requires an open `recording` and the incidents to be locked, and
takes a number of SQL statements that does not grow with the batch.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db import connection

from escalation.notifications.outbox import end_delays
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.steps import parse_policy
from escalation.policies.versions import versions_in_force
from escalation.runs import effects
from escalation.runs.actions import Assign, Decision, Jump, Notify
from escalation.runs.clocks import start_clocks_of
from escalation.runs.decide import decide
from escalation.runs.effects import Step
from escalation.runs.facts import Batch
from escalation.runs.models import LIVE, Place, Run, StepTaken
from escalation.runs.models import RunState as State
from escalation.runs.situation import RunState
from escalation.runs.timers import STEP, next_step_timer
from escalation.runs.told import without_told
from escalation.runs.trail import record_end, record_start, record_steps
from escalation.runs.watch import end_acknowledgements, watch_acknowledgements
from incidents.errors import NotPossible
from incidents.events.actor import Actor
from incidents.events.record import recording
from incidents.incident.lifecycle import lock_incidents, state_of
from incidents.ledger.rows import insert_rows
from incidents.models import Incident, Organisation
from incidents.timers.schedule import add_timers, cancel_timers


@dataclass(frozen=True, slots=True)
class NewRun:
    """A policy version to be put to work on a locked incident, and why.

    `came_from` are the policies whose jumps led here, `routed_policy_id` is the one that
    the route meant, `due_at` is when it was to start if that is not now.
    """

    incident: Incident
    organisation: Organisation
    version: PolicyVersion
    reason: str
    came_from: tuple[int, ...] = ()
    routed_policy_id: int | None = None
    due_at: datetime | None = None


def start_runs(news: Sequence[NewRun], *, now: datetime) -> list[Run]:
    """Start runs and take their first steps at once."""
    runs = Run.objects.bulk_create(
        Run(
            incident=new.incident,
            organisation=new.organisation,
            version=new.version,
            came_from=list(new.came_from),
            routed_policy_id=new.routed_policy_id,
            needs_several=needs_several(new.version),
            reason=new.reason[:300],
            started_at=now,
            next_due_at=now,
        )
        for new in news
    )
    for run in runs:
        record_start(run, reason=run.reason)
    start_clocks_of(runs, now=now)
    due = {run.pk: new.due_at or now for run, new in zip(runs, news, strict=True)}
    advance(runs, now=now, due=due)
    return runs


def needs_several(version: PolicyVersion) -> bool:
    """Tell whether one acknowledgement alone does not pause a run of this version."""
    rule = parse_policy(version.body).acknowledgement
    return rule.mode != "one"


def escalate(
    incident: Incident,
    *,
    organisation: Organisation,
    policy: Policy | None,
    actor: Actor,
    now: datetime,
) -> Run:
    """Put a policy, by default that of the default route, to work because a person asks.

    It replaces the organisation's run and overrides its acknowledgement: whoever asks
    wants others to be paged. Owns its transaction. Raises NotPossible when closed.
    """
    version = _version_in_force(organisation, policy)
    with recording(now):
        incident = lock_incidents([incident.pk])[incident.pk]
        if version is None:
            message = (
                f"{policy or 'The default route'} has no approved policy to start."
            )
            raise NotPossible(message, state=state_of(incident))
        if incident.is_closed:
            message = f"{incident.ref} is {incident.status}; nobody is paged for it."
            raise NotPossible(message, state=state_of(incident))
        rows = incident.runs.filter(organisation=organisation)
        newest = rows.order_by("pk").last()
        former = loaded(rows.filter(state__in=LIVE).values_list("pk", flat=True))
        reason = f"escalated by {actor.name}"
        cancel_timers(STEP, [run.pk for run in former])
        end_runs(former, state=State.STOPPED, reason=f"superseded: {reason}", now=now)
        own = incident.acknowledgements.filter(organisation=organisation, ended_at=None)
        end_acknowledgements(own, now=now)
        new = NewRun(
            incident,
            organisation,
            version,
            reason,
            routed_policy_id=newest.routed_policy_id if newest else None,
        )
        return start_runs([new], now=now)[0]


def _version_in_force(
    organisation: Organisation, policy: Policy | None
) -> PolicyVersion | None:
    rows = PolicyVersion.objects.approved().filter(organisation=organisation)
    if policy is None:
        rows = rows.filter(policy__routes__is_default=True)
    else:
        rows = rows.filter(policy=policy)
    return rows.select_related("policy").last()


def advance(
    runs: Sequence[Run],
    *,
    now: datetime,
    due: Mapping[int, datetime],
    told: Mapping[int, Collection[int]] = MappingProxyType({}),
) -> None:
    """Let active runs do what is due; `due` gives each run's due instant.

    `told` are contact methods that the next step of a run leaves out, by run id: it told
    them before it was handed over. Requires `incident.organisation`, `organisation` and
    `version.policy` loaded.
    """
    if not runs:
        return
    batch = Batch.load(runs, now=now)
    steps = []
    for run in runs:
        step = _decide(run, batch, due[run.pk], told.get(run.pk, ()))
        if step.decision.turns and batch.hold_turns():
            step = _decide(run, batch, due[run.pk], told.get(run.pk, ()))
        batch.note_turns(run, step.decision)
        steps.append(step)
    batch.save_turns()
    effects.change(steps, now)
    _note_steps(steps, now)
    effects.tell(steps, now)
    _move(steps, now)
    _jump(steps, now)


def _decide(run: Run, batch: Batch, due_at: datetime, told: Collection[int]) -> Step:
    state, facts = RunState(run.step_index, run.round, due_at), batch.facts_of(run)
    decision = decide(state, facts, batch.now)
    if told:
        decision = without_told(decision, state, told)
    return Step(run, facts, due_at, decision)


def resume(
    runs: Sequence[Run], *, reason: str, now: datetime, due: Mapping[int, datetime]
) -> None:
    """Put runs to work where they stand; `due` is when each was to go on, by run id."""
    if not runs:
        return
    cancel_timers(STEP, [run.pk for run in runs])
    for run in runs:
        run.state, run.state_reason = State.ACTIVE, reason[:300]
        run.snoozed_until = run.ended_at = None
        record_start(run, reason=f"taken up again: {reason}")
    advance(runs, now=now, due=due)


def end_runs(runs: Sequence[Run], *, state: State, reason: str, now: datetime) -> None:
    """Stop runs, or pause them for an acknowledgement, and drop their next step."""
    for run in runs:
        run.state, run.state_reason = state, reason[:300]
        run.next_due_at = run.snoozed_until = None
        run.ended_at = None if state in LIVE else now
        record_end(run)
    _save(runs)
    end_delays([run.pk for run in runs], now=now)


def loaded(ids: Iterable[int]) -> list[Run]:
    """Return runs with what `advance` needs, oldest first."""
    # Many runs share versions and organisations: each is read and built once.
    shared = ("incident__organisation", "organisation", "version__policy")
    rows = Run.objects.filter(pk__in=set(ids)).select_related("incident")
    return list(rows.defer("incident__search").prefetch_related(*shared).order_by("pk"))


def _note_steps(steps: Sequence[Step], now: datetime) -> None:
    rows: list[dict[str, Any]] = []
    for step in steps:
        rows += record_steps(
            step.run, step.facts, step.decision, due_at=step.due_at, now=now
        )
    # A path taken up again after an acknowledgement may pass a step twice; the first
    # passing stands.
    insert_rows(StepTaken, rows, ignore_conflicts=True)


def _move(steps: Sequence[Step], now: datetime) -> None:
    """Write where each run now stands, and the timer of its next step."""
    ended = []
    for step in steps:
        run, decision = step.run, step.decision
        run.step_index, run.round = decision.step_index, decision.round
        run.next_due_at = decision.next_due_at
        run.waits_for = _told_in(decision) or run.waits_for
        if decision.state != "active":
            run.state, run.state_reason = State(decision.state), decision.reason
            run.ended_at = None if run.state == State.ACKNOWLEDGED else now
            ended.append(run)
    for run in ended:
        record_end(run)
    _save([step.run for step in steps])
    add_timers(next_step_timer(step.run) for step in steps if step.run.next_due_at)
    paused = [run for run in ended if run.state == State.ACKNOWLEDGED]
    watch_acknowledgements(run.incident_id for run in paused)
    # A path that goes on with another policy, or is at its end, leaves pages their time.
    silent = [run for run in ended if run.state in (State.ACKNOWLEDGED, State.STOPPED)]
    end_delays([run.pk for run in silent], now=now)


def _told_in(decision: Decision) -> list[Place]:
    return [
        (action.step_index, action.round)
        for action in decision.actions
        if isinstance(action, Notify | Assign)
    ]


def _jump(steps: Sequence[Step], now: datetime) -> None:
    """Start the policies that ended runs go on with."""
    jumps = [
        (step.run, action)
        for step in steps
        for action in step.decision.actions
        if isinstance(action, Jump)
    ]
    if not jumps:
        return
    policies = Policy.objects.filter(
        organisation__in={run.organisation_id for run, _ in jumps},
        slug__in={action.policy for _, action in jumps},
        archived_at=None,
    )
    found = {(policy.organisation_id, policy.slug): policy.pk for policy in policies}
    versions = versions_in_force(found.values())
    start_runs(
        [
            NewRun(
                run.incident,
                run.organisation,
                versions[found[run.organisation_id, action.policy]],
                f"jumped from {run.version.policy.name}",
                came_from=(*run.came_from, run.version.policy_id),
                routed_policy_id=run.routed_policy_id,
            )
            for run, action in jumps
        ],
        now=now,
    )


_SAVE = """
UPDATE tocsin_run AS r
SET state = v.state, state_reason = v.state_reason, step_index = v.step_index,
    round = v.round, next_due_at = v.next_due_at, snoozed_until = v.snoozed_until,
    ended_at = v.ended_at, waits_for = v.waits_for
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::smallint[], %s::smallint[],
            %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::jsonb[])
     AS v (id, state, state_reason, step_index, round, next_due_at, snoozed_until,
           ended_at, waits_for)
WHERE r.id = v.id
"""


def _save(runs: Sequence[Run]) -> None:
    if not runs:
        return
    rows = [
        (
            r.pk,
            str(r.state),
            str(r.state_reason),
            r.step_index,
            r.round,
            r.next_due_at,
            r.snoozed_until,
            r.ended_at,
            json.dumps(r.waits_for),
        )
        for r in runs
    ]
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, [list(column) for column in zip(*rows, strict=True)])
