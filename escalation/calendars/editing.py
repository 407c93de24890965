"""Write an organisation's calendars."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.calendars.models import WorkingCalendar
from escalation.calendars.reading import (
    CalendarError,
    closures_to_body,
    hours_to_body,
    read_closures,
    read_hours,
    read_region,
    read_zone,
)
from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation


@dataclass(frozen=True, slots=True)
class CalendarDraft:
    """What a calendar is to say; the parts are read by `calendars.reading`."""

    name: str
    zone: object
    hours: object
    holidays_of: object = ""
    closures: object = ()


def save_calendar(
    organisation: Organisation,
    draft: CalendarDraft,
    *,
    slug: str,
    actor: Actor,
    now: datetime,
) -> WorkingCalendar:
    """Make a calendar or change it; an archived one comes back. Raises BadInput.

    Clocks that run keep what the calendar said when they started.
    """
    wanted = {**check_calendar(draft), "archived_at": None}
    with recording(now):
        rows = WorkingCalendar.objects.select_for_update(no_key=True)
        calendar, is_new = rows.get_or_create(
            organisation=organisation, slug=slug, defaults=wanted
        )
        changed = [name for name in wanted if getattr(calendar, name) != wanted[name]]
        if not is_new and not changed:
            return calendar
        for name in changed:
            setattr(calendar, name, wanted[name])
        calendar.save(update_fields=changed)
        verb = "made" if is_new else "changed"
        _record_change(calendar, verb, actor)
    return calendar


def archive_calendar(
    calendar: WorkingCalendar, *, actor: Actor, now: datetime
) -> WorkingCalendar:
    """Take a calendar out of use; policies that name it go on with it."""
    with recording(now):
        rows = WorkingCalendar.objects.filter(pk=calendar.pk, archived_at=None)
        if rows.update(archived_at=now):
            _record_change(calendar, "archived", actor)
    calendar.refresh_from_db()
    return calendar


def check_calendar(draft: CalendarDraft) -> dict[str, Any]:
    """Return the columns of a calendar. Raises BadInput with the place."""
    try:
        return {
            "name": draft.name,
            "zone": read_zone(draft.zone),
            "hours": hours_to_body(read_hours(draft.hours)),
            "holidays_of": read_region(draft.holidays_of),
            "closures": closures_to_body(read_closures(draft.closures)),
        }
    except CalendarError as error:
        field, _, remedy = str(error).partition(": ")
        value = getattr(draft, field.partition(".")[0].partition("[")[0], "")
        raise BadInput(field, value, f"{remedy}.") from error


def _record_change(calendar: WorkingCalendar, verb: str, actor: Actor) -> None:
    record(
        "config.changed",
        organisation_id=calendar.organisation_id,
        actor=actor,
        body={"what": f"calendar {calendar.slug} {verb}", "changes": [calendar.name]},
    )
