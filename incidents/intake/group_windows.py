"""End the time in which a group's incident takes new alerts.

An incident that takes no more gives up its group's key, so that the next alert of the
group opens another. Its own alerts stay with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from incidents.incident.models import Incident
from incidents.intake.backlog import waiting_since
from incidents.intake.models import Source
from incidents.intake.news import hashed
from incidents.timers.models import Timer
from incidents.timers.schedule import NewTimer, add_timers, cancel_timers

WINDOW_ENDS: Final = "intake.group_window"
LOOK_AGAIN: Final = timedelta(seconds=10)


def window_timers(
    incidents: Iterable[Incident], sources: Mapping[int, Source]
) -> list[NewTimer]:
    """Return the timers of those incidents whose source has a window."""
    timers = []
    for incident in incidents:
        source = sources.get(incident.source_id or 0)
        if source and source.group_window_minutes and incident.last_alert_at:
            due_at = incident.last_alert_at + _window(source)
            timers.append(_timer(incident, due_at))
    return timers


def watch_windows(source: Source, *, now: datetime) -> None:
    """Look at the open incidents of a source anew, after its window was changed."""
    rows = Incident.objects.active().filter(source=source)
    incidents = list(rows.only("pk", "organisation_id"))
    cancel_timers(WINDOW_ENDS, [incident.pk for incident in incidents])
    if source.group_window_minutes:
        add_timers(_timer(incident, now) for incident in incidents)


def close_groups(timers: Sequence[Timer], now: datetime) -> None:
    """Let incidents take no more alerts whose window has ended. Requires them locked.

    What took an alert since is looked at again when that one's window ends, and what may
    still take one that waits to be read a little later. A closed one takes none when it
    is reopened.
    """
    rows = Incident.objects.select_related("source")
    chosen = list(rows.filter(pk__in=[timer.subject_id for timer in timers]))
    owners = {i.source_id: i.organisation_id for i in chosen if i.source_id}
    waiting = waiting_since(owners)
    later: list[NewTimer] = []
    ended: list[Incident] = []
    for incident in chosen:
        source = incident.source
        if source is None or not source.group_window_minutes:
            continue
        due_at = (incident.last_alert_at or incident.opened_at) + _window(source)
        if due_at > now:
            later.append(_timer(incident, due_at))
        elif waiting.get(source.pk, now) < due_at:
            later.append(_timer(incident, now + LOOK_AGAIN))
        else:
            incident.group_key = hashed(f"{incident.group_key} until {incident.pk}")
            ended.append(incident)
    Incident.objects.bulk_update(ended, ["group_key"])
    add_timers(later)


def _window(source: Source) -> timedelta:
    return timedelta(minutes=source.group_window_minutes)


def _timer(incident: Incident, due_at: datetime) -> NewTimer:
    return NewTimer(
        WINDOW_ENDS,
        subject_id=incident.pk,
        organisation_id=incident.organisation_id,
        incident_id=incident.pk,
        due_at=due_at,
    )
