"""Calendars in and out on the page of a schedule."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from escalation.oncall.access import (
    find_schedule,
    require,
    visible_calendars,
    visible_feeds,
)
from escalation.oncall.feed_views import feed_url
from escalation.oncall.feeds import make_feed, revoke_feed
from escalation.oncall.forms import FeedForm, ImportForm
from escalation.oncall.ical_events import MAX_BYTES
from escalation.oncall.importing import add_calendar, refresh_soon, remove_calendar
from escalation.oncall.models import ImportedCalendar, Schedule
from escalation.oncall.views import schedule_page
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("POST")
def feed_new(request: PageRequest, pk: int) -> HttpResponse:
    """Make a secret address and show it this once."""
    schedule = find_schedule(request.user, pk)
    form = FeedForm(request.POST, auto_id="id_feed_%s")
    if not form.is_valid():
        return schedule_page(request, schedule, feed_form=form)
    is_own = form.cleaned_data["whose"] == "own"
    _, secret = make_feed(
        schedule.organisation if is_own else schedule,
        days=form.cleaned_data["days"],
        user=request.user,
        actor=actor_for(request.user, schedule.organisation),
        now=read_now(),
    )
    return schedule_page(request, schedule, new_feed_url=feed_url(secret))


@page("POST")
def feed_revoke(request: PageRequest, pk: int) -> HttpResponse:
    """End a secret address."""
    feed = visible_feeds(request.user).filter(pk=pk).first()
    if feed is None:
        raise Http404
    actor = actor_for(request.user, feed.organisation)
    revoke_feed(feed, actor=actor, now=read_now())
    messages.success(request, f"The address {feed.prefix}… has ended.")
    if feed.schedule_id is None:
        return redirect("schedule-list")
    return redirect("schedule-detail", feed.schedule_id)


@page("POST")
def calendar_import(request: PageRequest, pk: int) -> HttpResponse:
    """Add a calendar from outside."""
    schedule = find_schedule(request.user, pk)
    require(request.user, schedule, Action.CONFIGURE)
    form = ImportForm(request.POST, request.FILES, auto_id="id_import_%s")
    if form.is_valid() and _imported(request, schedule, form):
        messages.success(request, "The calendar is added.")
        return redirect("schedule-detail", schedule.pk)
    return schedule_page(request, schedule, import_form=form)


@page("POST")
def calendar_refresh(request: PageRequest, pk: int) -> HttpResponse:
    """Have a calendar read anew."""
    calendar = _configurable(request, pk)
    refresh_soon(calendar, now=read_now())
    messages.success(request, f"{calendar.name} is being read anew.")
    return redirect("schedule-detail", calendar.schedule_id)


@page("POST")
def calendar_remove(request: PageRequest, pk: int) -> HttpResponse:
    """Remove a calendar and its shifts."""
    calendar = _configurable(request, pk)
    schedule_id = calendar.schedule_id
    actor = actor_for(request.user, calendar.schedule.organisation)
    remove_calendar(calendar, actor=actor, now=read_now())
    messages.success(request, f"{calendar.name} is removed.")
    return redirect("schedule-detail", schedule_id)


def _imported(request: PageRequest, schedule: Schedule, form: ImportForm) -> bool:
    """Add what a valid form names; a mistake goes to its field."""
    sent = form.cleaned_data["file"]
    try:
        add_calendar(
            schedule,
            name=form.cleaned_data["name"],
            url=form.cleaned_data["url"],
            # One byte more than the limit is enough to be refused.
            text=sent.read(MAX_BYTES + 1).decode("utf-8-sig", "replace")
            if sent
            else "",
            actor=actor_for(request.user, schedule.organisation),
            now=read_now(),
        )
    except BadInput as error:
        field = {"text": "file"}.get(error.field, error.field)
        form.add_error(field if field in form.fields else None, error.remedy)
        return False
    return True


def _configurable(request: PageRequest, pk: int) -> ImportedCalendar:
    calendar = visible_calendars(request.user).filter(pk=pk).first()
    if calendar is None:
        raise Http404
    require(request.user, calendar.schedule, Action.CONFIGURE)
    return calendar
