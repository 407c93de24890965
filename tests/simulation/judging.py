"""Holds one run against the model of its path."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from escalation.models import Notification, Run, StepTaken
from tests.simulation.model import (
    Path,
    Place,
    branch_of,
    due,
    is_open,
    methods_of,
    reached,
    urgencies,
)
from tests.simulation.told import Told
from tests.simulation.worlds import World

_TELLING = ("notify", "assign")
# Entries keep milliseconds.
_TICK = timedelta(milliseconds=1)


@dataclass
class Sent:
    """The messages of all runs: pages by place, last calls by run."""

    pages: dict[tuple[int, int, int], set[int]] = field(
        default_factory=lambda: defaultdict(set)
    )
    last_calls: set[tuple[int, int]] = field(default_factory=set)
    first_tries: list[Notification] = field(default_factory=list)

    def add(self, row: Notification) -> None:
        run_id, method_id = row.run_id or 0, row.method_id or 0
        if row.purpose in ("fallback", "exhausted"):
            self.last_calls.add((run_id, method_id))
        if row.purpose == "page":
            place = (run_id, row.step_index or 0, row.round or 0)
            self.pages[place].add(method_id)
            if row.first_attempt_at is not None:
                self.first_tries.append(row)


@dataclass
class JudgedRun:
    """A run, the steps it took, and when its waits were cut short."""

    world: World
    run: Run
    rows: list[StepTaken]
    uid: str
    told_of: Told

    def __post_init__(self):
        self.cuts = self.told_of.cuts[self.uid]
        self.sent_on = self.told_of.sent_on[self.uid]
        self.body = self.run.version.body
        self.path = Path(self.body)
        self.owner = self.run.organisation_id

    def follows_its_path(self) -> Iterator[str]:
        """Each step comes after the one before it, once, and none is left out."""
        place = self.path.first()
        for row in self.rows:
            if (row.step_index, row.round) != place and not self._was_sent_to(row):
                yield f"{row} came where the path has {place}; {self._places()}"
                return
            yield from self._is_right(row)
            here = (row.step_index, row.round)
            place = self.path.after(here, is_taken=row.outcome == "taken")
        if self.run.state == "exhausted" and place is not None:
            yield f"run {self.run.pk} is exhausted before {place}; {self._places()}"
        for row, following in zip(self.rows, self.rows[1:], strict=False):
            yield from self._waited(row, following)

    def told(self, sent: Sent) -> Iterator[str]:
        """Each step told exactly those whom it names."""
        for row in self.rows:
            step = self.path.nodes[row.step_index].step
            if step["kind"] not in _TELLING:
                continue
            wanted = reached(self.world, self.owner, step, row.ran_at)
            found = sent.pages.get((self.run.pk, row.step_index, row.round), set())
            if (row.outcome == "taken") != bool(found):
                yield f"{row} was {row.outcome} and paged {sorted(found)}"
            if found not in wanted:
                options = [sorted(one) for one in wanted]
                yield f"{row} ({step}) paged {sorted(found)}, not {options}"

    def in_time(self, sent: Sent) -> Iterator[str]:
        """Nobody was told before the instant that they wish for."""
        ran_at = {(row.step_index, row.round): row.ran_at for row in self.rows}
        methods = {m.pk: m for m in self.world.methods[self.owner]}
        for page in sent.first_tries:
            if page.run_id != self.run.pk or page.method_id not in methods:
                continue
            at = ran_at[page.step_index or 0, page.round or 0]
            step = self.path.nodes[page.step_index or 0].step
            wanted = min(
                due(self.world, methods[page.method_id], at, is_urgent=is_urgent)
                for is_urgent in urgencies(step)
            )
            if page.first_attempt_at and page.first_attempt_at < wanted:
                yield f"{page} of {at} went at {page.first_attempt_at}, not {wanted}"

    def last_call(self, sent: Sent) -> Iterator[str]:
        """An exhausted run told its fallback, or the desk."""
        if self.run.state != "exhausted":
            return
        at, target = self.run.ended_at or self.run.started_at, self.body.get("fallback")
        targets = [target, {"desk": ""}] if target else [{"desk": ""}]
        found = [
            methods_of(self.world, self.owner, one, at, is_urgent=True)
            for one in targets
        ]
        for method in next((methods for methods in found if methods), []):
            if (self.run.pk, method.pk) not in sent.last_calls:
                yield f"run {self.run.pk} is exhausted and {method.address} was not told"

    def _is_right(self, row: StepTaken) -> Iterator[str]:
        """Whether the step went the way that the model knows."""
        step, is_taken = self.path.nodes[row.step_index].step, row.outcome == "taken"
        if step["kind"] == "if":
            wanted = branch_of(
                self.world, step, self.run.incident, self.owner, row.ran_at
            )
            if wanted is not None and wanted != is_taken:
                yield f"{row}: {step['when']} was taken for {is_taken} at {row.ran_at}"
        if step["kind"] == "wait_until" and is_taken == is_open(row.ran_at):
            yield f"{row}: it was {row.outcome} at {row.ran_at}"

    def _waited(self, row: StepTaken, following: StepTaken) -> Iterator[str]:
        """A wait lasted its time, unless the record says why not."""
        step = self.path.nodes[row.step_index].step
        if row.outcome != "taken" or step["kind"] not in ("wait", "wait_until"):
            return
        is_whole = is_open(following.ran_at)
        if step["kind"] == "wait":
            delay = timedelta(seconds=step["seconds"])
            is_whole = following.ran_at >= row.due_at + delay
        if not is_whole and not self._is_cut(following.ran_at):
            yield f"{row} ({step}) from {row.due_at} ended at {following.ran_at}"

    def _was_sent_to(self, row: StepTaken) -> bool:
        """Whether a breached clock sent the run to this step at this instant."""
        return any(
            abs(at - row.ran_at) <= _TICK
            and self.path.place_of(label) == row.step_index
            for at, label in self.sent_on
        )

    def _is_cut(self, at: datetime) -> bool:
        return any(abs(cut - at) <= _TICK for cut in self.cuts)

    def _places(self) -> str:
        places: list[Place] = [(row.step_index, row.round) for row in self.rows]
        return f"it took {places} of {self.body['steps']}"
