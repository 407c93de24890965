"""Find out that a sign of life has not come, and that it came after all.

A monitor that is late opens one incident: the timer that finds it late is deleted in the
transaction that does so, and the next one is made only when it is back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.incident.lifecycle import resolve_cleared
from incidents.incident.models import Incident
from incidents.incident.opening import NewIncident, open_incidents
from incidents.intake.heartbeats.models import Heartbeat, HeartbeatState
from incidents.intake.heartbeats.rhythm import NEVER, Rhythm, due_after, in_words
from incidents.intake.silence_models import Suppression
from incidents.intake.suppression import AlertFacts, Hold, hold_of
from incidents.intake.suppressors import suppressors_at
from incidents.ledger.canonical import format_at
from incidents.timers.models import Timer
from incidents.timers.schedule import NewTimer, add_timers, cancel_timers

DUE: Final = "heartbeat.due"


def rhythm_of(heartbeat: Heartbeat) -> Rhythm:
    """Return how often its sign must come."""
    return Rhythm(
        period_minutes=heartbeat.period_minutes,
        cron=heartbeat.cron,
        zone=heartbeat.zone,
        grace_minutes=heartbeat.grace_minutes,
    )


def due_at(heartbeat: Heartbeat) -> datetime:
    """Return until when its next sign must have come."""
    signs = (heartbeat.last_ping_at, heartbeat.watched_since)
    return due_after(rhythm_of(heartbeat), max(at for at in signs if at))


def held_until(heartbeats: Sequence[Heartbeat], now: datetime) -> dict[int, datetime]:
    """Return {id: until when it is held back} of those that are, in one statement."""
    late = [row.pk for row in heartbeats if row.is_enabled and due_at(row) <= now]
    rows = Timer.objects.filter(
        kind=DUE, subject_id__in=late, payload__has_key="held_by"
    )
    return dict(rows.values_list("subject_id", "due_at"))


def watch(heartbeat: Heartbeat) -> None:
    """Wait for the next sign, in place of what waited before."""
    cancel_timers(DUE, [heartbeat.pk])
    if heartbeat.is_enabled and heartbeat.state != HeartbeatState.LATE:
        add_timers(_timers([heartbeat]))


def has_open_incident(row: Heartbeat) -> bool:
    """Whether the last incident that it opened is open."""
    return row.incident is not None and not row.incident.is_closed


def find_late(timers: Sequence[Timer], now: datetime) -> None:
    """Open an incident for each monitor whose sign has not come; locks them.

    Of those whose sign came the next one is waited for; those that a silence or a
    maintenance window holds back are looked at when it ends.
    """
    with recording(now):
        rows = _locked(timers)
        awaited = [r for r in rows if r.is_enabled and r.state != HeartbeatState.LATE]
        late = [row for row in awaited if due_at(row) <= now]
        add_timers(_timers([row for row in awaited if due_at(row) > now]))
        if late:
            held_by = {t.subject_id: t.payload.get("held_by", "") for t in timers}
            _be_late(_hold_back(late, held_by, now), now)


def bring_back(timers: Sequence[Timer], now: datetime) -> None:
    """Take late monitors as alive again; locks them, and requires their incidents locked.

    An incident that nobody has touched is resolved.
    """
    with recording(now):
        rows = [row for row in _locked(timers) if row.state == HeartbeatState.LATE]
        for row in rows:
            row.state, row.late_since = HeartbeatState.UP, None
        Heartbeat.objects.bulk_update(rows, ["state", "late_since"])
        _clear({row.incident: row for row in rows if has_open_incident(row)}, now)
        add_timers(_timers([row for row in rows if row.is_enabled]))


def _locked(timers: Sequence[Timer]) -> list[Heartbeat]:
    rows = Heartbeat.objects.filter(pk__in={timer.subject_id for timer in timers})
    chosen = rows.select_related("organisation", "incident").order_by("pk")
    return list(chosen.select_for_update(no_key=True, of=("self",)))


def _hold_back(
    late: Sequence[Heartbeat], held_by: Mapping[int, str], now: datetime
) -> list[Heartbeat]:
    """Look later at those that are held back; returns the others.

    What holds one is recorded and counted once: `held_by` says by what it was before.
    """
    ids = {row.organisation_id for row in late}
    suppressors = suppressors_at(now, organisation_ids=ids)
    holds = {row: hold for row in late if (hold := hold_of(suppressors, _facts(row)))}
    _record_held(
        {row: hold for row, hold in holds.items() if held_by.get(row.pk) != hold.by},
        now,
    )
    add_timers(
        replace(_timer(row, hold.until), payload={"held_by": hold.by})
        for row, hold in holds.items()
    )
    return [row for row in late if row not in holds]


def _record_held(holds: Mapping[Heartbeat, Hold], now: datetime) -> None:
    for row, hold in holds.items():
        record(
            "alert.suppressed",
            organisation_id=row.organisation_id,
            actor=_system(row),
            body={"title": _title(row), "dedup": row.slug, "reason": hold.reason},
        )
    Suppression.objects.bulk_create(
        Suppression(
            organisation_id=row.organisation_id,
            heartbeat=row,
            held_by=hold.by,
            reason=hold.reason,
            at=now,
        )
        for row, hold in holds.items()
    )


def _facts(row: Heartbeat) -> AlertFacts:
    return AlertFacts(
        organisation_id=row.organisation_id,
        source_id=0,
        source="heartbeat",
        title=_title(row),
        severity=row.severity,
        labels={"heartbeat": row.slug},
    )


def _be_late(rows: Sequence[Heartbeat], now: datetime) -> None:
    """Open their incidents; one that is open still is told that it fires again."""
    again = [row for row in rows if has_open_incident(row)]
    fresh = [row for row in rows if not has_open_incident(row)]
    for row in rows:
        row.state, row.late_since = HeartbeatState.LATE, due_at(row)
    opened = open_incidents(
        [_incident(row, now) for row in fresh],
        actors=[_system(row) for row in fresh],
        now=now,
    )
    for row, incident in zip(fresh, opened, strict=True):
        row.incident = incident
    Heartbeat.objects.bulk_update(rows, ["state", "late_since", "incident"])
    ids = [row.incident_id for row in again]
    Incident.objects.filter(pk__in=ids).update(all_clear_at=None)
    for row in again:
        _record("alert.attached", row, "it is late once more")


def _clear(rows: Mapping[Incident | None, Heartbeat], now: datetime) -> None:
    """Note on open incidents that a sign came, and resolve those that nobody touched."""
    incidents = [incident for incident in rows if incident]
    ids = [incident.pk for incident in incidents]
    Incident.objects.filter(pk__in=ids).update(all_clear_at=now)
    for row in rows.values():
        came = format_at(row.last_ping_at) if row.last_ping_at else ""
        _record("alert.resolved", row, f"a sign came at {came}")
    if done := [incident for incident in incidents if not incident.is_touched]:
        resolve_cleared(
            done,
            actor_of=lambda incident: _system(rows[incident]),
            now=now,
            reason="a sign of life came again",
        )


def _incident(row: Heartbeat, now: datetime) -> NewIncident:
    last = row.last_ping_at
    seen = f"The last one came at {format_at(last)}." if last else "None ever came."
    return NewIncident(
        organisation_id=row.organisation_id,
        title=_title(row),
        description=f"A sign is due {in_words(rhythm_of(row))}. {seen}",
        category=row.category,
        severity=row.severity,
        tlp=row.tlp,
        detected_at=now,
        labels={"heartbeat": row.slug},
    )


def _title(row: Heartbeat) -> str:
    return f"No sign of life from {row.name}"


def _record(kind: str, row: Heartbeat, reason: str) -> None:
    record(
        kind,
        incident=row.incident,
        organisation_id=row.organisation_id,
        actor=_system(row),
        body={"title": _title(row), "dedup": row.slug, "reason": reason},
    )


def _system(row: Heartbeat) -> Actor:
    return Actor.system(row.organisation)


def _timers(rows: Sequence[Heartbeat]) -> list[NewTimer]:
    return [_timer(row, due) for row in rows if (due := due_at(row)) < NEVER]


def _timer(row: Heartbeat, due: datetime) -> NewTimer:
    return NewTimer(
        DUE,
        subject_id=row.pk,
        organisation_id=row.organisation_id,
        incident_id=row.incident_id,
        due_at=due,
    )
