"""When statutory clocks look: somebody asked, a warning is due, or a law's text changed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from escalation.duties.clocks import look_at
from escalation.duties.looking import LOOK, REGIME_CHANGED, WARN, ask_to_look_at
from escalation.duties.models import StatutoryClock
from escalation.duties.profile_changes import OPEN
from escalation.lawbook.models import LegalProfile
from incidents.models import Incident, Timer
from incidents.timers.schedule import NewTimer, add_timers, register_handler

# Clocks, and open incidents, of a changed law that are asked for in one go.
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
    """Ask for a look where a law whose text has changed has or may get clocks.

    That is at its open clocks, and at the open incidents of who watches it: a text that
    comes into effect starts what there was not. Both batch by batch.
    """
    for timer in timers:
        regime_id, payload = timer.payload["regime"], timer.payload
        clocks = StatutoryClock.objects.filter(
            regime_id=regime_id, ended_at=None, pk__gt=payload.get("after", 0)
        ).values_list("pk", "incident_id", "organisation_id")
        watching = LegalProfile.objects.filter(regimes__has_key=regime_id)
        incidents = Incident.objects.filter(
            organisation__in=watching.values("organisation"),
            status__in=OPEN,
            pk__gt=payload.get("after_incident", 0),
        ).values_list("pk", "pk", "organisation_id")
        clocked = list(clocks.order_by("pk")[:BATCH])
        opened = list(incidents.order_by("pk")[:BATCH])
        ask_to_look_at(((i, o) for _, i, o in [*clocked, *opened]), now)
        if BATCH in (len(clocked), len(opened)):
            seen = {"after": clocked, "after_incident": opened}
            news = {name: rows[-1][0] for name, rows in seen.items() if rows}
            add_timers([_next(timer, news, now)])


def _next(timer: Timer, seen: Mapping[str, int], now: datetime) -> NewTimer:
    return NewTimer(
        kind=REGIME_CHANGED,
        subject_id=timer.subject_id,
        organisation_id=timer.organisation_id,
        due_at=now,
        payload={**timer.payload, **seen},
    )
