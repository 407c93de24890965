"""The case while it is played: who acts, on what, and how far it has come."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.showcase.cast import Cast
from escalation.showcase.passing import Hours
from incidents.models import Incident


@dataclass(frozen=True, slots=True)
class Case:
    """The incident, opened at `opened_at`, and the hours that go on from there."""

    cast: Cast
    incident: Incident
    opened_at: datetime
    hours: Hours

    def at(self, after: timedelta) -> datetime:
        """Let time pass until so long after the opening, and return that instant."""
        return self.hours.pass_until(self.opened_at + after)
