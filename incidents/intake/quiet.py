"""Notice that a source has gone quiet: no delivery for so long is an incident.

One timer for each watched source. While the source delivers it is due when the longest
silence would end. Once the source is quiet it belongs to the incident that says so and
comes back each minute: until a delivery is there, nothing more is opened for the same
silence, whatever people make of the incident. A silence or a maintenance window that
covers the source holds that back until it ends.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from incidents.events.actor import Actor
from incidents.events.record import record
from incidents.incident.lifecycle import close_incidents
from incidents.incident.models import Incident, Status
from incidents.incident.opening import NewIncident, open_incidents
from incidents.intake.adapters.marks import TRIAL
from incidents.intake.models import Source
from incidents.intake.news import hashed
from incidents.intake.silence_models import Suppression
from incidents.intake.suppression import AlertFacts, Hold, hold_of
from incidents.intake.suppressors import suppressors_at
from incidents.ledger.canonical import format_at
from incidents.timers.models import Timer
from incidents.timers.schedule import NewTimer, add_timers, cancel_timers

QUIET: Final = "intake.quiet_source"
GROUP: Final = hashed("tocsin: the source is quiet")
LOOK_AGAIN: Final = timedelta(minutes=1)
BACK: Final = "the source delivers again"
NOT_WATCHED: Final = "the source is no longer watched"

# What the test button posted is no sign of the tool.
_LAST: Final = """
SELECT s.id, (SELECT d.received_at FROM tocsin_delivery d
              WHERE d.source_id = s.id AND NOT jsonb_exists(d.headers, %s)
              ORDER BY d.id DESC LIMIT 1)
FROM unnest(%s::bigint[]) AS s (id)
"""


@dataclass(frozen=True, slots=True)
class _Watch:
    """A source, what is known of its deliveries, and the incident of its silence."""

    source: Source
    since: datetime
    last_at: datetime | None
    incident: Incident | None
    held_by: str
    # Up to which instant the silence was known when its incident was opened.
    told_at: datetime | None

    @property
    def is_wanted(self) -> bool:
        return self.source.is_enabled and self.source.quiet_after_hours > 0

    @property
    def heard_at(self) -> datetime:
        """When it was heard of last, or began to be watched."""
        return max(self.since, self.last_at or self.since)

    @property
    def due_at(self) -> datetime:
        return self.heard_at + timedelta(hours=self.source.quiet_after_hours)

    @property
    def is_over(self) -> bool:
        """Whether the silence that its incident is about has ended."""
        if self.told_at is None:
            return False
        return not self.is_wanted or self.heard_at > self.told_at


def watch_quiet(source: Source, *, now: datetime) -> None:
    """Look at a source anew after it was made or changed. Needs an open recording."""
    waiting = Timer.objects.filter(kind=QUIET, subject_id=source.pk)
    if waiting.update(due_at=now) or not _is_wanted(source):
        return
    add_timers([_timer(source, due_at=now, since=now)])


def notice_quiet(timers: Sequence[Timer], now: datetime) -> None:
    """Open an incident for each source that has gone quiet, resolve those of others.

    The incidents of silences that are under way are locked by whoever fires timers.
    """
    watches = _watches(timers)
    cancel_timers(QUIET, [watch.source.pk for watch in watches])
    over = [watch for watch in watches if watch.is_over]
    _resolve(over, now=now)
    going_on = [_begun_anew(watch) if watch.is_over else watch for watch in watches]
    wanted = [watch for watch in going_on if watch.is_wanted]
    silent = [w for w in wanted if w.told_at is None and w.due_at <= now]
    holds = _hold_back(silent, now)
    opened = _open([w for w in silent if w.source.pk not in holds], now=now)
    told = [
        replace(w, incident=opened[w.source.pk], told_at=w.heard_at)
        if w.source.pk in opened
        else w
        for w in wanted
    ]
    add_timers(
        _held_timer(watch, hold)
        if (hold := holds.get(watch.source.pk))
        else _next(watch, now)
        for watch in told
    )


def _watches(timers: Sequence[Timer]) -> list[_Watch]:
    """Return one watch for each source; of two timers the one of a silence counts."""
    by_source: dict[int, Timer] = {}
    for timer in sorted(timers, key=lambda timer: timer.incident_id or 0):
        by_source[timer.subject_id] = timer
    sources = Source.objects.select_related("organisation").in_bulk(by_source)
    incidents = Incident.objects.in_bulk([t.incident_id or 0 for t in timers])
    last = _last_deliveries(by_source)
    return [
        _Watch(
            source,
            datetime.fromisoformat(timer.payload["since"]),
            last.get(pk),
            incidents.get(timer.incident_id or 0),
            timer.payload.get("held_by", ""),
            _instant(timer.payload.get("told")),
        )
        for pk, timer in by_source.items()
        if (source := sources.get(pk))
    ]


def _last_deliveries(source_ids: Collection[int]) -> dict[int, datetime | None]:
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [TRIAL, list(source_ids)])
        return dict(cursor.fetchall())


def _hold_back(silent: Sequence[_Watch], now: datetime) -> dict[int, Hold]:
    """Return {source id: what holds its word back}; each is recorded once."""
    if not silent:
        return {}
    owners = {watch.source.organisation_id for watch in silent}
    suppressors = suppressors_at(now, organisation_ids=owners)
    held = [(w, hold) for w in silent if (hold := hold_of(suppressors, _facts(w)))]
    fresh = [(watch, hold) for watch, hold in held if watch.held_by != hold.by]
    for watch, hold in fresh:
        record(
            "alert.suppressed",
            organisation_id=watch.source.organisation_id,
            actor=Actor.system(watch.source.organisation),
            body={"title": _title(watch), "reason": hold.reason},
        )
    Suppression.objects.bulk_create(
        Suppression(
            organisation=watch.source.organisation,
            source=watch.source,
            held_by=hold.by,
            reason=hold.reason,
            at=now,
        )
        for watch, hold in fresh
    )
    return {watch.source.pk: hold for watch, hold in held}


def _facts(watch: _Watch) -> AlertFacts:
    source = watch.source
    return AlertFacts(
        organisation_id=source.organisation_id,
        source_id=source.pk,
        source=source.slug,
        title=_title(watch),
        severity=source.default_severity,
    )


def _open(silent: Sequence[_Watch], *, now: datetime) -> Mapping[int, Incident]:
    """Return {source id: the open incident of its silence}."""
    if not silent:
        return {}
    actors = [Actor.system(watch.source.organisation) for watch in silent]
    open_incidents([_incident(w) for w in silent], actors=actors, now=now)
    rows = Incident.objects.active().filter(
        source__in=[watch.source.pk for watch in silent], group_key=GROUP
    )
    return {incident.source_id or 0: incident for incident in rows}


def _incident(watch: _Watch) -> NewIncident:
    source = watch.source
    last = f"The last was at {format_at(watch.last_at)}." if watch.last_at else ""
    return NewIncident(
        organisation_id=source.organisation_id,
        title=_title(watch),
        description=(
            f"Source {source.slug} has not delivered since {format_at(watch.heard_at)}. "
            f"{last} Either all is quiet, or what watches is down or cannot reach us."
        ),
        category=source.default_category,
        severity=source.default_severity,
        tlp=source.default_tlp,
        detected_at=watch.due_at,
        source_id=source.pk,
        group_key=GROUP,
    )


def _title(watch: _Watch) -> str:
    count = watch.source.quiet_after_hours
    hours = "an hour" if count == 1 else f"{count} hours"
    return f"Nothing has come from {watch.source.name} for {hours}"[:300]


def _resolve(over: Sequence[_Watch], *, now: datetime) -> None:
    """Close the incidents of silences that have ended, unless a person took them on."""
    done = [
        watch
        for watch in over
        if watch.incident
        and not watch.incident.is_closed
        and not watch.incident.is_touched
    ]
    incidents = [watch.incident for watch in done if watch.incident]
    if not incidents:
        return
    close_incidents(incidents, status=Status.RESOLVED, now=now)
    for watch, incident in zip(done, incidents, strict=True):
        record(
            "incident.resolved",
            incident=incident,
            organisation_id=incident.organisation_id,
            actor=Actor.system(watch.source.organisation),
            body={"reason": BACK if watch.is_wanted else NOT_WATCHED},
        )


def _begun_anew(watch: _Watch) -> _Watch:
    return replace(watch, incident=None, told_at=None)


def _next(watch: _Watch, now: datetime) -> NewTimer:
    if watch.told_at is None:
        return _timer(watch.source, due_at=watch.due_at, since=watch.since)
    told = {"told": watch.told_at.isoformat()}
    timer = _timer(watch.source, due_at=now + LOOK_AGAIN, since=watch.since)
    return replace(
        timer,
        incident_id=watch.incident.pk if watch.incident else None,
        payload={**timer.payload, **told},
    )


def _held_timer(watch: _Watch, hold: Hold) -> NewTimer:
    timer = _timer(watch.source, due_at=hold.until, since=watch.since)
    return replace(timer, payload={**timer.payload, "held_by": hold.by})


def _timer(source: Source, *, due_at: datetime, since: datetime) -> NewTimer:
    return NewTimer(
        QUIET,
        subject_id=source.pk,
        organisation_id=source.organisation_id,
        due_at=due_at,
        payload={"since": since.isoformat()},
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _is_wanted(source: Source) -> bool:
    return source.is_enabled and source.quiet_after_hours > 0
