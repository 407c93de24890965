"""Ask for a look at an organisation's statutory clocks: whatever they rest on has changed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from incidents.timers.schedule import NewTimer, add_timers

# Each only says "look": what is true then is computed then.
LOOK: Final = "duties.look"
WARN: Final = "duties.warn"
# The text of a law has changed: its open clocks are looked at, a batch at a time.
REGIME_CHANGED: Final = "duties.regime_changed"

Place = tuple[int, int]
"""Incident id, organisation id."""


def ask_to_look(incident_id: int, organisation_id: int, now: datetime) -> None:
    """Have one organisation's clocks on an incident computed anew, at once after commit."""
    ask_to_look_at([(incident_id, organisation_id)], now)


def ask_to_look_at(places: Iterable[Place], now: datetime) -> None:
    """Have clocks of many places computed anew, asked for in one statement."""
    add_timers(
        NewTimer(
            kind=LOOK,
            subject_id=incident_id,
            organisation_id=organisation_id,
            incident_id=incident_id,
            due_at=now,
        )
        for incident_id, organisation_id in sorted(set(places))
    )
