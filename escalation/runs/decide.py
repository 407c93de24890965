"""Decides what a run does next. Pure: production, simulator and drills call this.

`decide(run, facts, now)` walks from the run's next step to the next wait, and says in
plain data what to do, why, and when to look again. It touches nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from escalation.policies.steps import (
    NotifyStep,
    PolicyPlan,
    RepeatStep,
    ShareStep,
    Target,
    WaitStep,
)

# A tick later than this counts a wait for a human from when the step really ran, so
# that after an outage nobody's ladder empties at once.
LATE_AFTER: Final = timedelta(seconds=30)
# People told by the last step get this long before the path counts as exhausted.
LAST_GRACE: Final = timedelta(minutes=15)
# A repeat always holds a wait, so a walk ends; this bounds a plan that slipped through.
_MAX_WALK: Final = 1_000
# A page is urgent from this severity on, unless its step says otherwise.
URGENT_FROM: Final = 4

State = Literal["active", "acknowledged", "exhausted", "stopped"]


class Reason(StrEnum):
    """Why a run did what it did; stored, and shown to people."""

    DUE = "its time had come"
    ALL_TAKEN = "the last step is taken and nobody has acknowledged"
    ACKNOWLEDGED = "somebody has acknowledged"
    CLOSED = "the incident is closed"
    UNSHARED = "the incident is no longer shared with this organisation"
    NOBODY = "nobody there has a verified contact method"
    NOT_THEIRS = "only the owner of an incident can share it"
    SHARED_ALREADY = "shared with that agency already"
    TAKEN_BACK = "somebody ended the share with that agency"
    UNKNOWN_AGENCY = "there is no such agency"
    WAIT_FOR_NOBODY = "nobody was reached, so nobody is waited for"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One contact method of one person, or of an organisation's desk.

    `delay_seconds` is what the person's own rules ask for; `held_until` is when their
    quiet hours end.
    """

    name: str
    method_id: int
    channel: str
    address: str
    organisation_id: int
    user_id: int | None = None
    delay_seconds: int = 0
    held_until: datetime | None = None


# Whom each target reaches, for a page that is urgent and for one that is not.
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
    is_acknowledged: bool = False
    is_owner: bool = True
    shared_with: frozenset[str] = frozenset()
    # What a person took back no rule gives again.
    unshared_from: frozenset[str] = frozenset()
    agencies: frozenset[str] = frozenset()
    severity: int = 0
    reach: Reach = field(default_factory=dict)
    # Who hears of what the path could not do: the run's own organisation's desk.
    desk: tuple[Recipient, ...] = ()


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell these people."""

    step_index: int
    round: int
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Let an agency see the incident."""

    step_index: int
    round: int
    agency: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Give people time; `from_instant` says what the wait counts from."""

    step_index: int
    round: int
    from_instant: Literal["due", "ran"]


@dataclass(frozen=True, slots=True)
class Skip:
    """Pass a step over; `is_dead_end` asks for the policy's owner to be told."""

    step_index: int
    round: int
    reason: Reason
    is_dead_end: bool = False


Action = Notify | Share | Wait | Skip


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, where the run then stands, and when to look again."""

    state: State
    reason: Reason
    step_index: int
    round: int
    actions: tuple[Action, ...] = ()
    next_due_at: datetime | None = None


def decide(run: RunState, facts: Facts, now: datetime) -> Decision:
    """Return what the run does at `now`. Requires run.due_at <= now."""
    if facts.is_closed:
        return Decision("stopped", Reason.CLOSED, run.step_index, run.round)
    if not facts.is_visible:
        return Decision("stopped", Reason.UNSHARED, run.step_index, run.round)
    if facts.is_acknowledged:
        return Decision("acknowledged", Reason.ACKNOWLEDGED, run.step_index, run.round)
    return _walk(run, facts, now)


def _walk(run: RunState, facts: Facts, now: datetime) -> Decision:
    """Take steps from the next one on, up to and including the next wait."""
    steps, actions = facts.plan.steps, list[Action]()
    index, round_number, is_dead_end = run.step_index, run.round, False
    for _ in range(_MAX_WALK):
        if index >= len(steps):
            break
        step = steps[index]
        if isinstance(step, RepeatStep):
            is_last = round_number >= step.rounds
            index = index + 1 if is_last else step.from_step - 1
            round_number += 0 if is_last else 1
            continue
        if isinstance(step, WaitStep) and not is_dead_end:
            due_at, counted = _end_of_wait(step, run.due_at, now)
            actions.append(Wait(index, round_number, counted))
            return Decision(
                "active", Reason.DUE, index + 1, round_number, tuple(actions), due_at
            )
        action = _action(step, index, round_number, facts)
        actions.append(action)
        is_dead_end = _leads_nowhere(step, action, before=is_dead_end)
        index += 1
    taken = tuple(actions)
    if any(isinstance(action, Notify) for action in taken):
        ends_at = now + LAST_GRACE
        return Decision("active", Reason.DUE, index, round_number, taken, ends_at)
    return Decision("exhausted", Reason.ALL_TAKEN, index, round_number, taken)


def _end_of_wait(
    step: WaitStep, due_at: datetime, now: datetime
) -> tuple[datetime, Literal["due", "ran"]]:
    delay = timedelta(seconds=step.delay_seconds)
    if now - due_at <= LATE_AFTER:
        return due_at + delay, "due"
    return now + delay, "ran"


def _action(
    step: NotifyStep | ShareStep | WaitStep, index: int, round_number: int, facts: Facts
) -> Action:
    if isinstance(step, NotifyStep):
        recipients = reached_by(step, facts)
        if recipients:
            return Notify(index, round_number, recipients)
        return Skip(index, round_number, Reason.NOBODY, is_dead_end=True)
    if isinstance(step, ShareStep):
        refused = _why_not_shared(step, facts)
        if refused:
            return Skip(index, round_number, refused)
        return Share(index, round_number, step.agency)
    return Skip(index, round_number, Reason.WAIT_FOR_NOBODY)


def reached_by(step: NotifyStep, facts: Facts) -> tuple[Recipient, ...]:
    """Return whom a step tells, each contact method once."""
    is_urgent = is_urgent_step(step, facts.severity)
    found = {
        recipient.method_id: recipient
        for target in step.targets
        for recipient in facts.reach.get((target, is_urgent), ())
    }
    return tuple(found.values())


def fallback_of(facts: Facts) -> tuple[Recipient, ...]:
    """Return whom the plan falls back on; that page is always urgent."""
    if facts.plan.fallback is None:
        return ()
    return facts.reach.get((facts.plan.fallback, True), ())


def is_urgent_step(step: NotifyStep, severity: int) -> bool:
    """Tell whether a step's pages are urgent: as it says, else by the severity."""
    if step.urgency is not None:
        return step.urgency == "urgent"
    return severity >= URGENT_FROM


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


def _leads_nowhere(
    step: NotifyStep | ShareStep | WaitStep, action: Action, *, before: bool
) -> bool:
    """Whether, after this step, there is nobody to wait for."""
    if isinstance(step, NotifyStep):
        return isinstance(action, Skip)
    # A wait passed over ends the dead end: the next one stands behind other people.
    return before and isinstance(step, ShareStep)
