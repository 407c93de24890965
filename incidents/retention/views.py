"""The page of retention: what is kept how long, what goes next, and the schedules."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.incident.access import actor_for
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.retention.announcing import NOTICE, preview, sum_up
from incidents.retention.classes import ValueClass
from incidents.retention.forms import ScheduleForm
from incidents.retention.lists import (
    KeptRow,
    announced_runs,
    find_schedule,
    fixed_rows,
    past_runs,
    schedule_rows,
    sides_of,
)
from incidents.retention.models import RetentionSchedule
from incidents.retention.schedules import (
    approve_schedule,
    ask_schedule,
    decline_schedule,
    terms_of,
)
from incidents.timers.clock import read_now


@page("GET", "POST")
def retention(request: PageRequest) -> HttpResponse:
    """Show what is kept how long, or ask for a change of a schedule.

    A form sent by GET is a preview: it says what the change would erase.
    """
    sides = sides_of(request.user)
    if not sides:
        raise NotAllowed(f"None of your roles lets you {Action.APPROVE.label}.")
    given = request.POST if request.method == "POST" else request.GET
    form = ScheduleForm(given if "of" in given else None, sides=sides)
    status = HTTPStatus.OK
    if request.method == "POST":
        status = _ask(request, form)
        if status == HTTPStatus.OK:
            return redirect("retention")
    now = read_now()
    context = {
        "sides": [
            {
                "side": side,
                "rows": [_row(request, row) for row in schedule_rows(side, now)],
            }
            for side in sides
        ],
        "has_schedules": any(terms_of(side.pk) for side in sides),
        "fixed": fixed_rows(),
        "announced": announced_runs(sides),
        "past": past_runs(request.user),
        "form": form,
        "preview": _preview(request, form, now),
        "notice_days": NOTICE.days,
    }
    return render(request, "incidents/retention/page.html", context, status=status)


@page("POST")
def retention_approve(request: PageRequest, uid: UUID) -> HttpResponse:
    """Approve what another person asked for."""
    row = find_schedule(request.user, uid)
    actor = actor_for(request.user, row.organisation)
    _do(
        request,
        lambda: approve_schedule(row, user=request.user, actor=actor, now=read_now()),
        "The schedule is in force. Nothing goes before it is announced.",
    )
    return redirect("retention")


@page("POST")
def retention_decline(request: PageRequest, uid: UUID) -> HttpResponse:
    """Decline what was asked for."""
    row = find_schedule(request.user, uid)
    actor = actor_for(request.user, row.organisation)
    _do(
        request,
        lambda: decline_schedule(row, actor=actor, now=read_now()),
        "The change is declined.",
    )
    return redirect("retention")


def _ask(request: PageRequest, form: ScheduleForm) -> HTTPStatus:
    if not form.is_valid():
        return HTTPStatus.UNPROCESSABLE_ENTITY
    given = form.cleaned_data
    try:
        side = _side(request, given)
        row = ask_schedule(
            side,
            of=given["of"],
            keep_days=given["keep_days"],
            user=request.user,
            actor=actor_for(request.user, side),
            now=read_now(),
        )
    except BadInput as error:
        form.add_error(
            error.field if error.field in form.fields else None, error.message
        )
        return HTTPStatus.UNPROCESSABLE_ENTITY
    except NotPossible as error:
        form.add_error(None, error.message)
        return HTTPStatus.CONFLICT
    waits = "Recorded. Another person must approve it."
    messages.success(request, waits if row.asked_days else "The schedule is changed.")
    return HTTPStatus.OK


def _preview(
    request: PageRequest, form: ScheduleForm, now: datetime
) -> dict[str, Any] | None:
    """Return what the form's change would erase by the next run."""
    if request.method != "GET" or not form.is_bound or not form.is_valid():
        return None
    given = form.cleaned_data
    side = _side(request, given)
    terms = {given["of"]: given["keep_days"]} if given["keep_days"] else {}
    found = preview(side.pk, terms, as_of=now + NOTICE)
    total = sum_up(found)
    return {
        "what": ValueClass(given["of"]).label,
        "days": given["keep_days"],
        "values": total.values,
        "incidents": total.incidents,
        "erases_at": now + NOTICE,
    }


def _side(request: PageRequest, given: dict[str, Any]) -> Organisation:
    slug = given.get("organisation") or sides_of(request.user)[0].slug
    return organisation_for(request.user, Action.APPROVE, slug=slug)


def _row(request: PageRequest, row: KeptRow) -> dict[str, Any]:
    return {"row": row, **_urls(request, row.schedule)}


def _urls(request: PageRequest, schedule: RetentionSchedule | None) -> dict[str, str]:
    """Return where the reader decides on what was asked for; empty where they may not."""
    if schedule is None or schedule.asked_days is None:
        return {"approve_url": "", "decline_url": ""}
    is_own = schedule.asked_by_id == request.user.pk
    approve = "" if is_own else reverse("retention-approve", args=[schedule.uid])
    decline = reverse("retention-decline", args=[schedule.uid])
    return {"approve_url": approve, "decline_url": decline}


def _do(request: PageRequest, act: Callable[[], object], done: str) -> None:
    try:
        act()
    except NotPossible as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
