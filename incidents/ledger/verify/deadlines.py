"""Recomputes from the entries what the record says of deadlines.

A clock's entries give its due instant, and that it was met or passed. What they say must
agree with itself, with the acts on record, and with the time bounds of witnesses: a thing
is proved on time when its entry had its place by the due instant, proved late when it had
none yet. In between nothing is proved, and that is said.

What this cannot see: a clock that should have been started, and whether a calendar or a
law was applied rightly; the due instants are taken as recorded.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from incidents.ledger.verify.entries import Hidden, Seen
from incidents.ledger.verify.heads import Bounds
from incidents.ledger.verify.instants import milliseconds, written
from incidents.ledger.verify.verdict import Code, Doubt, Finding, Rejected

GRACE_MS: Final = 300_000  # so long a busy system may take to say that one has passed
ROUNDING_MS: Final = 1

_STARTS: Final = frozenset({"clock.started", "clock.duty_started"})
_MOVES: Final = frozenset({"clock.moved", "clock.paused", "clock.resumed"})
# In the words of the record; a clock of another wording waits for several things.
_DONE_BY: Final[Mapping[str, str]] = {
    "Acknowledge": "incident.acknowledged",
    "Triage": "triage.decided",
    "Resolve": "incident.resolved",
}
_ACTS: Final = ("incident.", "triage.", "filing.")


@dataclass(slots=True)
class Clock:
    """A clock as its entries left it. Instants are milliseconds since 1970."""

    name: str
    seq: int
    due: int | None = None
    started: int | None = None
    outcome: str = "running"
    is_breached: bool = False
    is_paused: bool = False
    is_over: bool = False


class Deadlines:
    """Reads the entries in their order. Raises Rejected for what is proved false."""

    def __init__(self, bounds: Bounds, *, has_witnesses: bool) -> None:
        self._bounds = bounds
        self._has_witnesses = has_witnesses
        self._clocks: dict[tuple[str, str, int], Clock] = {}
        self._acts: dict[int, int] = {}
        self._done: dict[str, list[tuple[int, int]]] = {}
        self._last_at = 0
        self.findings: list[Finding] = []
        self.unread = 0

    @property
    def clocks(self) -> list[Clock]:
        """Return the clocks, in the order of their first entries."""
        return list(self._clocks.values())

    def see(self, entry: Seen | Hidden) -> None:
        """Take one entry."""
        if isinstance(entry, Hidden):
            self.unread += 1
            return
        self._last_at = max(self._last_at, entry.at_ms)
        if not entry.kind.startswith("clock."):
            if entry.kind.startswith(_ACTS):
                self._acts.setdefault(entry.at_ms, entry.index)
                self._done.setdefault(entry.kind, []).append((entry.at_ms, entry.index))
            return
        try:
            self._see_clock(entry, _body(entry))
        except _Unreadable:
            self.unread += 1

    def _see_clock(self, entry: Seen, body: Mapping[str, Any]) -> None:
        key = (
            _text(body, "regime"),
            _text(body, "stage"),
            _number(body, "clock"),
        )
        due = _instant(body, "due_at")
        clock = self._clocks.get(key)
        if clock is None:
            clock = self._clocks[key] = Clock(_text(body, "what"), entry.seq, due)
        if entry.kind in _STARTS:
            clock.started = _instant(body, "started_at")
        elif entry.kind not in _MOVES and not clock.is_paused:
            self._check_due(entry, clock, due)
        clock.due = due
        self._take(entry, clock, body)

    def _take(self, entry: Seen, clock: Clock, body: Mapping[str, Any]) -> None:
        match entry.kind:
            case "clock.breached":
                self._breached(entry, clock, _number(body, "late_ms"))
            case "clock.met":
                met_at = _instant(body, "met_at")
                if met_at is not None:
                    self._met(entry, clock, met_at, _number(body, "late_ms"))
                clock.is_over = True
            case "clock.cancelled":
                clock.is_over, clock.outcome = True, "cancelled"
            case "clock.paused":
                clock.is_paused, clock.outcome = True, "paused"
            case "clock.resumed":
                clock.is_paused = clock.is_over = False
                clock.outcome = "running"

    def _check_due(self, entry: Seen, clock: Clock, due: int | None) -> None:
        if clock.due is not None and due != clock.due:
            said = "none" if due is None else written(due)
            detail = f"{clock.name}: due {written(clock.due)} before, {said} here"
            self.findings.append(Finding(Doubt.CLOCK_MOVED, entry.seq, detail))

    def _breached(self, entry: Seen, clock: Clock, late_ms: int) -> None:
        clock.is_breached, clock.outcome = True, "passed"
        if clock.due is None:
            raise Rejected(
                Code.CLOCK_FALSE, f"entry {entry.seq}: {clock.name} had no due instant"
            )
        _, upper = self._bounds.of(entry.index)
        is_early = upper is not None and upper * 1000 < clock.due
        if is_early or entry.at_ms - clock.due + ROUNDING_MS < late_ms:
            raise Rejected(
                Code.CLOCK_FALSE,
                f"entry {entry.seq}: {clock.name} is said to have passed before"
                f" {written(clock.due)}",
            )
        for at, index in self._done.get(_DONE_BY.get(clock.name, ""), ()):
            if (clock.started or 0) <= at <= clock.due and index < entry.index:
                raise Rejected(
                    Code.CLOCK_FALSE,
                    f"entry {entry.seq}: {clock.name} is said to have passed, but was"
                    f" done {written(at)}",
                )

    def _met(self, entry: Seen, clock: Clock, met_at: int, late_ms: int) -> None:
        late = 0 if clock.due is None else max(0, met_at - clock.due)
        if abs(late - late_ms) > ROUNDING_MS:
            raise Rejected(
                Code.CLOCK_FALSE,
                f"entry {entry.seq}: {clock.name} was {late} ms late, not {late_ms}",
            )
        if late > ROUNDING_MS:
            clock.outcome = "done late"
            self._need_breach(clock, f"it was done {written(met_at)}")
        else:
            clock.outcome = self._prove(entry, clock, met_at)

    def _prove(self, entry: Seen, clock: Clock, met_at: int) -> str:
        """Return how far a claim to be on time is proved. Raises Rejected when it is not.

        The act itself bounds it best; its entry has the same instant. Where the act is on
        another side's record, the entry that it was met still bounds it from above.
        """
        if clock.due is None or not self._has_witnesses:
            return "done in time by the operator's clock"
        act = self._acts.get(met_at)
        lower, upper = self._bounds.of(entry.index if act is None else act)
        if upper is not None and upper * 1000 <= clock.due:
            return "done in time, proved"
        if act is not None and lower is not None and lower * 1000 > clock.due:
            raise Rejected(
                Code.CLOCK_FALSE,
                f"entry {entry.seq}: {clock.name} is said to be done in time, but no"
                f" entry of it was there at {written(lower * 1000)}",
            )
        detail = f"{clock.name}, due {written(clock.due)}, done {written(met_at)}"
        self.findings.append(Finding(Doubt.CLOCK_UNDETERMINED, entry.seq, detail))
        return "done in time by the operator's clock, not proved"

    def _need_breach(self, clock: Clock, why: str) -> None:
        """Require that it was said that a clock has passed, as far as all is readable."""
        if clock.is_breached:
            return
        due = "" if clock.due is None else written(clock.due)
        detail = f"{clock.name}, due {due}: {why}"
        if not self.unread:
            raise Rejected(Code.CLOCK_MISSING, detail)
        self.findings.append(Finding(Doubt.CLOCK_UNDETERMINED, clock.seq, detail))

    def finish(self, until_ms: int) -> None:
        """Look for clocks that had passed when the record was known to be whole."""
        until = max(until_ms, self._last_at)
        for clock in self._running():
            if clock.due is not None and clock.due + GRACE_MS < until:
                self._need_breach(clock, f"nothing says so by {written(until)}")

    def _running(self) -> Iterator[Clock]:
        for clock in self._clocks.values():
            if not clock.is_over and not clock.is_paused:
                yield clock


class _Unreadable(Exception):
    """An entry of a clock whose content is withheld, or is not as it is written here."""


def _body(entry: Seen) -> Mapping[str, Any]:
    body = entry.fields.get("body")
    if not isinstance(body, dict):
        raise _Unreadable
    return body


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise _Unreadable
    return value


def _number(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Unreadable
    return value


def _instant(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    try:
        return None if value is None else milliseconds(str(value))
    except ValueError:
        raise _Unreadable from None
