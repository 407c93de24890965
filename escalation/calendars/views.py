"""The page that shows when the reader's organisations work."""

from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from escalation.calendars.loading import working_time_of
from escalation.calendars.models import WorkingCalendar
from escalation.calendars.reading import describe_hours
from escalation.calendars.showing import days_off_after
from incidents.models import Organisation
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET")
def calendar_list(request: PageRequest) -> HttpResponse:
    """Show the calendars in use, whether each is open now, and the next days off."""
    own = Organisation.objects.of(request.user)
    rows = WorkingCalendar.objects.filter(organisation__in=own, archived_at=None)
    now = read_now()
    shown = [_shown(row, now) for row in rows.select_related("organisation")]
    return render(request, "escalation/calendars/list.html", {"calendars": shown})


def _shown(calendar: WorkingCalendar, now: datetime) -> dict[str, Any]:
    working_time = working_time_of(calendar)
    is_open = working_time.is_open(now)
    turn = working_time.next_closing if is_open else working_time.next_opening
    return {
        "name": calendar.name,
        "slug": calendar.slug,
        "organisation": calendar.organisation,
        "zone": calendar.zone,
        "is_open": is_open,
        "turns_at": turn(now),
        "hours": describe_hours(working_time.hours),
        "holidays_of": calendar.holidays_of,
        "days_off": days_off_after(working_time, now),
    }
