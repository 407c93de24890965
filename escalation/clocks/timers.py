"""The timers of clocks: each only says "look"; what is true then is computed then."""

from collections.abc import Sequence
from typing import Final

from escalation.clocks.models import LIVE, Clock
from escalation.clocks.sla import AFTER_DUE, Terms, notice_instants
from incidents.models import Timer
from incidents.timers.schedule import NewTimer, add_timers

WARN: Final = "clock.warn"
BREACH: Final = "clock.breach"
# Something happened on the incident; made from an entry, or from another slice.
LOOK: Final = "clock.look"
# The severity changed: other targets hold.
RETARGET: Final = "clock.retarget"
# What a breach does to the run; the kind's handler belongs to the runs.
EFFECT: Final = "run.clock_effect"


def arm(clocks: Sequence[tuple[Clock, Terms]], *, are_new: bool) -> None:
    """Set the timers of the next warnings and of the breach, in place of the old ones."""
    if not are_new and clocks:
        ids = [clock.pk for clock, _ in clocks]
        Timer.objects.filter(kind__in=(WARN, BREACH), subject_id__in=ids).delete()
    add_timers(
        timer
        for clock, terms in clocks
        if clock.state in LIVE
        for timer in _timers(clock, terms)
    )


def _timers(clock: Clock, terms: Terms) -> list[NewTimer]:
    timers = [
        NewTimer(
            kind=WARN,
            subject_id=clock.pk,
            organisation_id=clock.organisation_id,
            incident_id=clock.incident_id,
            due_at=one.at,
            payload={"warning": one.notice.name},
        )
        for one in notice_instants(terms)
        if one.notice.name not in clock.warned
    ]
    if clock.due_at is not None:
        timers.append(
            NewTimer(
                kind=BREACH,
                subject_id=clock.pk,
                organisation_id=clock.organisation_id,
                incident_id=clock.incident_id,
                due_at=clock.due_at + AFTER_DUE,
            )
        )
    return timers
