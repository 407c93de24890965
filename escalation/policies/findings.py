"""What a policy is checked against, and what is found. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from escalation.policies.targets import Target

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (error: it is refused) or looks so (warning).

    `where` is a step's label, else `fallback`, `acknowledgement`, `clocks[0]`, or empty
    for the policy as a whole; `what` is a short code.
    """

    level: Level
    where: str
    what: str
    message: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or a desk or webhook, and the channels of their verified methods."""

    name: str
    channels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which nobody is on call."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom a target may reach: those who are there now, or are on call in 30 days."""

    people: tuple[Person, ...] = ()
    gaps: tuple[Gap, ...] = ()
    is_human: bool = True
    is_outside: bool = False

    @property
    def reachable(self) -> tuple[Person, ...]:
        """Those with a verified method."""
        return tuple(person for person in self.people if person.channels)


@dataclass(frozen=True, slots=True)
class Around:
    """What is there around a policy: of its own organisation, and what it may name."""

    slug: str = ""
    targets: Mapping[Target, Reached] = field(default_factory=dict)
    # {calendar: whether it ever opens}, {policy in use: those that it may go on with}
    calendars: Mapping[str, bool] = field(default_factory=dict)
    policies: Mapping[str, frozenset[str]] = field(default_factory=dict)
