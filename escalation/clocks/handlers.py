"""When clocks look: at their own timers, and when something happened on their incident.

What happened reaches them as pending entries. `follow` turns those into timers, due now,
in the transaction that drops them: so a crash loses none, the loop locks the incidents,
and one that cannot be settled comes back by itself without holding up the others.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from escalation.clocks.acts import DONE_BY
from escalation.clocks.models import Clock
from escalation.clocks.settle import open_clocks, settle
from escalation.clocks.timers import BREACH, LOOK, RETARGET, WARN
from incidents.events.pending import claim, drop, register_consumer
from incidents.events.record import recording
from incidents.incident.lifecycle import on_reopened
from incidents.models import Incident, Pending, Timer
from incidents.timers.schedule import NewTimer, add_timers, register_handler

CLOCKS: Final = "clocks"
BATCH: Final = 500
_RETARGETED_BY: Final = "incident.severity_changed"
KINDS: Final = frozenset({_RETARGETED_BY, "incident.unshared", "triage.merged"}).union(
    *DONE_BY.values()
)


def register_handlers() -> None:
    """Register the consumer, the timers and the hook; called when the app is ready."""
    register_consumer(CLOCKS, kinds=KINDS)
    for kind in (WARN, BREACH, LOOK):
        register_handler(kind, look)
    on_reopened(start_anew)


def follow(now: datetime) -> int:
    """Turn one batch of waiting entries into timers; returns how many entries."""
    with recording(now):
        rows = claim(CLOCKS, limit=BATCH)
        add_timers(_timers(rows, now))
        drop(rows)
    return len(rows)


def look(timers: Sequence[Timer], now: datetime) -> None:
    """Settle the clocks of these timers' incidents; a timer that is stale does nothing."""
    settle(open_clocks(t.incident_id for t in timers if t.incident_id), now=now)


def start_anew(incident: Incident, now: datetime) -> None:
    """Let what runs on a reopened incident end; its new runs start new clocks.

    Requires an open `recording` and the incident to be locked.
    """
    settle(open_clocks([incident.pk]), now=now)
    Clock.objects.filter(incident=incident, is_current=True).update(is_current=False)


def _timers(rows: Sequence[Pending], now: datetime) -> Iterable[NewTimer]:
    """Return one timer for each incident; without clocks only a severity matters."""
    watched = _watched({row.incident_id for row in rows if row.incident_id})
    made: dict[tuple[str, int], NewTimer] = {}
    for row in rows:
        kind = RETARGET if row.kind == _RETARGETED_BY else LOOK
        incident_id = row.incident_id
        if incident_id is None or (kind == LOOK and incident_id not in watched):
            continue
        made[kind, incident_id] = NewTimer(
            kind=kind,
            subject_id=incident_id,
            organisation_id=row.actor_id,
            incident_id=incident_id,
            due_at=now,
        )
    return made.values()


def _watched(incident_ids: set[int]) -> set[int]:
    rows = Clock.objects.filter(incident__in=incident_ids, ended_at=None)
    return set(rows.values_list("incident_id", flat=True))
