"""Writes what a run did, and why, to the record and to its own table of steps."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from escalation.policies.models import PolicyVersion
from escalation.policies.sentences import describe_step
from escalation.policies.steps import parse_policy
from escalation.runs.actions import (
    Action,
    AskDecision,
    Assign,
    Branch,
    Decision,
    Notify,
    Share,
    Skip,
    Wait,
)
from escalation.runs.facts import names_of
from escalation.runs.holds import describe_holds
from escalation.runs.models import GIVEN, Run, RunState
from escalation.runs.situation import Facts, Reason
from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.ledger.canonical import format_at
from incidents.models import Team, User

_END_KINDS = {
    RunState.ACKNOWLEDGED: "run.acknowledged",
    RunState.EXHAUSTED: "run.exhausted",
    RunState.JUMPED: "run.stopped",
    RunState.STOPPED: "run.stopped",
}


def system_actor(run: Run) -> Actor:
    """Return Tocsin, acting for the run's organisation."""
    return Actor.system(run.organisation)


def label_of(run: Run, step_index: int) -> str:
    """Return how a place is called in the record."""
    if step_index == GIVEN:
        return "reassignment"
    return parse_policy(run.version.body).label_at(step_index)


def record_start(run: Run, *, reason: str) -> None:
    """Record that a policy was put to work, or taken up again, and why."""
    body = {
        "policy": run.version.policy.name,
        "version": run.version.number,
        "reason": reason,
        "run": str(run.uid),
    }
    _record("run.started", run, body)


def record_end(run: Run) -> None:
    """Record that a run paused, was exhausted or stopped. Its state is set already."""
    body: dict[str, Any] = {"reason": str(run.state_reason), "run": str(run.uid)}
    if run.state == RunState.EXHAUSTED:
        body["policy"] = run.version.policy.name
    _record(_END_KINDS[RunState(run.state)], run, body)


def record_acknowledgement_ended(run: Run, *, reason: str) -> None:
    """Record that what somebody acknowledged holds a run no more that was not paused."""
    _record("run.acknowledgement_ended", run, {"reason": reason, "run": str(run.uid)})


def record_snooze(run: Run, *, until: datetime, reason: str, actor: Actor) -> None:
    """Record that a run is put off, until when, by whom and why."""
    body = {"until": format_at(until), "reason": reason, "run": str(run.uid)}
    _record("run.snoozed", run, body, actor=actor)


def record_passing_on(run: Run, *, label: str, reason: str, actor: Actor) -> None:
    """Record that somebody cannot take it, so that the run goes on."""
    body = {"step": label, "reason": reason, "run": str(run.uid)}
    _record("run.passed_on", run, body, actor=actor)


def record_not_sent_on(
    run: Run, *, step: str, version: PolicyVersion, reason: str
) -> None:
    """Record that a clock's step is not taken, so that its people are only told."""
    body = {
        "step": step,
        "policy": version.policy.name,
        "version": version.number,
        "reason": reason,
        "run": str(run.uid),
    }
    _record("run.not_sent_on", run, body)


def record_reassignment(
    run: Run, *, to: User | Team, reason: str, actor: Actor
) -> None:
    """Record that somebody gave the incident to a person or team of the organisation."""
    body = {"to": str(to), "reason": reason, "run": str(run.uid)}
    # A person's name is theirs to have erased; a team's is nobody's.
    subjects = {"to": to.uid} if isinstance(to, User) else {}
    _record("run.reassigned", run, body, actor=actor, subjects=subjects)


def record_steps(
    run: Run, facts: Facts, decision: Decision, *, due_at: datetime, now: datetime
) -> Iterable[dict[str, Any]]:
    """Record each step of a decision and return its row, to be written in bulk."""
    for action in decision.actions:
        yield _record_step(run, facts, action, due_at=due_at, now=now)


def _record_step(
    run: Run, facts: Facts, action: Action, *, due_at: datetime, now: datetime
) -> dict[str, Any]:
    is_skipped, reason = isinstance(action, Skip), _reason(action, now)
    recipients = (
        names_of(action.recipients)
        if isinstance(action, Notify | Assign | AskDecision)
        else []
    )
    body: dict[str, Any] = {
        "step": facts.plan.label_at(action.step_index),
        "round": action.round,
        "what": describe_step(facts.plan.steps[action.step_index]),
        "reason": str(reason),
        "due_at": format_at(due_at),
        "ran_at": format_at(now),
        "late_ms": max(0, int((now - due_at).total_seconds() * 1000)),
        "run": str(run.uid),
    }
    if isinstance(action, Wait):
        body["wait_from"] = action.from_instant
    if isinstance(action, Share):
        body["agency"] = action.agency
    if recipients:
        body["recipients"] = recipients
    _record("run.step_skipped" if is_skipped else "run.step_taken", run, body)
    return {
        "run_id": run.pk,
        "organisation_id": run.organisation_id,
        "step_index": action.step_index,
        "round": action.round,
        "outcome": "skipped" if is_skipped else "taken",
        "reason": str(reason),
        "due_at": due_at,
        "ran_at": now,
        "recipients": recipients,
    }


def _reason(action: Action, now: datetime) -> str:
    """Return why, or what the rules of those who are told make of the step."""
    if isinstance(action, Notify):
        return describe_holds(action.recipients, now=now) or action.reason
    if isinstance(action, Skip):
        return action.reason
    return Reason.CONDITION_TRUE if isinstance(action, Branch) else Reason.DUE


def record_decision_asked(run: Run, *, regime: str, reason: str) -> None:
    """Record that a decision under a regime is asked for."""
    body = {"regime": regime, "reason": reason, "run": str(run.uid)}
    _record("decision.asked", run, body)


def record_unreached(run: Run, *, label: str, round_number: int, reason: str) -> None:
    """Record that a step was taken but reached nobody, so that the run goes on."""
    body = {
        "step": label,
        "round": round_number,
        "reason": reason,
        "run": str(run.uid),
    }
    _record("run.step_skipped", run, body)


def _record(
    kind: str,
    run: Run,
    body: dict[str, Any],
    *,
    actor: Actor | None = None,
    subjects: Mapping[str, UUID] | None = None,
) -> None:
    record(
        kind,
        incident=run.incident,
        organisation_id=run.organisation_id,
        actor=actor or system_actor(run),
        body=body,
        subjects=subjects,
    )
