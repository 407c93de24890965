"""What `decide` looks at: where a run stands, and what is true at that instant. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from escalation.policies.acknowledgement import Standing
from escalation.policies.conditions import Circumstances
from escalation.policies.step_kinds.notify import NotifyStep
from escalation.policies.steps import PolicyPlan
from escalation.policies.targets import Target

# A page is urgent from this severity on, unless its step says otherwise.
URGENT_FROM: Final = 4
# A step that delivered nothing within this of its first attempt counts as unreached.
AT_LATEST_REACHED: Final = timedelta(seconds=60)


class Reason(StrEnum):
    """Why a run did what it did; stored, and shown to people."""

    DUE = "its time had come"
    ALL_TAKEN = "the last step is taken and nobody has acknowledged"
    ACKNOWLEDGED = "somebody has acknowledged"
    CLOSED = "the incident is closed"
    UNSHARED = "the incident is no longer shared with this organisation"
    JUMPED = "the path goes on with another policy"
    # Nobody to tell:
    NOBODY = "nobody there has a verified contact method"
    NOBODY_ON_CALL = "nobody is on call"
    NO_SCHEDULE = "there is no such schedule"
    NO_PERSON = "that person is no longer there"
    NO_MEMBERS = "there is nobody in that team"
    NO_ROLE = "nobody has that role"
    NO_DESK = "that organisation does not see the incident or has no verified address"
    NO_WEBHOOK = "there is no such webhook, or it was removed"
    ACKNOWLEDGED_THERE = "everybody there has acknowledged already"
    TOLD_BEFORE = "everybody there was told before the run was handed over"
    QUIET = "everybody there has quiet hours now, so it comes later"
    # Nothing to do:
    NOT_THEIRS = "only the owner of an incident can share it"
    SHARED_ALREADY = "shared with that agency already"
    TAKEN_BACK = "somebody ended the share with that agency"
    UNKNOWN_AGENCY = "there is no such agency"
    NOT_THEIRS_TO_RAISE = "only the owner of an incident can raise its severity"
    AS_SEVERE_ALREADY = "the severity is as high already"
    CONDITION_FALSE = "the condition does not hold"
    CONDITION_TRUE = "the condition holds"
    OPEN_ALREADY = "its hours have begun already"
    NO_CALENDAR = "there is no such calendar"
    NEVER_OPEN = "that calendar never opens"
    NO_POLICY = "there is no such policy, or it is not in use"
    BEEN_THERE = "this incident came from that policy already"
    WAIT_FOR_NOBODY = "nobody was reached, so nobody is waited for"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One contact method of one person, or of an organisation's desk.

    `delay_seconds` is what the person's own rules ask for; `held_until` is when their
    quiet hours end, and `note` says what went another way than they wanted.
    """

    name: str
    method_id: int
    channel: str
    address: str
    organisation_id: int
    user_id: int | None = None
    delay_seconds: int = 0
    held_until: datetime | None = None
    note: str = ""


# Whom each target reaches, for a page that is urgent and for one that is not. Those of
# a round robin come person after person, whose turn it is first.
Reach = Mapping[tuple[Target, bool], tuple[Recipient, ...]]


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a run stands: its next step (from 0), its round (from 1), when it was due."""

    step_index: int
    round: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of the incident and the organisation, read under the lock."""

    plan: PolicyPlan
    is_closed: bool = False
    is_visible: bool = True
    # Whether the policy's own rule of acknowledgement is met, and how far it is.
    is_acknowledged: bool = False
    standing: Standing = Standing(0, 1)  # noqa: RUF009  (frozen)
    # Who has acknowledged is not paged again by this run.
    acknowledged_by: frozenset[int] = frozenset()
    is_owner: bool = True
    shared_with: frozenset[str] = frozenset()
    # With whom a step may yet share: their desks are in `reach`, and told only then.
    may_share_with: frozenset[str] = frozenset()
    # What a person took back no rule gives again.
    unshared_from: frozenset[str] = frozenset()
    agencies: frozenset[str] = frozenset()
    around: Circumstances = Circumstances()  # noqa: RUF009  (frozen)
    reach: Reach = field(default_factory=dict)
    # Why a target reaches nobody, where it does not.
    unreached: Mapping[Target, Reason] = field(default_factory=dict)
    # The policies of the organisation that are in use, and those that led here.
    policies: frozenset[str] = frozenset()
    came_from: frozenset[str] = frozenset()
    # Who hears of what the path could not do: the run's own organisation's desk.
    desk: tuple[Recipient, ...] = ()
    # Whoever wrote the policy's version hears when every step is taken.
    authors: tuple[Recipient, ...] = ()

    @property
    def severity(self) -> int:
        """The incident's severity."""
        return self.around.incident.severity


def reached_by(
    step: NotifyStep, facts: Facts, *, used: Mapping[Target, int] | None = None
) -> tuple[Recipient, ...]:
    """Return whom a step tells, each contact method once.

    `used` says how many turns of each round robin are taken already.
    """
    is_urgent = is_urgent_step(step, facts.severity)
    if len(step.targets) == 1:
        return _reached(step.targets[0], facts, is_urgent, used or {})
    found = {
        recipient.method_id: recipient
        for target in step.targets
        for recipient in _reached(target, facts, is_urgent, used or {})
    }
    return tuple(found.values())


def _reached(
    target: Target, facts: Facts, is_urgent: bool, used: Mapping[Target, int]
) -> tuple[Recipient, ...]:
    if is_blind(target, facts):
        return ()
    found = facts.reach.get((target, is_urgent), ())
    if facts.acknowledged_by:
        found = tuple(r for r in found if r.user_id not in facts.acknowledged_by)
    if target.kind == "round_robin":
        found = in_turn(found, used.get(target, 0))
    return found


def is_blind(target: Target, facts: Facts) -> bool:
    """Whether it is the desk of an agency that does not see the incident yet."""
    return target.kind == "desk" and target.value in facts.may_share_with


def in_turn(recipients: tuple[Recipient, ...], number: int) -> tuple[Recipient, ...]:
    """Return the ways to the person whose turn comes after `number` others."""
    people = list(dict.fromkeys(recipient.user_id for recipient in recipients))
    if not people:
        return ()
    chosen = people[number % len(people)]
    return tuple(r for r in recipients if r.user_id == chosen)


def fallback_of(facts: Facts) -> tuple[Recipient, ...]:
    """Return whom the plan falls back on; that page is always urgent."""
    if facts.plan.fallback is None:
        return ()
    step = NotifyStep((facts.plan.fallback,), "urgent")
    return reached_by(step, facts)


def is_urgent_step(step: NotifyStep, severity: int) -> bool:
    """Tell whether a step's pages are urgent: as it says, else by the severity."""
    if step.urgency is not None:
        return step.urgency == "urgent"
    return severity >= URGENT_FROM
