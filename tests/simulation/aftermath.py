"""What must follow when people put a run off, give it away, or cannot take it.

Judged by the order of entries in the run's own stream; where the instant depends on how
late workers look, by a bound.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.models import Notification, Run
from tests.simulation.handing import Press
from tests.simulation.judging import GRACE, TICK
from tests.simulation.told import Line, Told
from tests.simulation.worlds import World

# Whoever is told that nobody can take it goes on by then, however late the workers look.
AT_LATEST = timedelta(minutes=10)
# A worker that reads what another is about to commit is right, too.
_AT_THE_SAME_TIME = timedelta(seconds=30)
_ARRIVED = "notification.sent"
_BY_LINK = "cannot take it"
_ENDS = ("run.stopped", "run.exhausted")
_NOT_ROUTED = ("escalated by", "jumped from", "handed over", "the acknowledgement")


@dataclass
class Aftermath:
    """The entries of one run, and the pages of those to whom it was given."""

    run: Run
    told: Told
    given: list[Notification]
    presses: list[Press]
    has_clock_steps: bool

    def __post_init__(self):
        self.lines = self.told.runs[str(self.run.uid)]

    def sleeps(self) -> Iterator[str]:
        """A snoozed run takes no step before somebody or its timer wakes it."""
        until: datetime | None = None
        for line in self.lines:
            if line.kind == "run.snoozed":
                until = datetime.fromisoformat(line.said["until"])
            elif line.kind in ("run.started", "run.reassigned"):
                is_over = "the snooze is over" in line.said.get("reason", "")
                if until and is_over and line.at < until - TICK:
                    yield f"run {self.run.pk} woke at {line.at}, snoozed until {until}"
                until = None
            elif until and "what" in line.said:
                yield f"run {self.run.pk} is snoozed until {until} and took {line.said}"

    def waits_for_others(self) -> Iterator[str]:
        """A run that was given away leaves its new people their time."""
        for number, line in enumerate(self.lines):
            if line.kind == "run.reassigned":
                yield from self._waits(line, self.lines[number + 1 :])
                yield from self._gives_up(line, self.lines[number + 1 :])

    def hears(self) -> Iterator[str]:
        """Whoever "cannot", of those told last, is heard at once."""
        for press in self.presses:
            is_heard = press.is_answered and self._was_told_last(press)
            if self.has_clock_steps or not is_heard:
                continue
            later = [one for one in self.lines if one.seq > press.seqs[one.stream]]
            if not later or later[0].at > press.at + AT_LATEST:
                yield (
                    f"run {self.run.pk} did not go on when {press.uid} could not be "
                    f"taken at {press.at}"
                )

    def passes_on_once(self) -> Iterator[str]:
        """Who says once that they cannot passes on one step, however often they click."""
        said: dict[str, int] = defaultdict(int)
        for line in self.lines:
            if line.kind == "run.passed_on" and _BY_LINK not in line.said["reason"]:
                said[line.said["reason"]] += 1
        for reason, times in said.items():
            if times > 1:
                yield f"run {self.run.pk} was passed on {times} times by {reason!r}"

    def _waits(self, given: Line, later: list[Line]) -> Iterator[str]:
        """Judge what comes next: a pause says nothing, all else must have a reason."""
        line = next((one for one in later if one.kind != "run.acknowledged"), None)
        if line is None or self._has_reason(line, given):
            return
        yield f"run {self.run.pk} was given away at {given.at}; {line.at}: {line.said}"

    def _has_reason(self, line: Line, given: Line) -> bool:
        """Whether the run may go on: their time is over, or their own word or failure."""
        if "what" in line.said or line.kind == "run.exhausted":
            return line.at >= given.at + GRACE - TICK
        if line.kind == "run.passed_on" and _BY_LINK in line.said["reason"]:
            return self._was_pressed(given)
        is_unreached = line.kind == "run.step_skipped"
        return not (is_unreached and self._arrived(given, line.at))

    def _gives_up(self, given: Line, later: list[Line]) -> Iterator[str]:
        """If none of their messages can arrive, the run goes on at once."""
        ends = [self.told.letters[str(one.uid)][-1] for one in self._pages(given)]
        has_failed = ends and all(end.kind == "notification.failed" for end in ends)
        if self.has_clock_steps or not has_failed:
            return
        last = max(ends, key=lambda end: end.seq)
        if any(line.seq < last.seq for line in later):
            return
        if not later or later[0].at > last.at + AT_LATEST:
            yield f"run {self.run.pk} was given to nobody at {given.at} and waits"

    def _pages(self, given: Line) -> list[Notification]:
        return [one for one in self.given if abs(one.queued_at - given.at) <= TICK]

    def _was_pressed(self, given: Line) -> bool:
        uids = {str(one.uid) for one in self._pages(given)}
        return any(press.uid in uids for press in self.presses)

    def _arrived(self, given: Line, at: datetime) -> bool:
        """Whether one of their messages had arrived well before an instant."""
        lines = (self.told.letters[str(one.uid)] for one in self._pages(given))
        return any(
            line.kind == _ARRIVED and line.at < at - _AT_THE_SAME_TIME
            for one in lines
            for line in one
        )

    def _was_told_last(self, press: Press) -> bool:
        """Whether the page was queued by what told somebody last, before the press.

        A second press finds the run moved on: nobody answers twice for one step.
        """
        queued = self.told.letters[press.uid][0]
        before = [one for one in self.lines if one.seq <= press.seqs[one.stream]]
        telling = [
            one
            for one in before
            if one.kind == "run.reassigned" or one.said.get("recipients")
        ]
        if not telling or telling[-1].seq > queued.seq or _is_over(before):
            return False
        if any(one.kind == "run.passed_on" for one in before if one.seq > queued.seq):
            return False
        # Between them stand only entries of the same transaction.
        return abs(telling[-1].at - queued.at) <= TICK


def _is_over(lines: list[Line]) -> bool:
    """Whether a run had ended and was not taken up again, as its entries say."""
    turns = [one.kind for one in lines if one.kind in (*_ENDS, "run.started")]
    return bool(turns) and turns[-1] in _ENDS


def routed_with_cause(world: World, runs: list[Run], told: Told) -> Iterator[str]:
    """The router starts no more runs than something happened that may ask for one.

    A change of severity does so only where it leads to another route.
    """
    started: dict[tuple[int, int], int] = defaultdict(int)
    for run in runs:
        if not run.reason.startswith(_NOT_ROUTED):
            started[run.incident_id, run.organisation_id] += 1
    for place, count in started.items():
        causes = sum(
            _asks_for_run(world, place[1], line)
            for line in told.incidents[place[0], world.lab.pk]
        )
        causes += place[1] == world.lab.pk
        if count > causes:
            yield f"{count} runs of {place[1]} on {place[0]} for {causes} causes"


def _asks_for_run(world: World, organisation: int, line: Line) -> int:
    """Return how many runs an entry may lead to."""
    match line.kind:
        case "incident.reopened":
            return 1
        case "incident.shared":
            # A change of severity may be routed to the agency before the share itself,
            # which at the same instant begins anew.
            return 2 * (organisation != world.lab.pk)
        case "incident.severity_changed":
            crosses = (line.said["old"] >= 4) != (line.said["new"] >= 4)
            return crosses and len(world.policies[organisation]) > 1
        case _:
            return 0
