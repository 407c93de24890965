"""The clocks of a simulation: when each warns, and when it is breached. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from escalation.calendars.working_time import WorkingTime
from escalation.clocks.sla import Terms, due_at, notice_instants
from escalation.policies.clock_targets import (
    OTHER,
    WHATS,
    ClockTarget,
    Effect,
    parse_clocks,
    target_for,
)

# What an answer does that ends a clock of the answering side.
_MET_BY: Final = {
    "ack": ("acknowledge_by",),
    "resolve": ("resolve_by", "first_update_by"),
}


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """A warning or a breach that comes unless the clock is met before."""

    at: datetime
    kind: str
    what: str
    text: str
    effects: tuple[Effect, ...] = ()
    # Whose clock it is: a step that an effect names is one of this policy.
    policy: str = ""


@dataclass(slots=True)
class SimulatedClocks:
    """Which clocks run, by what they wait for. `working_time` finds a calendar."""

    start: datetime
    working_time: Callable[[str], WorkingTime | None]
    # Changes whenever instants move: what was foreseen before no longer holds.
    generation: int = 0
    _targets: dict[str, tuple[ClockTarget, ...]] = field(default_factory=dict)
    _policies: dict[str, str] = field(default_factory=dict)
    _over: dict[str, str] = field(default_factory=dict)
    _told: set[tuple[str, str]] = field(default_factory=set)

    def begin(self, policy: str, clocks: Sequence[Mapping[str, Any]]) -> None:
        """Start a policy's clocks; one that runs already keeps its own policy's terms."""
        targets = parse_clocks(list(clocks))
        for what in WHATS:
            if any(target.what == what for target in targets):
                self._targets.setdefault(what, targets)
                self._policies.setdefault(what, policy)

    def foreseen(self, severity: int, now: datetime) -> Iterator[ClockEvent]:
        """Yield what comes from now on at a severity, and forget what was foreseen."""
        self.generation += 1
        for what, targets in self._targets.items():
            target = target_for(targets, what, severity)
            if target is not None and what not in self._over:
                yield from self._events(target, now)

    def note(self, event: ClockEvent) -> bool:
        """Take an event as happened; tells whether it still counts."""
        place = (event.what, event.text)
        if event.what in self._over or place in self._told:
            return False
        self._told.add(place)
        if event.kind == "clock_breached":
            self._over[event.what] = "breached"
        return True

    def meet(self, deed: str, *, is_own: bool) -> list[str]:
        """Return what an answer did in time; those clocks are over."""
        met = [
            what
            for what in _MET_BY.get(deed, ())
            if what in self._targets
            and what not in self._over
            and is_own is (self._targets[what][0].side != OTHER)
        ]
        self._over |= dict.fromkeys(met, "met")
        return [WHATS[what] for what in met]

    def _events(self, target: ClockTarget, now: datetime) -> Iterator[ClockEvent]:
        terms = Terms(
            self.start,
            timedelta(minutes=target.minutes),
            self.working_time(target.calendar) if target.calendar else None,
            notices=target.warnings,
        )
        name, due = WHATS[target.what], due_at(terms)
        for notice in notice_instants(terms):
            if notice.at >= now:
                text = f"{name}: warning ({notice.notice.name})"
                yield ClockEvent(notice.at, "clock_warned", target.what, text)
        if due is not None:
            at, text = max(due, now), f"{name}: not done in time"
            kind, policy = "clock_breached", self._policies[target.what]
            yield ClockEvent(at, kind, target.what, text, target.effects, policy)
