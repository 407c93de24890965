"""Load calendars for a batch, in one statement, as the values that are counted with."""

import json
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from escalation.calendars.models import WorkingCalendar
from escalation.calendars.reading import read_days_off, read_hours
from escalation.calendars.working_time import WorkingTime


def load_calendars(
    pairs: Collection[tuple[int, str]],
) -> dict[tuple[int, str], WorkingTime]:
    """Return the calendars named by (organisation_id, slug); one that is not there is left out.

    Archived ones too: what names them goes on.
    """
    if not pairs:
        return {}
    rows = WorkingCalendar.objects.filter(
        organisation__in={organisation for organisation, _ in pairs},
        slug__in={slug for _, slug in pairs},
    )
    wanted = set(pairs)
    return {
        (row.organisation_id, row.slug): working_time_of(row)
        for row in rows
        if (row.organisation_id, row.slug) in wanted
    }


def working_time_of(calendar: WorkingCalendar) -> WorkingTime:
    """Return what one calendar says."""
    return from_snapshot(snapshot_of(calendar))


def snapshot_of(calendar: WorkingCalendar) -> dict[str, Any]:
    """Return a copy as plain data, for what must not move when the calendar changes."""
    return {
        "zone": calendar.zone,
        "hours": calendar.hours,
        "holidays_of": calendar.holidays_of,
        "closures": calendar.closures,
    }


def from_snapshot(snapshot: Mapping[str, Any]) -> WorkingTime:
    """Return what a copy says. The same copy gives the same object, with what it knows."""
    return _read(json.dumps(snapshot, sort_keys=True))


@lru_cache(maxsize=256)
def _read(text: str) -> WorkingTime:
    snapshot = json.loads(text)
    return WorkingTime(
        zone=snapshot["zone"],
        hours=read_hours(snapshot["hours"]),
        days_off=read_days_off(snapshot["holidays_of"], snapshot["closures"]),
    )
