"""Write schedules: a change replaces the rotations, whoever runs reads them anew."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from escalation.oncall.loading import draft_of
from escalation.oncall.models import Participant, Rotation, Schedule
from escalation.oncall.plan import SchedulePlan
from escalation.oncall.reading import (
    RotationDraft,
    ScheduleDraft,
    ScheduleError,
    read_schedule,
    rotation_plan,
    rotation_to_body,
)
from escalation.oncall.uses import uses_of
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation, User


def save_schedule(
    organisation: Organisation,
    draft: ScheduleDraft,
    *,
    slug: str,
    actor: Actor,
    now: datetime,
) -> Schedule:
    """Make a schedule or change it; an archived one comes back. Locks it.

    Raises BadInput for people who are not of the organisation.
    """
    with recording(now):
        schedule, changes = write_schedule(organisation, draft, slug=slug)
        if changes:
            record_change(schedule, f"schedule {slug} saved", changes, actor)
    return schedule


def write_schedule(
    organisation: Organisation, draft: ScheduleDraft, *, slug: str
) -> tuple[Schedule, list[str]]:
    """Write what differs and return it in words. Requires an open recording."""
    people = people_of(organisation, draft)
    fallback = people[draft.fallback].pk if draft.fallback else None
    values = {
        "name": draft.name,
        "zone": draft.zone,
        "fallback_id": fallback,
        "archived_at": None,
    }
    rows = Schedule.objects.select_for_update(no_key=True)
    schedule, is_new = rows.get_or_create(
        organisation=organisation, slug=slug, defaults=values
    )
    changes = ["made"] if is_new else []
    for name, value in values.items():
        if getattr(schedule, name) != value:
            setattr(schedule, name, value)
            changes.append(f"{name.removesuffix('_id')} changed")
    if changes and not is_new:
        schedule.save(update_fields=list(values))
    changes += _write_rotations(schedule, draft.rotations, people)
    return schedule, changes


def archive_schedule(schedule: Schedule, *, actor: Actor, now: datetime) -> Schedule:
    """Take a schedule out of use. Raises NotPossible while a policy names it."""
    with recording(now):
        Schedule.objects.select_for_update(no_key=True).get(pk=schedule.pk)
        uses = uses_of(schedule.organisation_id, schedule.slug)
        for names in uses.values():
            message = f"The policy {names[0]!r} names this schedule; change it first."
            raise NotPossible(message, state=uses)
        rows = Schedule.objects.filter(pk=schedule.pk, archived_at=None)
        if rows.update(archived_at=now):
            what = f"schedule {schedule.slug} archived"
            record_change(schedule, what, [schedule.name], actor)
    schedule.refresh_from_db()
    return schedule


def read_draft(body: Mapping[str, Any]) -> ScheduleDraft:
    """Return the checked schedule. Raises BadInput with the place."""
    try:
        return read_schedule(body)
    except ScheduleError as error:
        field, _, remedy = str(error).partition(": ")
        shown, _, advice = remedy.partition(" cannot be used; ")
        raise BadInput(field, shown, f"{advice[:1].upper()}{advice[1:]}.") from error


def people_of(organisation: Organisation, draft: ScheduleDraft) -> dict[str, User]:
    """Return {e-mail: user} of everybody whom the draft names. Raises BadInput."""
    places = draft.people_by_place()
    found = members_named(organisation, places.values())
    for place, email in places.items():
        if email not in found:
            raise BadInput(_shown(place), email, f"Name people of {organisation}.")
    return found


def _shown(place: Sequence[str | int]) -> str:
    """Write a place as people read it: rotations[0].people[2]."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removeprefix(".")


def members_named(organisation: Organisation, emails: Iterable[str]) -> dict[str, User]:
    """Return {e-mail: user} of those who are active members."""
    rows = User.objects.filter(
        email__in=[email.lower() for email in emails],
        is_active=True,
        memberships__organisation=organisation,
        memberships__ended_at=None,
    )
    return {user.email: user for user in rows.distinct()}


def drafts_of(schedules: Sequence[Schedule]) -> dict[int, ScheduleDraft]:
    """Return {schedule id: what it says}, in two statements."""
    rotations = Rotation.objects.filter(schedule__in=schedules).order_by("position")
    rotations = rotations.prefetch_related("participants__user")
    by_schedule: dict[int, list[RotationDraft]] = {row.pk: [] for row in schedules}
    for rotation in rotations:
        turns = groupby(rotation.participants.all(), lambda one: one.turn)
        people = tuple(tuple(one.user.email for one in turn) for _, turn in turns)
        by_schedule[rotation.schedule_id].append(draft_of(rotation, people))
    fallbacks = User.objects.in_bulk(
        [row.fallback_id for row in schedules if row.fallback_id]
    )
    return {
        row.pk: ScheduleDraft(
            name=row.name,
            zone=row.zone,
            fallback=fallbacks[row.fallback_id].email if row.fallback_id else "",
            rotations=tuple(by_schedule[row.pk]),
        )
        for row in schedules
    }


def plan_of_draft(draft: ScheduleDraft, people: Mapping[str, User]) -> SchedulePlan:
    """Return the plan that a draft would be, without calendars and overrides."""
    layers = [
        rotation_plan(one, [[people[email].pk for email in t] for t in one.people])
        for one in draft.rotations
    ]
    fallback = people[draft.fallback].pk if draft.fallback else None
    return SchedulePlan(ZoneInfo(draft.zone), tuple(layers), fallback=fallback)


def record_change(
    schedule: Schedule, what: str, changes: Sequence[str], actor: Actor
) -> None:
    """Record a change of a schedule. Requires an open recording."""
    record(
        "config.changed",
        organisation_id=schedule.organisation_id,
        actor=actor,
        body={"what": what, "changes": list(changes)},
    )


def _write_rotations(
    schedule: Schedule, drafts: Sequence[RotationDraft], people: Mapping[str, User]
) -> list[str]:
    """Replace the rotations unless they are the same; returns what differs."""
    before = drafts_of([schedule])[schedule.pk].rotations
    if before == tuple(drafts):
        return []
    schedule.rotations.all().delete()
    rows = [
        _rotation_row(draft, schedule=schedule, position=position)
        for position, draft in enumerate(drafts, start=1)
    ]
    Rotation.objects.bulk_create(rows)
    Participant.objects.bulk_create(
        Participant(
            organisation_id=schedule.organisation_id,
            rotation=row,
            turn=turn,
            user=people[email],
        )
        for row, draft in zip(rows, drafts, strict=True)
        for turn, group in enumerate(draft.people)
        for email in group
    )
    return _differences(before, drafts)


def _differences(
    before: Sequence[RotationDraft], after: Sequence[RotationDraft]
) -> list[str]:
    old, new = ({one.name: one for one in some} for some in (before, after))
    added = [f"rotation {name} added" for name in new if name not in old]
    removed = [f"rotation {name} removed" for name in old if name not in new]
    changed = [
        f"rotation {name}: {', '.join(_changed_fields(old[name], one))} changed"
        for name, one in new.items()
        if name in old and old[name] != one
    ]
    return added + removed + changed or ["order of the rotations changed"]


def _changed_fields(old: RotationDraft, new: RotationDraft) -> list[str]:
    before, after = rotation_to_body(old), rotation_to_body(new)
    names = dict.fromkeys([*before, *after])
    return [name for name in names if before.get(name) != after.get(name)]


def _rotation_row(
    draft: RotationDraft, *, schedule: Schedule, position: int
) -> Rotation:
    opens, closes = draft.hours or (None, None)
    return Rotation(
        organisation_id=schedule.organisation_id,
        schedule=schedule,
        position=position,
        name=draft.name,
        unit=draft.unit,
        every=draft.every,
        starts_on=draft.starts_on,
        handoff_at=draft.handoff,
        ends_on=draft.ends_on,
        weekdays=sorted(draft.weekdays),
        active_from=opens,
        active_until=closes,
    )
