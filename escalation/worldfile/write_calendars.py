"""Write working calendars, before the policies that name them."""

from escalation.calendars.editing import CalendarDraft, check_calendar
from escalation.calendars.models import WorkingCalendar
from escalation.worldfile.changes import Changes, named, set_fields
from escalation.worldfile.world import CalendarSpec, World
from escalation.worldfile.write_access import organisation_of


def write_calendars(world: World, changes: Changes) -> None:
    """Bring the calendars that the file names to what it says."""
    for spec in world.calendars:
        _write_calendar(spec, changes)


def _write_calendar(spec: CalendarSpec, changes: Changes) -> None:
    organisation = organisation_of(spec.organisation)
    what = f"calendar {organisation.slug}/{spec.slug}"
    draft = CalendarDraft(
        spec.name, spec.zone, spec.hours, spec.holidays_of, spec.closures
    )
    wanted = {**check_calendar(draft), "archived_at": None}
    row = WorkingCalendar.objects.filter(
        organisation=organisation, slug=spec.slug
    ).first()
    if row is None:
        WorkingCalendar.objects.create(
            organisation=organisation, slug=spec.slug, **wanted
        )
        changes.add("+", f"{what} ({spec.name})", organisation)
        return
    differences = set_fields(row, wanted)
    if differences:
        row.save()
        changes.add("~", named(what, differences), organisation)
