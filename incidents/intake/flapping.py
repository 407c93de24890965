"""Notice alerts that come and go, and keep their incident in one piece meanwhile.

An alert that changed n times within m minutes makes its incident flap: it no longer
resolves by itself and gets no worse by itself, so that each new change pages nobody. It
ends after m minutes without a change; what has cleared by then resolves.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.lifecycle import resolve_cleared
from incidents.incident.models import Incident
from incidents.intake.backlog import waiting_since
from incidents.intake.models import Alert, Source
from incidents.intake.news import AlertChange, StepKind
from incidents.timers.models import Timer
from incidents.timers.schedule import NewTimer, add_timers

FLAPPING_ENDS: Final = "intake.flapping"
LOOK_AGAIN: Final = timedelta(seconds=10)
_CHANGES: Final = {StepKind.ATTACHED, StepKind.RESOLVED}


def note_changes(changes: Iterable[AlertChange], sources: Mapping[int, Source]) -> None:
    """Keep the instants of each alert's last changes, where its source counts them."""
    for change in changes:
        source = sources[change.key[0]]
        if source.flap_changes:
            times = [
                step.news.received_at for step in change.steps if _counts(step.kind)
            ]
            change.change_times = _last(change.change_times, times, source)


def mark_flapping(
    homes: Sequence[tuple[Incident, AlertChange]],
    sources: Mapping[int, Source],
    *,
    now: datetime,
) -> None:
    """Mark the open incidents of alerts that changed too often. Requires them locked."""
    found: dict[int, tuple[Incident, Source]] = {}
    for incident, change in homes:
        source = sources[change.key[0]]
        if not source.flap_changes or incident.is_closed or incident.flapping_since:
            continue
        if change.steps and len(change.change_times) >= source.flap_changes:
            found.setdefault(incident.pk, (incident, source))
    if not found:
        return
    for incident, source in found.values():
        incident.flapping_since = now
        _record(incident, "incident.flapping", source)
    Incident.objects.filter(pk__in=found).update(flapping_since=now)
    add_timers(
        _timer(incident, now + _quiet(source)) for incident, source in found.values()
    )


def end_flapping(timers: Sequence[Timer], now: datetime) -> None:
    """Take as steady what has not changed for long enough. Requires the incidents locked.

    What has changed since, or may have by what still waits to be read, is looked at
    again later. What was closed meanwhile flaps no more.
    """
    with recording(now):
        rows = Incident.objects.select_related("source", "organisation")
        ids = [timer.subject_id for timer in timers]
        marked = list(rows.filter(pk__in=ids, flapping_since__isnull=False))
        closed = [incident.pk for incident in marked if incident.is_closed]
        Incident.objects.filter(pk__in=closed).update(flapping_since=None)
        flapping = [incident for incident in marked if not incident.is_closed]
        last = _last_changes(flapping)
        waiting = waiting_since(_owners(flapping))
        later: list[NewTimer] = []
        steady: list[Incident] = []
        for incident in flapping:
            quiet_at = _quiet_at(incident, last)
            if quiet_at > now:
                later.append(_timer(incident, quiet_at))
            elif waiting.get(incident.source_id or 0, now) < quiet_at:
                later.append(_timer(incident, now + LOOK_AGAIN))
            else:
                steady.append(incident)
        add_timers(later)
        _settle(steady, now)


def _owners(incidents: Sequence[Incident]) -> dict[int, int]:
    return {i.source_id: i.organisation_id for i in incidents if i.source_id}


def _settle(incidents: Sequence[Incident], now: datetime) -> None:
    Incident.objects.filter(pk__in=[i.pk for i in incidents]).update(
        flapping_since=None
    )
    for incident in incidents:
        incident.flapping_since = None
        _record(incident, "incident.steady", incident.source)
    done = [
        incident
        for incident in incidents
        if incident.open_alert_count == 0
        and not incident.is_touched
        and incident.source
        and incident.source.resolves_incidents
    ]
    if done:
        resolve_cleared(done, actor_of=lambda i: Actor.system(i.organisation), now=now)


def _counts(kind: StepKind) -> bool:
    return kind in _CHANGES


def _last(
    kept: Sequence[datetime], new: Sequence[datetime], source: Source
) -> tuple[datetime, ...]:
    """Return the instants within the source's minutes before the last, not over n."""
    times = sorted([*kept, *new])
    if not times:
        return ()
    begins_at = times[-1] - timedelta(minutes=source.flap_minutes)
    return tuple([at for at in times if at >= begins_at][-source.flap_changes :])


def _last_changes(incidents: Sequence[Incident]) -> dict[int, datetime]:
    """Return {incident id: when one of its alerts last changed}, in one statement."""
    rows = Alert.objects.filter(incident__in=incidents).exclude(Q(change_times=[]))
    last: dict[int, datetime] = {}
    for pk, times in rows.values_list("incident_id", "change_times"):
        at = datetime.fromisoformat(times[-1])
        last[pk] = max(at, last.get(pk, at))
    return last


def _quiet_at(incident: Incident, last: Mapping[int, datetime]) -> datetime:
    since = incident.flapping_since or incident.opened_at
    return max(since, last.get(incident.pk, since)) + _quiet(incident.source)


def _quiet(source: Source | None) -> timedelta:
    return timedelta(minutes=source.flap_minutes if source else 0)


def _record(incident: Incident, kind: str, source: Source | None) -> None:
    body = {}
    if source:
        body = {"changes": source.flap_changes, "minutes": source.flap_minutes}
    record(
        kind,
        incident=incident,
        organisation_id=incident.organisation_id,
        actor=Actor.system(incident.organisation),
        body=body,
    )


def _timer(incident: Incident, due_at: datetime) -> NewTimer:
    return NewTimer(
        FLAPPING_ENDS,
        subject_id=incident.pk,
        organisation_id=incident.organisation_id,
        incident_id=incident.pk,
        due_at=due_at,
    )
