"""Carries out what was decided for a batch of runs: one bulk function for each action.

Every function here takes a number of SQL statements that does not grow with the batch,
and touches nothing outside the database: what leaves the house is a row of the outbox.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from escalation.notifications.circuits import tell_runs_of_held_back
from escalation.notifications.outbox import NewNotification, queue_notifications
from escalation.runs import messages
from escalation.runs.actions import (
    Action,
    AskDecision,
    Assign,
    Decision,
    Notify,
    RaiseSeverity,
    Share,
    Skip,
)
from escalation.runs.models import Run
from escalation.runs.situation import Facts
from escalation.runs.timers import check_reached_timer
from escalation.runs.trail import record_decision_asked, system_actor
from incidents.incident.raising import raise_locked
from incidents.incident.shares import share_locked
from incidents.models import Organisation, User
from incidents.timers.schedule import add_timers
from incidents.triage.assigning import assign_locked

A = TypeVar("A", bound=Action)


@dataclass(slots=True)
class Step:
    """One run of the batch while it is decided and written."""

    run: Run
    facts: Facts
    due_at: datetime
    decision: Decision


def change(steps: Sequence[Step], now: datetime) -> None:
    """Change the incidents as decided. They are locked, a recording is open."""
    _share(steps, now)
    _raise_severity(steps)
    _assign(steps)
    _ask(steps)


def _all(steps: Sequence[Step], kind: type[A]) -> Iterator[tuple[Step, A]]:
    for step in steps:
        for action in step.decision.actions:
            if isinstance(action, kind):
                yield step, action


def _why(step: Step, action: Action) -> str:
    label = step.facts.plan.label_at(action.step_index)
    return f"step {label} of {step.run.version.policy.name}"


def _share(steps: Sequence[Step], now: datetime) -> None:
    wanted = list(_all(steps, Share))
    if not wanted:
        return
    slugs = {action.agency for _, action in wanted}
    agencies = {row.slug: row for row in Organisation.objects.filter(slug__in=slugs)}
    share_locked(
        [(s.run.incident, agencies[a.agency], _why(s, a)) for s, a in wanted],
        user=None,
        actors=[system_actor(step.run) for step, _ in wanted],
        now=now,
    )


def _raise_severity(steps: Sequence[Step]) -> None:
    raise_locked(
        [
            (step.run.incident, action.to, _why(step, action), system_actor(step.run))
            for step, action in _all(steps, RaiseSeverity)
        ]
    )


def _assign(steps: Sequence[Step]) -> None:
    wanted = list(_all(steps, Assign))
    if not wanted:
        return
    people = User.objects.in_bulk({action.user_id for _, action in wanted})
    for step, action in wanted:
        step.run.assigned_to = people[action.user_id]
    Run.objects.bulk_update([step.run for step, _ in wanted], ["assigned_to"])
    assign_locked(
        [
            (
                step.run.incident,
                step.run.organisation,
                people[action.user_id],
                system_actor(step.run),
            )
            for step, action in wanted
        ]
    )


def _ask(steps: Sequence[Step]) -> None:
    for step, action in _all(steps, AskDecision):
        record_decision_asked(step.run, regime=action.regime, reason=_why(step, action))


def tell(steps: Sequence[Step], now: datetime) -> None:
    """Queue what people are told, and look later whether it reached them."""
    rows = [row for step in steps for row in messages_of(step)]
    queued = queue_notifications(rows, now=now)
    tell_runs_of_held_back(queued, now=now)
    add_timers(
        check_reached_timer(
            step.run,
            step_index=action.step_index,
            round_number=action.round,
            now=now,
        )
        for step in steps
        for action in step.decision.actions
        if isinstance(action, Notify | Assign)
    )


def messages_of(step: Step) -> Iterator[NewNotification]:
    """Yield the messages that a decision asks for."""
    for action in step.decision.actions:
        if isinstance(action, Notify | Assign):
            yield from messages.pages(step.run, step.facts, step.decision, action)
        if isinstance(action, AskDecision):
            yield from messages.asked(step.run, action)
        if isinstance(action, Skip) and action.is_dead_end:
            yield from messages.unreachable(step.run, step.facts, action)
    if step.decision.state == "exhausted":
        yield from messages.exhausted(step.run, step.facts)
