"""Turn rows into the terms that `sla` counts with, a batch at a time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from escalation.calendars.loading import from_snapshot
from escalation.clocks.models import Clock, ClockPause
from escalation.clocks.sla import Pause, Terms
from escalation.policies.clock_targets import parse_warnings


def pauses_of(clocks: Sequence[Clock]) -> dict[int, list[ClockPause]]:
    """Return each clock's pauses, oldest first, in one statement."""
    found: dict[int, list[ClockPause]] = defaultdict(list)
    for pause in ClockPause.objects.filter(clock__in=clocks):
        found[pause.clock_id].append(pause)
    return dict(found)


def terms_of(clock: Clock, pauses: Iterable[ClockPause]) -> Terms:
    """Return what a clock depends on."""
    return Terms(
        started_at=clock.started_at,
        duration=timedelta(minutes=clock.minutes),
        working_time=from_snapshot(clock.calendar) if clock.calendar else None,
        pauses=tuple(Pause(row.from_at, row.to_at) for row in pauses),
        notices=parse_warnings(clock.warn, "warn"),
    )
