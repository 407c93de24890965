"""When statutory clocks look: somebody asked, a warning is due, or a law's text changed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from escalation.duties.clocks import look_at
from escalation.duties.looking import LOOK, REGIME_CHANGED, WARN, ask_to_look_at
from escalation.duties.models import StatutoryClock
from incidents.models import Timer
from incidents.timers.schedule import NewTimer, add_timers, register_handler

# Clocks of a changed law that are asked for in one go.
BATCH: Final = 5_000


def register_handlers() -> None:
    """Register the timers of statutory clocks; called when the app is ready."""
    register_handler(LOOK, look)
    register_handler(WARN, look)
    register_handler(REGIME_CHANGED, look_through)


def look(timers: Sequence[Timer], now: datetime) -> None:
    """Compute the clocks of these timers' places; a timer that is stale does nothing."""
    places = {(t.incident_id, t.organisation_id) for t in timers if t.incident_id}
    fired = {t.subject_id for t in timers if t.kind == WARN}
    look_at(places, now=now, fired=fired)


def look_through(timers: Sequence[Timer], now: datetime) -> None:
    """Ask for a look at the open clocks of laws whose text has changed, batch by batch."""
    for timer in timers:
        payload = timer.payload
        rows = StatutoryClock.objects.filter(
            regime_id=payload["regime"], ended_at=None, pk__gt=payload.get("after", 0)
        ).order_by("pk")
        found = list(rows.values_list("pk", "incident_id", "organisation_id")[:BATCH])
        ask_to_look_at(((i, o) for _, i, o in found), now)
        if len(found) == BATCH:
            add_timers([_next(timer, after=found[-1][0], now=now)])


def _next(timer: Timer, *, after: int, now: datetime) -> NewTimer:
    return NewTimer(
        kind=REGIME_CHANGED,
        subject_id=timer.subject_id,
        organisation_id=timer.organisation_id,
        due_at=now,
        payload={**timer.payload, "after": after},
    )
