"""Have an organisation's clocks looked at on every incident when its profile has changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from escalation.duties.following import ask_to_keep
from escalation.duties.models import StatutoryClock
from escalation.lawbook.profile_editing import PROFILE_CHANGED
from incidents.models import Incident, Status, Timer
from incidents.timers.schedule import register_handler

OPEN: Final = (Status.OPEN, Status.ACKNOWLEDGED)


def register_handlers() -> None:
    """Register what is done when a profile has changed; called when the app is ready."""
    register_handler(PROFILE_CHANGED, look_everywhere)


def look_everywhere(timers: Sequence[Timer], now: datetime) -> None:
    """Ask for a look at every open incident, and at each that has an open clock.

    What is known of them is noted first: who was under no law kept no time record. A
    resolved incident without a clock gets no look: its duties were settled under the
    profile that there was.
    """
    owners = {timer.organisation_id for timer in timers}
    clocked = StatutoryClock.objects.filter(organisation__in=owners, ended_at=None)
    open_ones = Incident.objects.filter(organisation__in=owners)
    places = {
        *open_ones.filter(status__in=OPEN).values_list("pk", "organisation_id"),
        *clocked.values_list("incident_id", "organisation_id"),
    }
    ask_to_keep(places, now)
