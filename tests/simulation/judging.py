"""Holds one run against the model of its path."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations

from escalation.models import Notification, Run, StepTaken
from incidents.models import Acknowledgement
from tests.simulation.faults import CLOCK_STEP_SECONDS, has_clock_steps
from tests.simulation.model import (
    Methods,
    Path,
    Place,
    branch_of,
    due,
    due_when_raised,
    is_open,
    length_of,
    methods_of,
    reached,
    urgencies,
)
from tests.simulation.sent import Sent
from tests.simulation.told import Told
from tests.simulation.worlds import World

TELLING = ("notify", "assign")
# Entries keep milliseconds.
TICK = timedelta(milliseconds=1)
# The people of a last step, and those to whom an incident is given, have this long.
GRACE = timedelta(minutes=15)


@dataclass
class JudgedRun:
    """A run, the steps it took, and when its waits were cut short.

    `former` is the one that was handed over to it, `acks` are all of its incident.
    """

    world: World
    run: Run
    rows: list[StepTaken]
    told_of: Told
    former: "JudgedRun | None" = None
    acks: list[Acknowledgement] = field(default_factory=list)

    def __post_init__(self):
        uid = str(self.run.uid)
        self.cuts = self.told_of.cuts[uid]
        self.sent_on = self.told_of.sent_on[uid]
        self.given_at = [
            line.at for line in self.told_of.runs[uid] if line.kind == "run.reassigned"
        ]
        self.body = self.run.version.body
        self.path = Path(self.body)
        self.owner = self.run.organisation_id

    def starts(self) -> set[Place | None]:
        """Return where the run may have begun: one place, but for a changed step."""
        if self.former is None:
            return {self.path.first()}
        turns = {turn for _, turn in self.former.stood()}
        if label := self.named():
            return {self.path.enter(self.path.place_of(label), turn) for turn in turns}
        found: set[Place | None] = set()
        for index, turn in self.former.stood():
            if index is None:
                found |= {
                    self.path.enter(at, turn)
                    for at in self.path.behind_the_last(self.former.path)
                }
                continue
            step = self.former.path.nodes[index].step
            found |= {self.path.enter(at, turn) for at in self.path.places_like(step)}
            if step["kind"] == "repeat" and self.former.path.enter(index, turn) is None:
                # Its rounds were done: the run stood at the end, and does so now, but
                # for what was added there.
                found |= {
                    self.path.enter(at, turn)
                    for at in self.path.behind_the_last(self.former.path)
                }
        return found

    def named(self) -> str:
        """Return the step that was named in the hand-over, empty for none."""
        return self.run.reason.rpartition("names [")[2].rstrip("]")

    def stood(self) -> set[tuple[int | None, int]]:
        """Return where the run stands: its next step, a repeat too, and the round."""
        if self.rows:
            row = self.rows[-1]
            is_taken = row.outcome == "taken"
            place = (row.step_index, row.round)
            return {(self.path.next_of(place, is_taken=is_taken), row.round)}
        if self.former is None:
            return {(self.path.nodes and 0, 1)}
        if label := self.named():
            turns = {turn for _, turn in self.former.stood()}
            return {(self.path.place_of(label), turn) for turn in turns}
        return {
            (at, turn)
            for index, turn in self.former.stood()
            for at in (
                self.path.behind_the_last(self.former.path)
                if index is None
                else self.path.places_like(self.former.path.nodes[index].step)
            )
        }

    def follows_its_path(self) -> Iterator[str]:
        """Each step comes after the one before it, once, and none is left out."""
        places = self.starts()
        for row in self.rows:
            here = (row.step_index, row.round)
            if here not in places and not self._was_sent_to(row):
                yield f"{row} came where the path has {places}; {self._places()}"
                return
            yield from self._is_right(row)
            places = {self.path.after(here, is_taken=row.outcome == "taken")}
        if self.run.state == "exhausted" and None not in places:
            yield f"run {self.run.pk} is exhausted before {places}; {self._places()}"
        for row, following in zip(self.rows, self.rows[1:], strict=False):
            yield from self._waited(row, following)
        if self.former and self.former.rows and self.rows and not self.named():
            yield from self._waited(self.former.rows[-1], self.rows[0], self.former)
        yield from self._passed_over()

    def told(self, sent: Sent) -> Iterator[str]:
        """Each step told exactly those whom it names and who have not acknowledged."""
        for row in self.rows:
            step = self.path.nodes[row.step_index].step
            if step["kind"] not in TELLING:
                continue
            found = sent.pages.get((self.run.pk, row.step_index, row.round), set())
            if (row.outcome == "taken") != bool(found):
                yield f"{row} was {row.outcome} and paged {sorted(found)}"
            wanted = [
                one
                for without in self._left_out(row.ran_at)
                for one in reached(
                    self.world, self.owner, step, row.ran_at, without=without
                )
            ]
            known, maybe = self._told_before(row, sent)
            left = {one - known - some for one in wanted for some in _subsets(maybe)}
            if frozenset(found) not in left:
                options = sorted(sorted(one) for one in left)
                yield f"{row} ({step}) paged {sorted(found)}, not {options}"

    def once(self, sent: Sent) -> Iterator[str]:
        """No step pages a contact method twice in an instant, unless the run is pushed.

        Two steps may: those between which no wait stands. So may a step of two rounds
        whose wait was over when a late worker looked.
        """
        seen: dict[tuple[datetime, datetime, int, int], set[int]] = defaultdict(set)
        for row in self.rows:
            for method in sent.pages.get((self.run.pk, row.step_index, row.round), ()):
                seen[row.ran_at, row.due_at, row.step_index, method].add(row.round)
        for (at, _, index, method), rounds in seen.items():
            if len(rounds) > 1 + self._pushes(at):
                yield (
                    f"run {self.run.pk} paged {method} {len(rounds)} times at {at}, "
                    f"by step {index}; {self._places()}"
                )

    def in_time(self, sent: Sent) -> Iterator[str]:
        """Nobody was told before the instant that they wish for."""
        methods = {m.pk: m for m in self.world.methods[self.owner]}
        for row in self.rows:
            at, step = row.ran_at, self.path.nodes[row.step_index].step
            for page in sent.rows.get((self.run.pk, row.step_index, row.round), ()):
                if page.method_id not in methods or page.first_attempt_at is None:
                    continue
                wanted = min(
                    due(self.world, methods[page.method_id], at, is_urgent=is_urgent)
                    for is_urgent in urgencies(step)
                )
                if self._was_raised(page):
                    raised = due_when_raised(self.world, methods[page.method_id], at)
                    wanted = min(wanted, raised)
                if page.first_attempt_at < wanted and not self._was_let_go(page):
                    went = page.first_attempt_at
                    yield f"{page} of {at} went at {went}, not {wanted}"

    def _was_raised(self, page: Notification) -> bool:
        """Whether its incident's severity changed before it went."""
        place = (self.run.incident_id, self.world.lab.pk)
        return any(
            line.kind == "incident.severity_changed"
            and page.queued_at <= line.at <= (page.first_attempt_at or line.at)
            for line in self.told_of.incidents[place]
        )

    def _was_let_go(self, page: Notification) -> bool:
        """Whether a pause made it due for the sender to drop, but the path went on first."""
        uids = {self.run.uid, page.run.uid if page.run else self.run.uid}
        lines = (line for uid in uids for line in self.told_of.runs[str(uid)])
        return any(
            line.kind == "run.acknowledged"
            and page.queued_at <= line.at <= (page.first_attempt_at or line.at)
            for line in lines
        )

    def last_call(self, sent: Sent) -> Iterator[str]:
        """An exhausted run told its fallback, or the desk."""
        if self.run.state != "exhausted":
            return
        at, target = self.run.ended_at or self.run.started_at, self.body.get("fallback")
        targets = [target, {"desk": ""}] if target else [{"desk": ""}]
        options = [
            [
                methods_of(
                    self.world, self.owner, one, at, is_urgent=True, without=without
                )
                for one in targets
            ]
            for without in self._left_out(at)
        ]
        called = [
            {m.pk for m in next((found for found in option if found), [])}
            for option in options
        ]
        told = {method for run, method in sent.last_calls if run == self.run.pk}
        if not any(one <= told for one in called):
            yield f"run {self.run.pk} is exhausted and told {told}, not {called}"

    def _left_out(self, at: datetime) -> list[frozenset[int]]:
        """Return who may have acknowledged at an instant: of those at it, some or all.

        An acknowledgement of its own side leaves its person out of a path that goes on.
        Where the clock jumps one that came first may bear the later instant.
        """
        jumps = has_clock_steps(self.world.seed)
        slack = timedelta(seconds=CLOCK_STEP_SECONDS if jumps else 0)
        own = [a for a in self.acks if a.organisation_id == self.owner]
        sure: Methods = frozenset()
        open_: Methods = frozenset()
        for ack in own:
            ended = ack.ended_at
            if ack.at <= at + slack and (ended is None or at <= ended + slack):
                is_sure = ack.at < at - slack and (ended is None or at < ended - slack)
                person = frozenset({ack.person_id or 0})
                sure, open_ = (
                    (sure | person, open_) if is_sure else (sure, open_ | person)
                )
        return [sure | some for some in _subsets(frozenset(open_ - sure))]

    def _told_before(self, row: StepTaken, sent: Sent) -> tuple[Methods, Methods]:
        """Return whom the former run told at a place that was named, and perhaps told.

        Whose page had failed is told again, and everybody if the run was paused.
        """
        former, is_at_once = self.former, row.ran_at == self.run.started_at
        if former is None or row is not self.rows[0] or not is_at_once:
            return frozenset(), frozenset()
        step = self.path.nodes[row.step_index].step
        places = [at for at, node in enumerate(former.path.nodes) if node.step == step]
        pages = [
            (made, page)
            for made, rows in sent.rows.items()
            if made[0] in self._earlier() and made[2] == row.round
            for page in rows
        ]
        # A step that was changed in its place is the same place, too.
        told = frozenset(page.method_id or 0 for _, page in pages)
        known = frozenset(
            page.method_id or 0
            for (run, at, _), page in pages
            if run == former.run.pk and [at] == places and page.status == "sent"
        )
        is_named = self.path.place_of(self.named()) == row.step_index
        is_known = is_named and self.path.count(step) == 1 and not former.was_paused()
        known = known if is_known else frozenset()
        return known, told - known

    def was_paused(self) -> bool:
        """Whether the run was ever acknowledged or snoozed."""
        pauses = ("run.acknowledged", "run.snoozed")
        return any(line.kind in pauses for line in self.told_of.runs[str(self.run.uid)])

    def _earlier(self) -> set[int]:
        """Return the runs that were handed over, one to the other, to this one."""
        former = self.former
        return set() if former is None else {former.run.pk, *former._earlier()}

    def _pushes(self, at: datetime) -> int:
        """Return how often the record says that the run was pushed on at an instant."""
        pushes = ("run.passed_on", "run.started", "run.step_skipped")
        return sum(
            line.kind in pushes
            and "what" not in line.said
            and abs(line.at - at) <= TICK
            for line in self.told_of.runs[str(self.run.uid)]
        )

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

    def _waited(
        self, row: StepTaken, following: StepTaken, judged: "JudgedRun | None" = None
    ) -> Iterator[str]:
        """A wait lasted its time, unless the record says why not."""
        step = (judged or self).path.nodes[row.step_index].step
        if row.outcome != "taken" or step["kind"] not in ("wait", "wait_until"):
            return
        is_whole = is_open(following.ran_at)
        if step["kind"] == "wait":
            is_whole = following.ran_at >= row.due_at + length_of(step)
        if not is_whole and not self._is_cut(row.ran_at, following.ran_at):
            yield f"{row} ({step}) from {row.due_at} ended at {following.ran_at}"

    def _passed_over(self) -> Iterator[str]:
        """A wait is passed over only where nobody was told since the last one."""
        has_told, last_at = False, None
        for row in self.rows:
            kind = self.path.nodes[row.step_index].step["kind"]
            has_told = has_told and row.ran_at == last_at
            last_at = row.ran_at
            if kind in TELLING and row.outcome == "taken":
                has_told = True
            if kind == "wait" and row.outcome == "skipped" and has_told:
                yield f"{row} was passed over though somebody was told"
            if kind == "wait":
                has_told = False

    def _was_sent_to(self, row: StepTaken) -> bool:
        """Whether a breached clock sent the run to this step at this instant."""
        return any(
            abs(at - row.ran_at) <= TICK and self.path.place_of(label) == row.step_index
            for at, label in self.sent_on
        )

    def _is_cut(self, since: datetime, at: datetime) -> bool:
        """Whether a wait ended early for a reason: it was pushed, or given to others."""
        given = [one for one in self._all_given() if since - TICK <= one]
        is_given = any(at >= one + GRACE - TICK for one in given)
        return is_given or any(abs(cut - at) <= TICK for cut in self.cuts)

    def _all_given(self) -> list[datetime]:
        earlier = self.former._all_given() if self.former else []
        return [*earlier, *self.given_at]

    def _places(self) -> str:
        places: list[Place] = [(row.step_index, row.round) for row in self.rows]
        return f"it took {places} of {self.body['steps']}"


def _subsets(some: Methods) -> list[Methods]:
    return [
        frozenset(chosen)
        for size in range(len(some) + 1)
        for chosen in combinations(sorted(some), size)
    ]
