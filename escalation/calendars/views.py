"""The pages on which calendars are shown and changed."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from escalation.calendars.editing import archive_calendar, save_calendar
from escalation.calendars.forms import CalendarForm, initial_of
from escalation.calendars.loading import working_time_of
from escalation.calendars.models import WorkingCalendar
from escalation.calendars.reading import describe_hours
from escalation.calendars.showing import days_off_after
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET")
def calendar_list(request: PageRequest) -> HttpResponse:
    """Show the calendars in use, whether each is open now, and the next days off."""
    own = Organisation.objects.of(request.user)
    rows = WorkingCalendar.objects.filter(organisation__in=own, archived_at=None)
    changeable = set(organisations_allowing(request.user, Action.CONFIGURE))
    now = read_now()
    context = {
        "calendars": [
            _shown(row, now, may_change=row.organisation_id in changeable)
            for row in rows.select_related("organisation")
        ],
        "new_url": reverse("calendar-new") if len(changeable) == 1 else "",
    }
    return render(request, "escalation/calendars/list.html", context)


@page("GET", "POST")
def calendar_new(request: PageRequest) -> HttpResponse:
    """Make a calendar for the organisation that `?organisation=` names."""
    slug = request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    return _edit(request, organisation, None)


@page("GET", "POST")
def calendar_edit(request: PageRequest, pk: int) -> HttpResponse:
    """Change a calendar as a whole; clocks that run keep what it said."""
    calendar, organisation = _changeable(request, pk)
    return _edit(request, organisation, calendar)


@page("POST")
def calendar_archive(request: PageRequest, pk: int) -> HttpResponse:
    """Take a calendar out of use; what names it goes on with it."""
    calendar, organisation = _changeable(request, pk)
    actor = actor_for(request.user, organisation)
    archive_calendar(calendar, actor=actor, now=read_now())
    return redirect("calendar-list")


def _changeable(request: PageRequest, pk: int) -> tuple[WorkingCalendar, Organisation]:
    own = Organisation.objects.of(request.user)
    rows = WorkingCalendar.objects.filter(organisation__in=own, archived_at=None)
    calendar = rows.select_related("organisation").filter(pk=pk).first()
    if calendar is None:
        raise Http404
    slug = calendar.organisation.slug
    return calendar, organisation_for(request.user, Action.CONFIGURE, slug=slug)


def _edit(
    request: PageRequest, organisation: Organisation, calendar: WorkingCalendar | None
) -> HttpResponse:
    form = CalendarForm(
        request.POST or None,
        is_new=calendar is None,
        initial=initial_of(calendar) if calendar else None,
    )
    is_sent = request.method == "POST"
    if is_sent and form.is_valid() and _save(request, organisation, calendar, form):
        return redirect("calendar-list")
    context = {"form": form, "calendar": calendar, "organisation": organisation}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    return render(request, "escalation/calendars/edit.html", context, status=status)


def _save(
    request: PageRequest,
    organisation: Organisation,
    calendar: WorkingCalendar | None,
    form: CalendarForm,
) -> bool:
    slug = calendar.slug if calendar else form.cleaned_data["slug"]
    taken = WorkingCalendar.objects.filter(
        organisation=organisation, slug=slug, archived_at=None
    )
    if calendar is None and taken.exists():
        form.add_error("slug", "It is taken; change that calendar or use another name.")
        return False
    try:
        save_calendar(
            organisation,
            form.draft(),
            slug=slug,
            actor=actor_for(request.user, organisation),
            now=read_now(),
        )
    except BadInput as error:
        _put_error(form, error)
        return False
    return True


def _put_error(form: CalendarForm, error: BadInput) -> None:
    """Tell a mistake at its field: hours.mon[0] at the day's."""
    place = error.field.removeprefix("hours.").partition("[")[0]
    form.add_error(place if place in form.fields else None, error.remedy)


def _shown(
    calendar: WorkingCalendar, now: datetime, *, may_change: bool
) -> dict[str, Any]:
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
        "edit_url": reverse("calendar-edit", args=[calendar.pk]) if may_change else "",
    }
