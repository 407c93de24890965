"""Draw a run as a ladder: which steps are done, which is now, which come next and when."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from escalation.policies.mentions import targets_of_step, telling
from escalation.policies.sentences import describe_plan, describe_step
from escalation.policies.step_kinds.wait_until import WaitUntilStep
from escalation.policies.steps import RepeatStep, Step, WaitStep
from escalation.runs.decide import decide
from escalation.runs.deciding.notify import why_nobody
from escalation.runs.facts import Batch, names_of
from escalation.runs.models import Run, RunState, StepTaken
from escalation.runs.situation import Facts, Reason, fallback_of, reached_by
from escalation.runs.situation import RunState as Place

# A path that never waits for anybody is not looked at further ahead than this.
_MAX_AHEAD = 60


@dataclass(frozen=True, slots=True)
class Rung:
    """One step. `state` is done, now, next, skipped, or held when it is not coming.

    `at` is when it was taken, when it comes, or when the wait that is now ends.
    """

    index: int
    label: str
    sentence: str
    state: str
    at: datetime | None = None
    names: tuple[str, ...] = ()
    reason: str = ""

    @property
    def is_inside(self) -> bool:
        """Whether it stands in a branch: its label is too long for a mark."""
        return not self.label.isdigit()


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
    # How far the acknowledgements go, where more than one is wanted.
    standing: str = ""
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
    facts = Batch.load([run], now=now).facts_of(run)
    plan = facts.plan
    repeat = next((s for s in plan.steps if isinstance(s, RepeatStep)), None)
    is_waiting = plan.acknowledgement.count > 1 and facts.standing.done > 0
    return Ladder(
        policy=run.version.policy.name,
        policy_url=policy_url,
        version=run.version.number,
        round=run.round,
        rounds=repeat.rounds if repeat else 1,
        state=_state(run),
        reason=run.reason,
        rows=tuple(_rungs(run, facts)),
        standing=facts.standing.in_words() if is_waiting else "",
        leads_to=_leads_to(run, facts),
    )


def _leads_to(run: Run, facts: Facts) -> dict[int, int]:
    return {
        index: (facts.plan.place_of(str(step.from_step)) or 0) + 1
        for index, step in enumerate(facts.plan.steps, start=1)
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
    coming = dict(_times(run, facts))
    for index, step in enumerate(plan.steps):
        rung = Rung(index + 1, plan.labels[index], describe_step(step), "held")
        if index < run.step_index and index in taken:
            yield _taken(run, facts, rung, taken[index])
        elif isinstance(step, RepeatStep):
            yield _repeat(run, step, rung, coming)
        elif index in coming or (index >= run.step_index and rung.label.isdigit()):
            yield _ahead(run, step, facts, rung, coming)
        else:
            # In a branch that is not gone into.
            yield rung
    if plan.fallback is not None:
        yield _fallback(run, facts, coming)


def _latest(rows: Iterable[StepTaken]) -> dict[int, StepTaken]:
    """Return how each step went last: {step index: its row}."""
    return {row.step_index: row for row in sorted(rows, key=lambda row: row.round)}


def _taken(run: Run, facts: Facts, rung: Rung, row: StepTaken) -> Rung:
    if row.outcome == "skipped":
        return replace(rung, state="skipped", at=row.ran_at, reason=row.reason)
    is_now = (
        run.state == RunState.ACTIVE
        and isinstance(facts.plan.steps[row.step_index], WaitStep | WaitUntilStep)
        and facts.plan.follows[row.step_index] == run.step_index
    )
    names = tuple(str(name) for name in row.recipients)
    if is_now:
        return replace(rung, state="now", at=run.next_due_at, names=names)
    reason = "" if row.reason == Reason.DUE else row.reason
    return replace(rung, state="done", at=row.ran_at, names=names, reason=reason)


def _repeat(
    run: Run, step: RepeatStep, rung: Rung, coming: Mapping[int, datetime]
) -> Rung:
    rung = replace(rung, reason=f"round {run.round} of {step.rounds}")
    if run.round >= step.rounds:
        # The last round goes on past it.
        is_past = rung.index - 1 < run.step_index
        return replace(rung, state="done" if is_past else "held")
    at = coming.get(rung.index - 1)
    return replace(rung, state=_coming_state(run), at=at)


def _ahead(
    run: Run, step: Step, facts: Facts, rung: Rung, coming: Mapping[int, datetime]
) -> Rung:
    names, targets = _names(step, facts), targets_of_step(step)
    state = _coming_state(run)
    is_dead_end = state == "next" and targets and not names
    return replace(
        rung,
        state=state,
        at=coming.get(rung.index - 1),
        names=names,
        reason=str(why_nobody(telling(step), facts)) if is_dead_end else "",
    )


def _fallback(run: Run, facts: Facts, coming: Mapping[int, datetime]) -> Rung:
    index = len(facts.plan.steps)
    sentence = describe_plan(facts.plan)[index]
    names = tuple(names_of(fallback_of(facts)))
    label = facts.plan.label_at(index)
    if run.state == RunState.EXHAUSTED:
        return Rung(index + 1, label, sentence, "done", run.ended_at, names)
    at = coming.get(index)
    return Rung(index + 1, label, sentence, _coming_state(run), at, names)


def _coming_state(run: Run) -> str:
    return "next" if run.state == RunState.ACTIVE else "held"


def _names(step: Step, facts: Facts) -> tuple[str, ...]:
    return tuple(names_of(reached_by(telling(step), facts)))


def _times(run: Run, facts: Facts) -> Iterator[tuple[int, datetime]]:
    """Return when each step ahead is taken in this round if nobody acknowledges."""
    at = run.next_due_at
    if run.state != RunState.ACTIVE or at is None:
        return
    facts = replace(facts, is_closed=False, is_visible=True, is_acknowledged=False)
    place = Place(run.step_index, run.round, at)
    for _ in range(_MAX_AHEAD):
        decision = decide(place, facts, at)
        for action in decision.actions:
            if action.round == run.round:
                yield action.step_index, at
        if decision.round > run.round:
            yield from _repeats(facts, at)
            return
        if decision.next_due_at is None:
            yield len(facts.plan.steps), at
            return
        at = decision.next_due_at
        place = Place(decision.step_index, decision.round, at)


def _repeats(facts: Facts, at: datetime) -> Iterator[tuple[int, datetime]]:
    for index, step in enumerate(facts.plan.steps):
        if isinstance(step, RepeatStep):
            yield index, at
