"""What `decide` answers: things to be done, as plain data. Pure.

Each names the step that asks for it. `engine.py` carries them out, in bulk.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from escalation.runs.situation import Reason, Recipient

State = Literal["active", "acknowledged", "exhausted", "jumped", "stopped"]
Turn = tuple[str, int]  # team's slug, id of the person whose turn was taken


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell these people."""

    step_index: int
    round: int
    recipients: tuple[Recipient, ...]
    turns: tuple[Turn, ...] = ()
    reason: Reason = Reason.DUE


@dataclass(frozen=True, slots=True)
class Assign:
    """Give the incident to one person and tell them."""

    step_index: int
    round: int
    user_id: int
    recipients: tuple[Recipient, ...]
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class AskDecision:
    """Ask these for a decision under a regime; nobody may be there to be told."""

    step_index: int
    round: int
    regime: str
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Let an agency see the incident."""

    step_index: int
    round: int
    agency: str


@dataclass(frozen=True, slots=True)
class RaiseSeverity:
    """Raise the incident's severity."""

    step_index: int
    round: int
    to: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Give people time; `from_instant` says what the wait counts from."""

    step_index: int
    round: int
    from_instant: Literal["due", "ran", "opening"]


@dataclass(frozen=True, slots=True)
class Branch:
    """Go into the branch of a condition that holds."""

    step_index: int
    round: int


@dataclass(frozen=True, slots=True)
class Jump:
    """Start another policy; this run ends."""

    step_index: int
    round: int
    policy: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Pass a step over; `is_dead_end` asks for the policy's owner to be told."""

    step_index: int
    round: int
    reason: Reason
    is_dead_end: bool = False


Action = (
    Notify | Assign | AskDecision | Share | RaiseSeverity | Wait | Branch | Jump | Skip
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, where the run then stands, and when to look again."""

    state: State
    reason: Reason
    step_index: int
    round: int
    actions: tuple[Action, ...] = ()
    next_due_at: datetime | None = None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Whose turns it takes, in which teams."""
        return tuple(
            turn
            for action in self.actions
            if isinstance(action, Notify | Assign)
            for turn in action.turns
        )
