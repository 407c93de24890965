"""Start clocks for runs, and move them when the severity changes.

Every function here requires an open `recording` and the incidents to be locked, and
takes a number of SQL statements that does not grow with the batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from escalation.calendars.loading import snapshot_of
from escalation.calendars.models import WorkingCalendar
from escalation.clocks.acts import Act, Awaited, acts_on, done_at, last_reopened
from escalation.clocks.models import LIVE, Clock, ClockPause, ClockState
from escalation.clocks.settle import open_clocks, save_clocks, settle, settle_new
from escalation.clocks.sla import due_at
from escalation.clocks.terms import pauses_of, terms_of
from escalation.clocks.timers import arm
from escalation.clocks.trail import (
    record_cancelled,
    record_moved,
    record_paused,
    record_started,
)
from escalation.policies.clock_targets import (
    WHATS,
    ClockTarget,
    clock_to_body,
    parse_clocks,
    target_for,
)
from escalation.policies.models import PolicyVersion
from incidents.events.actor import Actor
from incidents.models import Incident, Organisation, Share

_Place = tuple[int, int]  # incident id, organisation id
_Clocks = dict[_Place, dict[str, Clock]]  # by what they are for
_TARGET_FIELDS = (
    *("severity", "side", "minutes", "calendar", "calendar_name", "warn"),
    *("on_breach", "is_paused_while_asked", "moves"),
)


@dataclass(frozen=True, slots=True)
class Path:
    """A policy version at work on a locked incident for one organisation.

    `before_at` is when the run before this one began. Clocks of an organisation's first
    path count from when it came to see the incident, or from the reopening; others from
    now.
    """

    incident: Incident
    organisation: Organisation
    version: PolicyVersion
    run_id: int
    before_at: datetime | None = None

    def is_first_since(self, anchor: datetime) -> bool:
        """Tell whether the organisation has had no other path since then."""
        return self.before_at is None or self.before_at < anchor


@dataclass(frozen=True, slots=True)
class _New:
    """A clock to start; `before` is the one that it comes back for."""

    path: Path
    target: ClockTarget
    started_at: datetime
    before: Clock | None = None


def has_targets(version: PolicyVersion) -> bool:
    """Tell whether a version has clocks at all; it costs no statement."""
    return bool(version.body.get("clocks"))


def start_clocks(paths: Sequence[Path], *, now: datetime) -> None:
    """Start the clocks that these paths ask for and that the incidents do not have yet.

    Clocks that are there follow the newest run, so that a breach drives that one; also
    one whose version has no clocks.
    """
    _follow(paths)
    wanted = [path for path in paths if has_targets(path.version)]
    if not wanted:
        return
    there, given_up = _known(wanted)
    acts = acts_on({path.incident.pk for path in wanted})
    anchors = _anchors(wanted, acts)
    news = [
        new
        for path in wanted
        for new in _missing(
            path,
            there.get(_place(path), {}),
            given_up.get(_place(path), {}),
            anchors[_place(path)],
            acts.get(path.incident.pk, ()),
            now,
        )
    ]
    if not news:
        return
    calendars = _calendars(news)
    clocks = Clock.objects.bulk_create(_clock(new, calendars) for new in news)
    pauses = _carry_pauses(news, clocks)
    for clock in clocks:
        _begin(clock, pauses.get(clock.pk, ()))
    settle_new(clocks, pauses, now=now)


def retarget(incident_ids: Sequence[int], *, now: datetime) -> None:
    """Give live clocks the target of their incident's present severity.

    Each keeps its policy version and its start; one for which that version has no
    target at this severity ends.
    """
    there = open_clocks(incident_ids)
    # What was overdue by the old target stays overdue.
    settle(there, now=now)
    clocks = [c for c in there if c.state in LIVE and c.severity != c.incident.severity]
    if not clocks:
        return
    pauses = pauses_of(clocks)
    pairs = [(clock, _target_of(clock)) for clock in clocks]
    gone = [clock for clock, target in pairs if target is None]
    moved = [(clock, target) for clock, target in pairs if target is not None]
    calendars = _named({(c.organisation_id, t.calendar) for c, t in moved})
    for clock, target in moved:
        old_due_at = clock.due_at
        _set_target(clock, target, calendars)
        clock.due_at = due_at(terms_of(clock, pauses.get(clock.pk, ())))
        reason = f"the severity is {clock.severity} now"
        record_moved(clock, old_due_at=old_due_at, reason=reason)
    for clock in gone:
        clock.state, clock.ended_at, clock.is_current = ClockState.CANCELLED, now, False
        clock.state_reason = f"severity {clock.incident.severity} asks for none"
        record_cancelled(clock)
    Clock.objects.bulk_update(
        [clock for clock, _ in moved],
        _TARGET_FIELDS,
    )
    save_clocks(clocks)
    arm([(c, terms_of(c, pauses.get(c.pk, ()))) for c in clocks], are_new=False)


def _place(path: Path) -> _Place:
    return path.incident.pk, path.organisation.pk


def _known(paths: Sequence[Path]) -> tuple[_Clocks, _Clocks]:
    """Return the present clocks, and those cancelled before, the newest of each."""
    rows = Clock.objects.filter(
        Q(is_current=True) | Q(state=ClockState.CANCELLED),
        incident__in={path.incident.pk for path in paths},
    )
    there: _Clocks = {}
    given_up: _Clocks = {}
    for clock in rows:
        place = clock.incident_id, clock.organisation_id
        found = there if clock.is_current else given_up
        found.setdefault(place, {})[clock.what] = clock
    return there, given_up


_FOLLOW = """
UPDATE tocsin_clock AS c SET run_id = v.run
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v (run, incident, organisation)
WHERE c.incident_id = v.incident AND c.organisation_id = v.organisation
  AND c.is_current AND c.ended_at IS NULL AND c.run_id IS DISTINCT FROM v.run
"""


def _follow(paths: Sequence[Path]) -> None:
    if not paths:
        return
    rows = [(path.run_id, *_place(path)) for path in paths]
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [list(column) for column in zip(*rows, strict=True)])


def _anchors(
    paths: Sequence[Path], acts: Mapping[int, Sequence[Act]]
) -> dict[_Place, datetime]:
    """Return since when each organisation has had to do with its incident."""
    agencies = {
        path.organisation.pk
        for path in paths
        if path.organisation.pk != path.incident.organisation_id
    }
    shared: dict[_Place, datetime] = {}
    if agencies:
        rows = Share.objects.filter(
            incident__in={path.incident.pk for path in paths}, agency__in=agencies
        )
        for incident_id, agency_id, at in rows.order_by("shared_at").values_list(
            "incident_id", "agency_id", "shared_at"
        ):
            shared[incident_id, agency_id] = at
    return {
        place: max(
            shared.get(place, path.incident.opened_at),
            last_reopened(acts.get(path.incident.pk, ())) or path.incident.opened_at,
        )
        for path in paths
        for place in [_place(path)]
    }


def _missing(
    path: Path,
    there: Mapping[str, Clock],
    given_up: Mapping[str, Clock],
    anchor: datetime,
    acts: Sequence[Act],
    now: datetime,
) -> list[_New]:
    """Return the clocks to start; later than at first, none for what is done already."""
    targets = parse_clocks(path.version.body["clocks"])
    found = []
    for what in WHATS:
        target = target_for(targets, what, path.incident.severity)
        if target is None or what in there:
            continue
        awaited = Awaited(
            what, target.side, path.organisation.pk, path.incident.organisation_id
        )
        is_done = done_at(awaited, acts, since=anchor)
        is_first = path.is_first_since(anchor)
        if not is_first and is_done:
            continue
        before = given_up.get(what)
        if before is not None and before.started_at >= anchor:
            # Since the anchor only another severity has ended a clock for good.
            found.append(_New(path, target, before.started_at, before))
        else:
            found.append(_New(path, target, anchor if is_first else now))
    return found


def _carry_pauses(
    news: Sequence[_New], clocks: Sequence[Clock]
) -> dict[int, list[ClockPause]]:
    """Give clocks that come back what people paused before; questions are asked anew."""
    heirs = {
        new.before.pk: clock
        for new, clock in zip(news, clocks, strict=True)
        if new.before is not None
    }
    if not heirs:
        return {}
    rows = ClockPause.objects.filter(clock__in=heirs, question=None)
    found: dict[int, list[ClockPause]] = {}
    for pause in ClockPause.objects.bulk_create(
        ClockPause(
            clock=heirs[row.clock_id],
            organisation_id=row.organisation_id,
            reason=row.reason,
            from_at=row.from_at,
            to_at=row.to_at,
        )
        for row in rows
    ):
        found.setdefault(pause.clock_id, []).append(pause)
    return found


def _begin(clock: Clock, pauses: Sequence[ClockPause]) -> None:
    clock.due_at = due_at(terms_of(clock, pauses))
    record_started(clock)
    for pause in pauses:
        if pause.to_at is None:
            clock.state = ClockState.PAUSED
            record_paused(clock, pause, actor=Actor.system(clock.organisation))


def _calendars(news: Sequence[_New]) -> dict[tuple[int, str], WorkingCalendar]:
    return _named({(n.path.organisation.pk, n.target.calendar) for n in news})


def _named(pairs: set[tuple[int, str]]) -> dict[tuple[int, str], WorkingCalendar]:
    """Return calendars by (organisation id, slug); no name, no calendar."""
    wanted = {(organisation, slug) for organisation, slug in pairs if slug}
    if not wanted:
        return {}
    rows = WorkingCalendar.objects.filter(
        organisation__in={o for o, _ in wanted}, slug__in={s for _, s in wanted}
    )
    return {(row.organisation_id, row.slug): row for row in rows}


def _clock(new: _New, calendars: Mapping[tuple[int, str], WorkingCalendar]) -> Clock:
    path = new.path
    clock = Clock(
        incident=path.incident,
        organisation=path.organisation,
        version=path.version,
        run_id=path.run_id,
        what=new.target.what,
        started_at=new.started_at,
    )
    _set_target(clock, new.target, calendars)
    clock.moves = 0
    return clock


def _target_of(clock: Clock) -> ClockTarget | None:
    targets = parse_clocks(clock.version.body.get("clocks"))
    return target_for(targets, clock.what, clock.incident.severity)


def _set_target(
    clock: Clock,
    target: ClockTarget,
    calendars: Mapping[tuple[int, str], WorkingCalendar],
) -> None:
    """Set what a target says; one whose calendar is gone counts round the clock."""
    calendar = calendars.get((clock.organisation_id, target.calendar))
    body: dict[str, Any] = clock_to_body(target)
    clock.side, clock.minutes = target.side, target.minutes
    clock.severity = clock.incident.severity
    clock.calendar = snapshot_of(calendar) if calendar else None
    clock.calendar_name = calendar.name if calendar else ""
    clock.warn, clock.on_breach = body.get("warn", []), body.get("on_breach", [])
    clock.is_paused_while_asked = target.is_paused_while_asked
    clock.warned = []
    clock.moves = clock.moves + 1
