"""Bring a batch of news to its alerts and its incidents, in a fixed number of statements.

Locks are taken in one order by every worker, so that none waits in a circle: groups
that have no incident are opened sorted by key, then all incidents are locked by id,
then the alerts by id. What was planned from an unlocked reading is worked out again
under the locks; where the two differ, another worker was faster and nothing is kept.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.incident.lifecycle import lock_incidents, resolve_cleared
from incidents.incident.models import Incident
from incidents.incident.opening import open_incidents
from incidents.intake.alerts import (
    Overtaken,
    count_alerts,
    move_alerts,
    read_alerts,
    write_alerts,
)
from incidents.intake.counts import counted, write_counts
from incidents.intake.flapping import mark_flapping, note_changes
from incidents.intake.group_incident import incident_of, severity_in
from incidents.intake.group_windows import window_timers
from incidents.intake.models import Source
from incidents.intake.news import (
    FIRING,
    AlertChange,
    AlertKey,
    GroupKey,
    News,
    Step,
    StepKind,
    fold_news,
    joined_groups,
    shared_labels,
)
from incidents.intake.overflow import beyond_bound, shared_home
from incidents.intake.remarks import acknowledge_told, is_of_former
from incidents.intake.step_bodies import body_of
from incidents.intake.suppressors import record_suppressions, with_holds
from incidents.timers.schedule import add_timers


@dataclass(slots=True)
class _Batch:
    """One batch at work: the news, their sources, and the homes of their groups."""

    news: Sequence[News]
    sources: Mapping[int, Source]
    now: datetime
    homes: dict[GroupKey, int] = field(default_factory=dict)
    opened: set[int] = field(default_factory=set)
    incidents: dict[int, Incident] = field(default_factory=dict)

    @property
    def keys(self) -> list[AlertKey]:
        return sorted({item.key for item in self.news})

    def home_of(self, change: AlertChange) -> int | None:
        """Return the incident that the alert belongs to after the batch."""
        if change.held:
            return None
        if change.joins:
            return self.homes[change.joins]
        return change.row.incident_id if change.row else None

    def home_at(self, change: AlertChange, step: Step) -> Incident | None:
        """Return the incident that the alert belonged to at one of its steps."""
        old = change.row.incident_id if change.row else None
        home = self.home_of(change) if step.is_in_new_home else old
        return self.incidents[home] if home else None


def apply_news(
    news: Sequence[News], sources: Mapping[int, Source], *, now: datetime
) -> list[News]:
    """Update alerts, open and resolve incidents, and record each change of state.

    Requires an open recording, and news in the order received. Locks the incidents and
    the alerts. Returns what was said of alerts that do not fire. Raises Overtaken.
    """
    if not news:
        return []
    news = with_holds(news, sources, now=now)
    batch = _Batch(news, sources, now)
    planned = fold_news(news, read_alerts(batch.keys, is_locking=False))
    groups = joined_groups(planned.values())
    _find_or_open_homes(batch, groups)
    rows = [change.row for change in planned.values() if change.row]
    known = {row.incident_id for row in rows if row.incident_id}
    batch.incidents = lock_incidents(known | set(batch.homes.values()))
    changes = fold_news(news, read_alerts(batch.keys, is_locking=True))
    _require_as_planned(batch, groups, changes)
    _write(batch, list(changes.values()))
    return [item for change in changes.values() for item in change.untold]


def take_over_alerts(incident: Incident, into: Incident) -> None:
    """Give the alerts of a merged incident to the other one. Requires both locked."""
    move_alerts(incident.pk, into_id=into.pk)
    counts = count_alerts([into.pk])
    into.alert_count, into.open_alert_count = counts.get(into.pk, (0, 0))
    if into.open_alert_count:
        into.all_clear_at = None
    write_counts([into])


def _find_or_open_homes(
    batch: _Batch, groups: Mapping[GroupKey, list[AlertChange]]
) -> None:
    """Give each group an open incident: the one it has, a new one, or a rival's."""
    if not groups:
        return
    batch.homes = _open_homes(groups)
    missing = [key for key in groups if key not in batch.homes]
    if not missing:
        return
    beyond = beyond_bound(missing, groups)
    wanted = {key: groups[key] for key in missing if key not in beyond}
    for key in sorted(beyond):
        wanted.setdefault(shared_home(key), []).extend(groups[key])
    batch.homes |= _open_homes([shared_home(key) for key in beyond])
    _open(batch, {k: wanted[k] for k in sorted(wanted) if k not in batch.homes})
    if rivals := [key for key in wanted if key not in batch.homes]:
        batch.homes.update(_open_homes(rivals))
    for key in beyond:
        if shared_home(key) in batch.homes:
            batch.homes[key] = batch.homes[shared_home(key)]
    if not batch.homes.keys() >= groups.keys():
        raise Overtaken


def _open(batch: _Batch, groups: Mapping[GroupKey, list[AlertChange]]) -> None:
    """Open an incident for each of these groups, unless a rival is opening it."""
    opened = open_incidents(
        [
            incident_of(key, changes, source=batch.sources[key[0]])
            for key, changes in groups.items()
        ],
        actors=[_tool(batch.sources[source_id]) for source_id, _ in groups],
        now=batch.now,
    )
    batch.opened = {incident.pk for incident in opened}
    for incident in opened:
        batch.homes[incident.source_id or 0, incident.group_key] = incident.pk


def _open_homes(groups: Collection[GroupKey]) -> dict[GroupKey, int]:
    rows = Incident.objects.active().filter(
        source_id__in={source_id for source_id, _ in groups},
        group_key__in={group for _, group in groups},
    )
    found = {
        (source_id, group): pk
        for source_id, group, pk in rows.values_list("source_id", "group_key", "pk")
    }
    return {key: found[key] for key in groups if key in found}


def _require_as_planned(
    batch: _Batch,
    groups: Mapping[GroupKey, list[AlertChange]],
    changes: Mapping[AlertKey, AlertChange],
) -> None:
    rows = [change.row for change in changes.values() if change.row]
    is_covered = all(
        row.incident_id is None or row.incident_id in batch.incidents for row in rows
    )
    is_open = all(not batch.incidents[pk].is_closed for pk in batch.homes.values())
    is_same = joined_groups(changes.values()).keys() == groups.keys()
    if not (is_covered and is_open and is_same):
        raise Overtaken


def _write(batch: _Batch, changes: Sequence[AlertChange]) -> None:
    note_changes(changes, batch.sources)
    write_alerts(
        changes,
        incident_ids={change.key: batch.home_of(change) for change in changes},
        organisation_ids={pk: s.organisation_id for pk, s in batch.sources.items()},
    )
    record_suppressions(changes, now=batch.now)
    _record_steps(batch, changes)
    _acknowledge(batch, changes)
    touched = _touched(batch, changes)
    if not touched:
        return
    before = {incident.pk: counted(incident) for incident in touched}
    _count(batch, touched, changes)
    homes = [
        (batch.incidents[home], change)
        for change in changes
        if (home := batch.home_of(change))
    ]
    mark_flapping(homes, batch.sources, now=batch.now)
    _raise_severities(batch, changes)
    write_counts([i for i in touched if counted(i) != before[i.pk]])
    opened = [incident for incident in touched if incident.pk in batch.opened]
    add_timers(window_timers(opened, batch.sources))
    _resolve(batch, touched, changes)


def _record_steps(batch: _Batch, changes: Iterable[AlertChange]) -> None:
    steps = [(change, step) for change in changes for step in change.steps]
    steps.sort(key=lambda pair: (pair[1].news.delivery_id, pair[1].news.place))
    for change, step in steps:
        if step.kind is StepKind.SUPPRESSED:
            _record_held(batch, step)
            continue
        incident = batch.home_at(change, step)
        if incident is None or is_of_former(step, incident):
            continue
        record(
            step.kind,
            incident=incident,
            organisation_id=incident.organisation_id,
            actor=_teller(step.news, batch),
            body=body_of(step),
        )


def _record_held(batch: _Batch, step: Step) -> None:
    """Record an alert that was held back: it has no incident on whose timeline to stand."""
    source = batch.sources[step.news.source_id]
    body = body_of(step)
    if step.news.hold:
        body["reason"] = step.news.hold.reason
    record(
        step.kind,
        organisation_id=source.organisation_id,
        actor=_teller(step.news, batch),
        body=body,
    )


def _touched(batch: _Batch, changes: Iterable[AlertChange]) -> list[Incident]:
    """Return the incidents that alerts joined, left, or brought news to, ids ascending."""
    ids: set[int] = set()
    for change in changes:
        if change.latest:
            homes = (batch.home_of(change), change.row and change.row.incident_id)
            ids.update(home for home in homes if home)
    return [batch.incidents[pk] for pk in sorted(ids)]


def _count(
    batch: _Batch, touched: Sequence[Incident], changes: Iterable[AlertChange]
) -> None:
    """Count the alerts of locked incidents, and narrow the labels that they share."""
    counts = count_alerts([incident.pk for incident in touched])
    for incident in touched:
        total, firing = counts.get(incident.pk, (0, 0))
        # An alert that fired again elsewhere was still one of this closed incident.
        incident.alert_count = max(incident.alert_count, total)
        is_clearing = incident.open_alert_count > 0 or incident.pk in batch.opened
        incident.open_alert_count = firing
        if firing:
            incident.all_clear_at = None
        elif is_clearing:
            incident.all_clear_at = batch.now
    for incident, step in _attached(batch, changes):
        times = (incident.last_alert_at, step.news.received_at)
        incident.last_alert_at = max(time for time in times if time)
    for incident, item in _joined(batch, changes):
        if incident.source_id and incident.pk not in batch.opened:
            incident.labels = shared_labels([incident.labels, item.alert.labels])


def _raise_severities(batch: _Batch, changes: Iterable[AlertChange]) -> None:
    worst: dict[int, int] = {}
    for incident, item in _joined(batch, changes):
        level = severity_in(item, batch.sources[item.source_id])
        worst[incident.pk] = max(level, worst.get(incident.pk, 0))
    for pk, level in sorted(worst.items()):
        incident = batch.incidents[pk]
        if incident.is_touched or incident.is_closed or incident.flapping_since:
            continue
        if level <= incident.severity:
            continue
        old, incident.severity = incident.severity, level
        record(
            "incident.severity_changed",
            incident=incident,
            organisation_id=incident.organisation_id,
            actor=_system(incident, batch),
            body={"old": old, "new": level, "reason": "a worse alert joined"},
        )


def _attached(
    batch: _Batch, changes: Iterable[AlertChange]
) -> Iterable[tuple[Incident, Step]]:
    """Yield each step that brought an alert to an incident, with that."""
    for change in changes:
        for step in change.steps:
            home = batch.home_at(change, step)
            if step.kind is StepKind.ATTACHED and home:
                yield home, step


def _joined(
    batch: _Batch, changes: Iterable[AlertChange]
) -> Iterable[tuple[Incident, News]]:
    """Yield each alert that fires now, with its incident."""
    for change in changes:
        home = batch.home_of(change)
        if change.latest and change.latest.alert.status == FIRING and home:
            yield batch.incidents[home], change.latest


def _acknowledge(batch: _Batch, changes: Iterable[AlertChange]) -> None:
    """Acknowledge incidents of which a client of the tool said that somebody has them."""
    said: dict[int, Source] = {}
    for change in changes:
        for step in change.steps:
            home = batch.home_at(change, step)
            if step.kind is not StepKind.ACKNOWLEDGED or home is None:
                continue
            if not home.is_closed and not is_of_former(step, home):
                said[home.pk] = batch.sources[step.news.source_id]
    acknowledge_told(said, batch.incidents, now=batch.now)


def _resolve(
    batch: _Batch, touched: Iterable[Incident], changes: Iterable[AlertChange]
) -> None:
    """Resolve what has cleared, if its source says so and no person has touched it."""
    cleared_now = {
        home.pk
        for change in changes
        for step in change.steps
        if step.kind is StepKind.RESOLVED and (home := batch.home_at(change, step))
    }
    done = [
        incident
        for incident in touched
        if incident.pk in cleared_now
        and incident.open_alert_count == 0
        and not incident.is_closed
        and not incident.is_touched
        and not incident.flapping_since
        and (source := batch.sources.get(incident.source_id or 0))
        and source.resolves_incidents
    ]
    if done:
        resolve_cleared(done, actor_of=lambda i: _system(i, batch), now=batch.now)


def _teller(news: News, batch: _Batch) -> Actor:
    """Return who brings the news: the tool, or time."""
    source = batch.sources[news.source_id]
    return Actor.system(source.organisation) if news.is_wake else _tool(source)


def _tool(source: Source) -> Actor:
    return Actor.source(source.organisation, name=source.name)


def _system(incident: Incident, batch: _Batch) -> Actor:
    sources = batch.sources.values()
    owner = next(
        s.organisation for s in sources if s.organisation_id == incident.organisation_id
    )
    return Actor.system(owner)
