"""Write on-call schedules and overrides, before the policies that name them."""

from escalation.oncall.editing import members_named, write_schedule
from escalation.oncall.importing import add_calendar, is_read_from
from escalation.oncall.models import Override, Schedule
from escalation.oncall.overrides import (
    OverrideDraft,
    check_override,
    write_override,
)
from escalation.worldfile.changes import Changes, named
from escalation.worldfile.world import OverrideSpec, ScheduleSpec, World
from escalation.worldfile.write_access import organisation_of
from incidents.events.actor import Actor
from incidents.models import Organisation


def write_schedules(world: World, changes: Changes) -> None:
    """Bring schedules to what the file says, and make the overrides that are to come."""
    for schedule in world.schedules:
        _write_schedule(schedule, changes)
    for override in world.overrides:
        _write_override(override, changes)


def _write_schedule(spec: ScheduleSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    what = f"schedule {organisation.slug}/{spec.slug}"
    schedule, differences = write_schedule(organisation, spec.draft, slug=spec.slug)
    if "made" in differences:
        changes.add("+", f"{what} ({spec.draft.name})", organisation)
    elif differences:
        changes.add("~", named(what, differences), organisation)
    _write_calendars(schedule, spec, changes)


def _write_calendars(schedule: Schedule, spec: ScheduleSpec, changes: Changes) -> None:
    """Add those that are not there with the same address; others stay."""
    organisation = schedule.organisation
    present = {row.name: row for row in schedule.calendars.defer("text")}
    for wanted in spec.calendars:
        row = present.get(wanted.name)
        if row is not None and is_read_from(row, wanted.url):
            continue
        add_calendar(
            schedule,
            name=wanted.name,
            url=wanted.url,
            actor=Actor.system(organisation),
            now=changes.now,
        )
        what = f"calendar {wanted.name} of schedule {organisation.slug}/{spec.slug}"
        changes.add("~" if row else "+", what)


def _write_override(spec: OverrideSpec, changes: Changes) -> None:
    """Make it unless there is the same, or it is over: a file may be applied late."""
    organisation = organisation_of(spec.organisation)
    schedule = Schedule.objects.get(organisation=organisation, slug=spec.schedule)
    if spec.end_at <= changes.now or _is_there(schedule, spec):
        return
    draft = _draft(organisation, spec)
    check_override(draft, now=changes.now)
    write_override(schedule, draft, user=None, now=changes.now)
    times = f"{spec.start_at.isoformat()} to {spec.end_at.isoformat()}"
    what = f"override of schedule {organisation.slug}/{spec.schedule}: {times}"
    changes.add("+", what, organisation)


def _draft(organisation: Organisation, spec: OverrideSpec) -> OverrideDraft:
    people = members_named(organisation, [*spec.people, spec.replaces])
    return OverrideDraft(
        start_at=spec.start_at,
        end_at=spec.end_at,
        people=[people[email] for email in dict.fromkeys(spec.people)],
        mode=spec.mode,
        replaces=people[spec.replaces] if spec.replaces else None,
        reason=spec.reason,
    )


def _is_there(schedule: Schedule, spec: OverrideSpec) -> bool:
    same = Override.objects.filter(
        schedule=schedule,
        cancelled_at=None,
        start_at=spec.start_at,
        end_at=spec.end_at,
        mode=spec.mode,
        replaces__email=spec.replaces or None,
    )
    wanted = set(spec.people)
    return any(
        {user.email for user in row.people.all()} == wanted
        for row in same.prefetch_related("people")
    )
