"""Read the working calendars of a file."""

from escalation.calendars.editing import CalendarDraft, check_calendar
from escalation.worldfile.tables import Table
from escalation.worldfile.world import CalendarSpec
from incidents.errors import BadInput


def read_calendar(table: Table) -> CalendarSpec:
    """Read one calendar."""
    draft = CalendarDraft(
        name=table.text("name"),
        zone=table.text("zone"),
        hours=table.raw("hours"),
        holidays_of=table.text("holidays_of", default=""),
        closures=table.raw("closures", default=[]),
    )
    try:
        read = check_calendar(draft)
    except BadInput as error:
        table.problems.add_within(table.path, f"{error.field}: {error.remedy}")
        read = {"zone": "", "hours": {}, "holidays_of": "", "closures": []}
    return CalendarSpec(
        path=table.path,
        organisation=table.slug("organisation"),
        slug=table.slug("slug"),
        name=draft.name,
        zone=read["zone"],
        hours=read["hours"],
        holidays_of=read["holidays_of"],
        closures=tuple(read["closures"]),
    )
