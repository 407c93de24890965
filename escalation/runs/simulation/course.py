"""What a simulation is about: the course that it takes, and what it looks at. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from escalation.calendars.working_time import WorkingTime
from escalation.policies.acknowledgement import Given
from escalation.runs.actions import Decision
from escalation.runs.simulation.outbox import Page
from escalation.runs.situation import Facts

# A simulation ends here; a policy that still goes on then says so.
HORIZON: Final = timedelta(days=14)

Place = tuple[int, int]  # step index, round


@dataclass(frozen=True, slots=True)
class Course:
    """What a simulated path has changed so far.

    `turns` is whose turn each team had last, by the team's slug.
    """

    policy: str
    severity: int
    shared_with: frozenset[str] = frozenset()
    came_from: tuple[str, ...] = ()
    turns: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens. `kind` is one of `EVENT_KINDS`."""

    at: datetime
    kind: str
    text: str
    label: str = ""
    round: int = 1
    recipients: tuple[str, ...] = ()
    page: Page | None = None
    place: Place | None = None


EVENT_KINDS: Final = {
    "started": "The path starts",
    "taken": "A step is taken",
    "skipped": "A step is passed over",
    "queued": "A message waits for its time",
    "sent": "A message goes out",
    "retried": "A message does not go out and is tried again",
    "failed": "A message is given up",
    "cancelled": "A message is no longer needed",
    "unreached": "A step that nobody got",
    "acknowledged": "Somebody acknowledges",
    "paused": "The path pauses",
    "resumed": "The path goes on",
    "passed_on": "Somebody passes it on",
    "exhausted": "Every step is taken",
    "stopped": "The path ends",
    "told": "People are told",
    "went_to": "The path goes to another step",
    "clock_warned": "A clock warns",
    "clock_breached": "A clock is breached",
    "clock_met": "A clock is met",
    "unfinished": "The simulation ends before the path",
}


class World(Protocol):
    """What is true at an instant, and how messages read."""

    @property
    def organisation(self) -> str:
        """The slug of the organisation whose policy it is."""
        ...

    @property
    def is_owner(self) -> bool:
        """Whether the incident is the organisation's own."""
        ...

    def facts(self, course: Course, at: datetime) -> Facts:
        """Return the facts, without any acknowledgement."""
        ...

    def messages(
        self, course: Course, facts: Facts, decision: Decision, at: datetime
    ) -> Sequence[Page]:
        """Return the messages that production would queue for a decision."""
        ...

    def working_time(self, calendar: str) -> WorkingTime | None:
        """Return a calendar of the organisation; None counts every hour."""
        ...

    def given_by(self, organisation: str, user_id: int | None) -> Given:
        """Return an acknowledgement of a person, or of somebody elsewhere."""
        ...
