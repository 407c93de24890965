"""Read schedules from the database into plans, many in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from escalation.oncall.models import (
    ImportedShift,
    Override,
    Rotation,
    Schedule,
)
from escalation.oncall.plan import (
    CALENDAR,
    FixedPlan,
    Mode,
    OverridePlan,
    RotationPlan,
    SchedulePlan,
    Shift,
)
from escalation.oncall.reading import RotationDraft, rotation_plan
from escalation.oncall.shifts import flattened
from incidents.models import Membership

Key = tuple[int, str]


def load_schedules(
    wanted: Iterable[Key], *, since: datetime | None = None
) -> dict[Key, SchedulePlan]:
    """Return {(organisation id, slug): plan} of the schedules in use.

    What is not there is left out. `since` leaves out overrides and imported shifts that
    were over by then. Whoever is no longer of the organisation is in no plan.
    """
    keys = set(wanted)
    if not keys:
        return {}
    rows = Schedule.objects.in_use().filter(
        organisation__in={pk for pk, _ in keys}, slug__in={slug for _, slug in keys}
    )
    found = [row for row in rows if (row.organisation_id, row.slug) in keys]
    plans = plans_of(found, since=since)
    return {(row.organisation_id, row.slug): plans[row.pk] for row in found}


def plans_of(
    schedules: Sequence[Schedule], *, since: datetime | None = None
) -> dict[int, SchedulePlan]:
    """Return {schedule id: plan}; see `load_schedules`."""
    members = _members({row.organisation_id for row in schedules})
    rotations = _rotations(schedules, members)
    calendars = _calendars(schedules, members, since)
    overrides = _overrides(schedules, members, since)
    return {
        row.pk: SchedulePlan(
            zone=ZoneInfo(row.zone),
            layers=(*rotations[row.pk], *calendars[row.pk]),
            overrides=tuple(overrides[row.pk]),
            fallback=row.fallback_id
            if row.fallback_id in members[row.organisation_id]
            else None,
        )
        for row in schedules
    }


def draft_of(
    rotation: Rotation, people: tuple[tuple[str, ...], ...] = ()
) -> RotationDraft:
    """Return what a row says, with the addresses of who has each turn."""
    hours = None
    if rotation.active_from is not None and rotation.active_until is not None:
        hours = (rotation.active_from, rotation.active_until)
    return RotationDraft(
        name=rotation.name,
        unit=rotation.unit,
        every=rotation.every,
        starts_on=rotation.starts_on,
        handoff=rotation.handoff_at,
        people=people,
        ends_on=rotation.ends_on,
        weekdays=frozenset(rotation.weekdays),
        hours=hours,
    )


def _members(organisations: set[int]) -> Mapping[int, set[int]]:
    rows = Membership.objects.filter(
        organisation__in=organisations, ended_at=None, user__is_active=True
    )
    members: dict[int, set[int]] = defaultdict(set)
    for organisation_id, user_id in rows.values_list("organisation_id", "user_id"):
        members[organisation_id].add(user_id)
    return members


def _rotations(
    schedules: Sequence[Schedule], members: Mapping[int, set[int]]
) -> Mapping[int, list[RotationPlan]]:
    rows = Rotation.objects.filter(schedule__in=schedules).order_by("position")
    found: dict[int, list[RotationPlan]] = defaultdict(list)
    for rotation in rows.prefetch_related("participants"):
        present = members[rotation.organisation_id]
        groups = [
            [one.user_id for one in turn if one.user_id in present]
            for _, turn in groupby(rotation.participants.all(), lambda one: one.turn)
        ]
        found[rotation.schedule_id].append(rotation_plan(draft_of(rotation), groups))
    return found


def _calendars(
    schedules: Sequence[Schedule],
    members: Mapping[int, set[int]],
    since: datetime | None,
) -> Mapping[int, list[FixedPlan]]:
    rows = ImportedShift.objects.filter(calendar__schedule__in=schedules)
    if since is not None:
        rows = rows.filter(end_at__gt=since)
    rows = rows.select_related("calendar").order_by("calendar", "start_at", "id")
    found: dict[int, list[FixedPlan]] = defaultdict(list)
    for calendar, events in groupby(rows, lambda row: row.calendar):
        source = f"{CALENDAR}:{calendar.name}"
        shifts = [
            Shift(row.start_at, row.end_at, (row.user_id,), source)
            for row in events
            if row.user_id in members[calendar.organisation_id]
        ]
        plan = FixedPlan(calendar.name, flattened(shifts))
        found[calendar.schedule_id].append(plan)
    return found


def _overrides(
    schedules: Sequence[Schedule],
    members: Mapping[int, set[int]],
    since: datetime | None,
) -> Mapping[int, list[OverridePlan]]:
    rows = Override.objects.filter(schedule__in=schedules, cancelled_at=None)
    if since is not None:
        rows = rows.filter(end_at__gt=since)
    found: dict[int, list[OverridePlan]] = defaultdict(list)
    for row in rows.order_by("pk").prefetch_related("people"):
        present = members[row.organisation_id]
        people = tuple(sorted(p.pk for p in row.people.all() if p.pk in present))
        plan = OverridePlan(
            number=row.pk,
            start=row.start_at,
            end=row.end_at,
            people=people,
            mode=Mode(row.mode),
            replaces=row.replaces_id,
        )
        found[row.schedule_id].append(plan)
    return found
