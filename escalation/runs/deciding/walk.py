"""How far one decision has come, and what a step answers. Pure."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from escalation.policies.targets import Target
from escalation.runs.actions import Action, Skip
from escalation.runs.situation import Facts, Reason


@dataclass(slots=True)
class Walk:
    """One decision under way: the step that is looked at, and what was found so far.

    `has_told` and `has_missed` say whether a step since the last wait reached somebody,
    and whether one reached nobody.
    """

    facts: Facts
    now: datetime
    due_at: datetime
    index: int
    round: int
    has_told: bool = False
    has_missed: bool = False
    actions: list[Action] = field(default_factory=list)
    # How many turns of each round robin this decision has taken.
    turns: dict[Target, int] = field(default_factory=dict)

    @property
    def is_dead_end(self) -> bool:
        """Whether a wait here would be for nobody: its steps all reached nobody."""
        return self.has_missed and not self.has_told

    def skip(self, reason: Reason, *, is_dead_end: bool = False) -> "Taken":
        """Return that the present step is passed over."""
        return Taken(Skip(self.index, self.round, reason, is_dead_end))


class Taken(NamedTuple):
    """What came of a step: an action, and where the path goes on.

    Without `to` it goes on with the step that follows. `until` ends the walk and is when
    to look again; `ends` ends the path.
    """

    action: Action | None = None
    to: int | None = None
    until: datetime | None = None
    ends: bool = False
