"""Say what becomes of statutory clocks: pure, from how they stand and how they should.

Looking twice changes nothing: `plan` of what a plan made is empty.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from escalation.duties.delays.moving import what_changed


class State(StrEnum):
    """The codes of `models.DutyState`."""

    RUNNING = "running"
    WAITING = "waiting"
    NO_DATE = "no_date"
    MET = "met"
    CANCELLED = "cancelled"


NOT_WATCHED: Final = "this law is not watched any more"
OPEN: Final = frozenset({State.RUNNING, State.WAITING, State.NO_DATE})


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which clock: a stage that comes again and again has one for each round."""

    regime_id: str
    stage: str
    round: int = 1


@dataclass(frozen=True, slots=True)
class Terms:
    """How a clock stands, or should."""

    digest: str
    state: State
    is_provisional: bool = False
    due_operational: datetime | None = None
    due_statutory_latest: datetime | None = None
    anchor: str = ""
    counted_from: datetime | None = None
    waiting_for: tuple[str, ...] = ()
    rule: str = ""
    citation: str = ""
    flags: tuple[str, ...] = ()
    met_at: datetime | None = None
    met_by: str = ""
    reason: str = ""
    # Why it is due then, if somebody set the date; not kept with the clock.
    because: str = field(default="", compare=False)

    @property
    def dates(self) -> tuple[object, ...]:
        """What the history of due dates keeps."""
        return (
            self.due_operational,
            self.due_statutory_latest,
            self.rule,
            self.digest if self.has_date else "",
        )

    @property
    def has_date(self) -> bool:
        """Whether it is due, be it without a date."""
        return bool(self.due_operational) or self.state == State.NO_DATE


class Change(StrEnum):
    """What is said of a clock on the record."""

    STARTED = "started"
    MOVED = "moved"
    MET = "met"
    CANCELLED = "cancelled"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Step:
    """One clock that changes; `before` is None for a new one."""

    key: Key
    before: Terms | None
    after: Terms
    changes: tuple[Change, ...]
    moved_because: str = ""

    @property
    def is_earlier(self) -> bool:
        """Whether it is due before it was."""
        old = self.before.due_operational if self.before else None
        new = self.after.due_operational
        return old is not None and new is not None and new < old


def plan(
    standing: Mapping[Key, Terms],
    wanted: Mapping[Key, Terms],
    *,
    why_not: Mapping[str, str] = MappingProxyType({}),
) -> list[Step]:
    """Return the clocks that change, in the order of their keys.

    What is not wanted any more is cancelled, for a reason by regime; what was reported
    stays so.
    """
    found = []
    for key in sorted(standing.keys() | wanted.keys()):
        before, after = standing.get(key), wanted.get(key)
        if before is None:
            # What the law has ended before it began is no duty.
            if after is not None and after.state != State.CANCELLED:
                found.append(_step(key, None, after))
        elif after is None:
            if before.state in OPEN:
                reason = why_not.get(key.regime_id, NOT_WATCHED)
                gone = replace(before, state=State.CANCELLED, reason=reason)
                found.append(_step(key, before, gone))
        elif before != (after := _kept(before, after)):
            found.append(_step(key, before, after))
    return found


def _kept(before: Terms, after: Terms) -> Terms:
    """Return how a clock stands now: one that was met keeps the dates that it had.

    Only another instant that it counts from moves them: it was due then, and not before.
    """
    if not before.state == after.state == State.MET or before.met_at != after.met_at:
        return after
    counted = after.due_operational and (after.anchor, after.counted_from)
    if counted and counted != (before.anchor, before.counted_from):
        return after
    return replace(before, met_by=after.met_by)


def _step(key: Key, before: Terms | None, after: Terms) -> Step:
    return Step(
        key, before, after, tuple(_changes(before, after)), _why_moved(before, after)
    )


def _changes(before: Terms | None, after: Terms) -> Iterator[Change]:
    was = before.state if before else None
    if before is None:
        yield Change.STARTED
    elif was not in OPEN and after.state in OPEN:
        yield Change.RESUMED
    if before and before.dates != after.dates and after.state != State.CANCELLED:
        yield Change.MOVED
    if after.state == State.MET and (before is None or before.met_at != after.met_at):
        yield Change.MET
    if after.state == State.CANCELLED and was != State.CANCELLED:
        yield Change.CANCELLED


def _why_moved(before: Terms | None, after: Terms) -> str:
    """Return why a due date is what it is now, for its history."""
    if after.because:
        return after.because
    if not after.has_date:
        waits = ", ".join(after.waiting_for)
        return f"waits for {waits}" if waits else after.reason
    if after.due_operational is None:
        return "the law gives no date"
    if before is None or not before.has_date:
        return f"counted from {after.anchor}"
    return _why_again(before, after)


def _why_again(before: Terms, after: Terms) -> str:
    if why := what_changed(before.flags, after.flags):
        return why
    if before.digest != after.digest:
        return "by the law's newer text"
    if before.anchor != after.anchor:
        return f"counted from {after.anchor}, no longer from {before.anchor}"
    if before.counted_from != after.counted_from:
        return f"another instant of {after.anchor} counts"
    return "by another place, calendar or kind of entity"
