"""Rehearse a policy: production's `decide` against a world that answers as told. Pure.

`simulate(world, course, …)` plays what the shell does around `decide`: due steps, pages
that go out or do not, steps that nobody got, acknowledgements and their timeouts. Time
is virtual. What is true at an instant comes from the world, which in production is
`simulation/world.py`; a test holds the whole to what real runs do.
"""

import heapq
import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from escalation.policies.acknowledgement import Given, standing
from escalation.policies.clock_targets import Effect
from escalation.policies.sentences import describe_step
from escalation.runs.actions import (
    Action,
    AskDecision,
    Assign,
    Decision,
    Jump,
    Notify,
    RaiseSeverity,
    Share,
    Skip,
    State,
)
from escalation.runs.decide import decide
from escalation.runs.deciding.going import people_of_step, round_to_go_to
from escalation.runs.simulation.answers import Answer
from escalation.runs.simulation.clocks import ClockEvent, SimulatedClocks
from escalation.runs.simulation.course import HORIZON, Course, Event, Place, World
from escalation.runs.simulation.outbox import Page, SimulatedOutbox
from escalation.runs.situation import AT_LATEST_REACHED, Facts, Reason, RunState

MAX_EVENTS: Final = 2_000

Told = Notify | Assign | AskDecision


def simulate(
    world: World,
    course: Course,
    *,
    start: datetime,
    answers: Sequence[Answer] = (),
    down: Collection[str] = (),
) -> tuple[Event, ...]:
    """Return what happens, in order. `down` are channels that refuse every message."""
    return Rehearsal(world, course, start, answers, down).play()


class Rehearsal:
    """One simulation under way."""

    def __init__(
        self,
        world: World,
        course: Course,
        start: datetime,
        answers: Sequence[Answer],
        down: Collection[str],
    ) -> None:
        self.world, self.course, self.now = world, course, start
        self.events: list[Event] = []
        self.index, self.round = 0, 1
        self.state: State = "active"
        self._start, self._answers = start, list(answers)
        self._outbox = SimulatedOutbox(down)
        self._clocks = SimulatedClocks(start, world.working_time)
        self._given: list[Given] = []
        self._taken: set[Place] = set()
        self._waited_for: set[Place] = set()
        self._turn = itertools.count()
        self._generation = 0
        self._queue: list[tuple[datetime, int, Callable[[], None]]] = []

    def play(self) -> tuple[Event, ...]:
        """Let everything happen until nothing is left."""
        for answer in self._answers:
            if not answer.step:
                self._at(self._start + answer.delay, self._answering(answer))
        self._start_policy("it is simulated")
        while self._queue and len(self.events) < MAX_EVENTS:
            at, _, happen = heapq.heappop(self._queue)
            if at > self._start + HORIZON:
                break
            self.now = at
            happen()
        if self.state == "active":
            self._note("unfinished", "The path is still going on here.")
        return tuple(self.events)

    # The path

    def _start_policy(self, reason: str) -> None:
        self.index, self.round, self.state = 0, 1, "active"
        self._taken, self._waited_for = set(), set()
        self._note("started", f"{self.course.policy}: {reason}")
        self._clocks.begin(self.course.policy, self._facts().plan.clocks)
        self._arm_clocks()
        self._advance(self.now)

    def _advance(self, due_at: datetime) -> None:
        """Do what is due, as `runs.engine.advance` does."""
        self._generation += 1
        facts = self._facts()
        state = RunState(self.index, self.round, due_at)
        decision = decide(state, facts, self.now)
        for action in decision.actions:
            self._note_step(action, facts)
            self._taken.add((action.step_index, action.round))
            self._change(action)
        told = {
            (action.step_index, action.round)
            for action in decision.actions
            if isinstance(action, Notify | Assign)
        }
        self._waited_for = told or self._waited_for
        for page in self.world.messages(self.course, facts, decision, self.now):
            self._queue_page(page)
        for action in decision.actions:
            if isinstance(action, Notify | Assign):
                self._expect(action, facts)
        self._move(decision)

    def _move(self, decision: Decision) -> None:
        self.index, self.round = decision.step_index, decision.round
        self.state = decision.state
        if decision.next_due_at is not None:
            due_at, generation = decision.next_due_at, self._generation
            self._at(due_at, lambda: self._take_step(due_at, generation))
        jump = next((a for a in decision.actions if isinstance(a, Jump)), None)
        if jump is not None:
            former = self.course.policy
            self._note("stopped", f"{former}: {decision.reason}")
            self.course = replace(
                self.course,
                policy=jump.policy,
                came_from=(*self.course.came_from, former),
            )
            self._start_policy(f"jumped from {former}")
        elif decision.state == "exhausted":
            self._note("exhausted", str(decision.reason))
        elif decision.state == "stopped":
            self._note("stopped", str(decision.reason))

    def _take_step(self, due_at: datetime, generation: int) -> None:
        if self.state == "active" and generation == self._generation:
            self._advance(due_at)

    def _change(self, action: Action) -> None:
        """Let the course hold what a step changes."""
        course = self.course
        if isinstance(action, Share):
            shared = course.shared_with | {action.agency}
            self.course = replace(course, shared_with=shared)
        if isinstance(action, RaiseSeverity):
            self._raise_severity(action.to)
        if isinstance(action, Notify | Assign) and action.turns:
            self.course = replace(course, turns={**course.turns, **dict(action.turns)})

    def _raise_severity(self, severity: int) -> None:
        self.course = replace(self.course, severity=severity)
        self._arm_clocks()

    def _facts(self, policy: str = "") -> Facts:
        """Return what is true now, under another policy if one is named."""
        course = replace(self.course, policy=policy or self.course.policy)
        facts = self.world.facts(course, self.now)
        stands = standing(facts.plan.acknowledgement, self._given)
        people = {g.person for g in self._given if g.is_own and g.person is not None}
        return replace(
            facts,
            standing=stands,
            is_acknowledged=stands.is_met,
            acknowledged_by=frozenset(people),
        )

    # Messages

    def _queue_page(self, page: Page) -> None:
        if not self._outbox.add(page):
            return
        if page.due_at > self.now:
            self._note_page("queued", page, f"waits until {page.due_at:%H:%M:%S UTC}")
        self._at(page.due_at, lambda: self._attempt(page))

    def _attempt(self, page: Page) -> None:
        if not self._outbox.is_waiting(page):
            return
        tried = self._outbox.attempt(page, self.now)
        if tried.text:
            self._note_page(tried.kind, page, tried.text)
        if tried.again_at is not None:
            self._at(tried.again_at, lambda: self._attempt(page))
        elif tried.kind == "failed" and page.place is not None:
            self._go_on({page.place}, self._outbox.has_hope, "every message failed")

    def _expect(self, action: Notify | Assign, facts: Facts) -> None:
        place = (action.step_index, action.round)
        self._at(self.now + AT_LATEST_REACHED, lambda: self._check_reached(place))
        label = facts.plan.label_at(action.step_index)
        waiting = [answer for answer in self._answers if answer.step == label]
        for answer in waiting:
            self._answers.remove(answer)
            user_id = action.recipients[0].user_id
            self._at(self.now + answer.delay, self._answering(answer, user_id))

    def _check_reached(self, place: Place) -> None:
        first_at = self._outbox.first_attempt(place)
        if first_at is None or first_at + AT_LATEST_REACHED > self.now:
            again_at = (first_at or self.now) + AT_LATEST_REACHED
            if self.state == "active":
                self._at(again_at, lambda: self._check_reached(place))
            return
        self._go_on({place}, self._outbox.is_sent, "no message was delivered")

    def _go_on(
        self, places: set[Place], is_hopeful: Callable[[Place], bool], reason: str
    ) -> None:
        """Go on at once if the path waits for the people of these steps in vain."""
        waits = self._waited_for & places
        hope = any(is_hopeful(place) for place in self._waited_for)
        if self.state != "active" or not waits or hope:
            return
        index, round_number = max(waits)
        label = self._facts().plan.label_at(index)
        self._note("unreached", reason, label=label, round_number=round_number)
        self._waited_for = set()
        self._advance(self.now)

    # Clocks

    def _arm_clocks(self) -> None:
        for event in self._clocks.foreseen(self.course.severity, self.now):
            self._at(event.at, self._clock_happening(event, self._clocks.generation))

    def _clock_happening(
        self, event: ClockEvent, generation: int
    ) -> Callable[[], None]:
        return lambda: self._clock_happens(event, generation)

    def _clock_happens(self, event: ClockEvent, generation: int) -> None:
        is_stale = generation != self._clocks.generation or self.state == "stopped"
        if is_stale or not self._clocks.note(event):
            return
        self._note(event.kind, event.text)
        for effect in event.effects:
            self._carry_out(effect, event.policy)

    def _carry_out(self, effect: Effect, policy: str) -> None:
        """Do what a breach asks for."""
        if effect.kind == "notify_role":
            self._note("told", f"those who are {effect.value} are told")
        if effect.kind == "raise_severity" and self.world.is_owner:
            self._raise_severity(max(self.course.severity, int(effect.value)))
        if effect.kind == "go_to":
            self._go_to(effect.value, policy)

    def _go_to(self, label: str, policy: str) -> None:
        """Send the path on, as `runs.clock_effects` does, or only tell the step's people."""
        facts = self._facts()
        place = facts.plan.place_of(label) if policy == self.course.policy else None
        is_quiet = self.state == "acknowledged" or facts.is_acknowledged
        if place is None or is_quiet:
            people = people_of_step(self._facts(policy), label)
            names = tuple(dict.fromkeys(one.name for one in people))
            text = "the step's people are told that it is overdue"
            self.events.append(Event(self.now, "told", text, label, recipients=names))
            return
        self.round = round_to_go_to(place, self.round, self._taken)
        self.index, self.state = place, "active"
        self._note("went_to", "a clock sends the path on", label=label)
        self._advance(self.now)

    # Answers

    def _answering(
        self, answer: Answer, user_id: int | None = None
    ) -> Callable[[], None]:
        return lambda: self._answer(answer, user_id)

    def _answer(self, answer: Answer, user_id: int | None) -> None:
        if self.state == "stopped":
            return
        organisation = answer.organisation or self.world.organisation
        is_own = organisation == self.world.organisation
        for name in self._clocks.meet(answer.what, is_own=is_own):
            self._note("clock_met", f"{name}: in time")
        if answer.what == "resolve":
            self._end("stopped", "stopped", str(Reason.CLOSED))
        elif answer.what == "pass":
            self._pass_on()
        else:
            self._acknowledge(organisation, user_id)

    def _pass_on(self) -> None:
        if self.state == "active":
            self._note("passed_on", "passed on to the next step")
            self._waited_for = set()
            self._advance(self.now)

    def _acknowledge(self, organisation: str, user_id: int | None) -> None:
        self._given.append(self.world.given_by(organisation, user_id))
        facts = self._facts()
        self._note("acknowledged", f"{organisation}: {facts.standing.in_words()}")
        if not facts.standing.is_met or self.state != "active":
            return
        self._end("acknowledged", "paused", str(Reason.ACKNOWLEDGED))
        minutes = facts.plan.ack_timeout_minutes
        if minutes is not None:
            self._at(self.now + timedelta(minutes=minutes), self._resume)

    def _end(self, state: State, kind: str, reason: str) -> None:
        """Pause or stop the path; what was to go out later is no longer needed."""
        self.state = state
        self._generation += 1
        self._note(kind, reason)
        for page in self._outbox.take_back():
            self._note_page("cancelled", page, "no longer needed")

    def _resume(self) -> None:
        if self.state == "acknowledged":
            self._given.clear()
            self.state = "active"
            self._note("resumed", "the acknowledgement timed out")
            self._advance(self.now)

    # Notes

    def _at(self, at: datetime, happen: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (at, next(self._turn), happen))

    def _note(
        self, kind: str, text: str, *, label: str = "", round_number: int = 0
    ) -> None:
        number = round_number or self.round
        self.events.append(Event(self.now, kind, text, label, number))

    def _note_page(self, kind: str, page: Page, text: str) -> None:
        self.events.append(
            Event(self.now, kind, text, recipients=(page.name,), page=page)
        )

    def _note_step(self, action: Action, facts: Facts) -> None:
        recipients = action.recipients if isinstance(action, Told) else ()
        text = describe_step(facts.plan.steps[action.step_index])
        if isinstance(action, Skip):
            text = f"{text}: {action.reason}"
        self.events.append(
            Event(
                at=self.now,
                kind="skipped" if isinstance(action, Skip) else "taken",
                text=text,
                label=facts.plan.label_at(action.step_index),
                round=action.round,
                recipients=tuple(dict.fromkeys(r.name for r in recipients)),
                place=(action.step_index, action.round),
            )
        )
