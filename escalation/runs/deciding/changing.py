"""Steps that change the incident: share, raise the severity, assign, ask. Pure."""

from dataclasses import replace

from escalation.policies.step_kinds.assign import AssignStep
from escalation.policies.step_kinds.decision import DECIDERS, DecisionStep
from escalation.policies.step_kinds.notify import NotifyStep
from escalation.policies.step_kinds.raise_severity import RaiseSeverityStep
from escalation.policies.step_kinds.share import ShareStep
from escalation.runs.actions import AskDecision, Assign, RaiseSeverity, Share
from escalation.runs.deciding.notify import take_turns, why_nobody
from escalation.runs.deciding.walk import Taken, Walk
from escalation.runs.situation import Facts, Reason, in_turn, reached_by


def take_share(step: ShareStep, walk: Walk) -> Taken:
    """Share with the agency, unless a rule or a person stands against it.

    The steps behind can tell its desk.
    """
    facts = walk.facts
    refused = _why_not_shared(step, facts)
    if refused:
        return walk.skip(refused)
    walk.facts = replace(
        facts,
        shared_with=facts.shared_with | {step.agency},
        may_share_with=facts.may_share_with - {step.agency},
    )
    return Taken(Share(walk.index, walk.round, step.agency))


def take_raise_severity(step: RaiseSeverityStep, walk: Walk) -> Taken:
    """Raise it; the steps behind see the new severity."""
    facts = walk.facts
    if not facts.is_owner:
        return walk.skip(Reason.NOT_THEIRS_TO_RAISE)
    if facts.severity >= step.to:
        return walk.skip(Reason.AS_SEVERE_ALREADY)
    incident = replace(facts.around.incident, severity=step.to)
    walk.facts = replace(facts, around=replace(facts.around, incident=incident))
    return Taken(RaiseSeverity(walk.index, walk.round, step.to))


def take_assign(step: AssignStep, walk: Walk) -> Taken:
    """Give it to the first person of the target who can be told."""
    asked = NotifyStep((step.target,))
    recipients = in_turn(reached_by(asked, walk.facts, used=walk.turns), 0)
    owner = recipients[0].user_id if recipients else None
    if owner is None:
        walk.has_missed = True
        return walk.skip(why_nobody(asked, walk.facts), is_dead_end=True)
    walk.has_told = True
    turns = take_turns(asked, walk)
    return Taken(Assign(walk.index, walk.round, owner, recipients, turns))


def take_decision(step: DecisionStep, walk: Walk) -> Taken:
    """Ask for the decision; that it is asked for stands also if nobody can be told."""
    recipients = reached_by(NotifyStep((DECIDERS,)), walk.facts)
    walk.has_told |= bool(recipients)
    walk.has_missed |= not recipients
    return Taken(AskDecision(walk.index, walk.round, step.regime, recipients))


def _why_not_shared(step: ShareStep, facts: Facts) -> Reason | None:
    if not facts.is_owner:
        return Reason.NOT_THEIRS
    if step.agency not in facts.agencies:
        return Reason.UNKNOWN_AGENCY
    if step.agency in facts.shared_with:
        return Reason.SHARED_ALREADY
    if step.agency in facts.unshared_from:
        return Reason.TAKEN_BACK
    return None
