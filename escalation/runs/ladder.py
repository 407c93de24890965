"""Draw a run as a ladder: which steps are done, which is now, which come next and when."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from escalation.policies.sentences import describe_plan, describe_step
from escalation.policies.steps import (
    NotifyStep,
    PolicyPlan,
    RepeatStep,
    Step,
    WaitStep,
    parse_policy,
)
from escalation.runs.decide import Facts, fallback_of, reached_by
from escalation.runs.facts import facts_now, names_of
from escalation.runs.models import Run, RunState, StepTaken


@dataclass(frozen=True, slots=True)
class Rung:
    """One step. `state` is done, now, next, skipped, or held when it is not coming.

    `at` is when it was taken, when it comes, or when the wait that is now ends.
    """

    index: int
    sentence: str
    state: str
    at: datetime | None = None
    names: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    """One run as its own organisation sees it."""

    policy: str
    policy_url: str
    version: int
    round: int
    rounds: int
    state: str
    reason: str
    rows: tuple[Rung, ...]
    # Where the next round begins: {index of the repeating step: index it leads to}.
    leads_to: Mapping[int, int] = field(default_factory=dict)

    @property
    def waited_for(self) -> tuple[str, ...]:
        """Return who was told last."""
        told = [rung.names for rung in self.rows if rung.state == "done" and rung.names]
        return told[-1] if told else ()

    @property
    def coming(self) -> Rung | None:
        """Return the step that is taken next; a repeat stands for where it leads."""
        rung = next((rung for rung in self.rows if rung.state == "next"), None)
        if rung is None or rung.index not in self.leads_to:
            return rung
        return replace(
            self.rows[self.leads_to[rung.index] - 1], state="next", at=rung.at
        )


def ladder_of(run: Run, *, policy_url: str, now: datetime) -> Ladder:
    """Return the ladder at `now`.

    Requires `incident`, `organisation`, `version.policy` and `steps_taken` loaded.
    """
    plan = parse_policy(run.version.body)
    facts = facts_now(run.organisation, plan, severity=run.incident.severity, now=now)
    repeat = next((s for s in plan.steps if isinstance(s, RepeatStep)), None)
    return Ladder(
        policy=run.version.policy.name,
        policy_url=policy_url,
        version=run.version.number,
        round=run.round,
        rounds=repeat.rounds if repeat else 1,
        state=_state(run),
        reason=run.reason,
        rows=tuple(_rungs(run, facts)),
        leads_to=_leads_to(run, plan),
    )


def _leads_to(run: Run, plan: PolicyPlan) -> dict[int, int]:
    return {
        index: step.from_step
        for index, step in enumerate(plan.steps, start=1)
        if isinstance(step, RepeatStep) and run.round < step.rounds
    }


def _state(run: Run) -> str:
    if run.state == RunState.ACTIVE:
        return "Running"
    reason = f": {run.state_reason}" if run.state_reason else ""
    label = (
        "Paused" if run.state == RunState.ACKNOWLEDGED else RunState(run.state).label
    )
    return f"{label}{reason}"


def _rungs(run: Run, facts: Facts) -> Iterator[Rung]:
    plan = facts.plan
    taken = _latest(run.steps_taken.all())
    coming = dict(_times(run, plan))
    for index, step in enumerate(plan.steps):
        if index < run.step_index and index in taken:
            yield _taken(run, step, taken[index])
        elif isinstance(step, RepeatStep):
            yield _repeat(run, step, index, coming)
        else:
            yield _ahead(run, step, index, coming, _names(step, facts))
    if plan.fallback is not None:
        yield _fallback(run, facts, coming)


def _latest(rows: Iterable[StepTaken]) -> dict[int, StepTaken]:
    """Return how each step went last: {step index: its row}."""
    return {row.step_index: row for row in sorted(rows, key=lambda row: row.round)}


def _taken(run: Run, step: Step, row: StepTaken) -> Rung:
    if row.outcome == "skipped":
        return Rung(
            row.step_index + 1,
            describe_step(step),
            "skipped",
            row.ran_at,
            (),
            row.reason,
        )
    is_now = (
        run.state == RunState.ACTIVE
        and isinstance(step, WaitStep)
        and row.step_index == run.step_index - 1
    )
    state = "now" if is_now else "done"
    at = run.next_due_at if is_now else row.ran_at
    names = tuple(str(name) for name in row.recipients)
    return Rung(row.step_index + 1, describe_step(step), state, at, names)


def _repeat(
    run: Run, step: RepeatStep, index: int, coming: Mapping[int, datetime]
) -> Rung:
    reason = f"round {run.round} of {step.rounds}"
    if run.round >= step.rounds:
        # The last round goes on past it.
        state = "done" if index < run.step_index else "held"
        return Rung(index + 1, describe_step(step), state, None, (), reason)
    state = _coming_state(run)
    return Rung(index + 1, describe_step(step), state, coming.get(index), (), reason)


def _ahead(
    run: Run,
    step: Step,
    index: int,
    coming: Mapping[int, datetime],
    names: tuple[str, ...],
) -> Rung:
    state = _coming_state(run)
    reason = ""
    if state == "next" and isinstance(step, NotifyStep) and not names:
        reason = "nobody there has a verified contact method"
    return Rung(index + 1, describe_step(step), state, coming.get(index), names, reason)


def _fallback(run: Run, facts: Facts, coming: Mapping[int, datetime]) -> Rung:
    plan = facts.plan
    sentence = describe_plan(plan)[len(plan.steps)]
    names = tuple(names_of(fallback_of(facts)))
    index = len(plan.steps)
    if run.state == RunState.EXHAUSTED:
        return Rung(index + 1, sentence, "done", run.ended_at, names)
    return Rung(index + 1, sentence, _coming_state(run), coming.get(index), names)


def _coming_state(run: Run) -> str:
    return "next" if run.state == RunState.ACTIVE else "held"


def _names(step: Step, facts: Facts) -> tuple[str, ...]:
    if not isinstance(step, NotifyStep):
        return ()
    return tuple(names_of(reached_by(step, facts)))


def _times(run: Run, plan: PolicyPlan) -> Iterator[tuple[int, datetime]]:
    """Return when each step ahead is taken in this round if nobody acknowledges."""
    at = run.next_due_at
    if run.state != RunState.ACTIVE or at is None:
        return
    for index in range(run.step_index, len(plan.steps)):
        step = plan.steps[index]
        yield index, at
        if isinstance(step, RepeatStep) and run.round < step.rounds:
            return
        if isinstance(step, WaitStep):
            at += timedelta(seconds=step.delay_seconds)
    yield len(plan.steps), at
