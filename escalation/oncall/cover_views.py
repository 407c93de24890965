"""Overrides and swaps on the page of a schedule."""

from collections.abc import Callable
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from escalation.oncall.access import (
    find_schedule,
    require,
    require_cancel,
    require_cover,
    visible_overrides,
    visible_swaps,
)
from escalation.oncall.editing import members_named
from escalation.oncall.forms import (
    OverrideForm,
    SwapForm,
    members_of,
    to_instant,
)
from escalation.oncall.models import Schedule, SwapRequest
from escalation.oncall.overrides import OverrideDraft, cancel_override, make_override
from escalation.oncall.swaps import (
    SwapDraft,
    accept_swap,
    decline_swap,
    request_swap,
    withdraw_swap,
)
from escalation.oncall.views import schedule_page
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.organisations.roles import Action, can
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_ANSWERS: Final[dict[str, tuple[Callable[..., SwapRequest], str]]] = {
    "accept": (accept_swap, "You have taken it over."),
    "decline": (decline_swap, "You have declined."),
    "withdraw": (withdraw_swap, "Your request is withdrawn."),
}


@page("POST")
def override_new(request: PageRequest, pk: int) -> HttpResponse:
    """Put others on call for a while."""
    schedule = find_schedule(request.user, pk)
    require(request.user, schedule, Action.COVER)
    members = members_of(schedule.organisation)
    is_admin = can(request.user, Action.CONFIGURE, schedule.organisation)
    form = OverrideForm(
        request.POST,
        auto_id="id_override_%s",
        people=members if is_admin else [request.user],
        members=members,
    )
    if form.is_valid() and _tried(form, lambda: _override(request, schedule, form)):
        messages.success(request, "The override is in force.")
        return redirect("schedule-detail", schedule.pk)
    return schedule_page(request, schedule, override_form=form)


@page("POST")
def override_cancel(request: PageRequest, pk: int) -> HttpResponse:
    """Take an override back from now on."""
    override = visible_overrides(request.user).filter(pk=pk).first()
    if override is None:
        raise Http404
    require_cancel(request.user, override)
    actor = actor_for(request.user, override.schedule.organisation)
    cancel_override(override, actor=actor, now=read_now())
    messages.success(request, "The override is taken back.")
    return redirect("schedule-detail", override.schedule_id)


@page("POST")
def swap_new(request: PageRequest, pk: int) -> HttpResponse:
    """Ask to be relieved."""
    schedule = find_schedule(request.user, pk)
    require(request.user, schedule, Action.COVER)
    members = members_of(schedule.organisation)
    others = [member for member in members if member != request.user]
    form = SwapForm(request.POST, auto_id="id_swap_%s", members=others)
    if form.is_valid() and _tried(form, lambda: _ask(request, schedule, form)):
        messages.success(request, "The request is open until somebody accepts it.")
        return redirect("schedule-detail", schedule.pk)
    return schedule_page(request, schedule, swap_form=form)


@page("POST")
def swap_answer(request: PageRequest, pk: int, answer: str) -> HttpResponse:
    """Accept, decline or withdraw a request."""
    swap = visible_swaps(request.user).filter(pk=pk).first()
    if swap is None or answer not in _ANSWERS:
        raise Http404
    require(request.user, swap.schedule, Action.COVER)
    act, said = _ANSWERS[answer]
    actor = actor_for(request.user, swap.schedule.organisation)
    act(swap, user=request.user, actor=actor, now=read_now())
    messages.success(request, said)
    return redirect("schedule-detail", swap.schedule_id)


def _override(request: PageRequest, schedule: Schedule, form: OverrideForm) -> None:
    data = form.cleaned_data
    named = [*data["people"], data["replaces"]]
    people = members_named(schedule.organisation, named)
    chosen = [people[email] for email in data["people"]]
    require_cover(request.user, schedule, chosen)
    draft = OverrideDraft(
        start_at=_instant(data["start_at"], schedule),
        end_at=_instant(data["end_at"], schedule),
        people=chosen,
        mode=data["mode"],
        replaces=people.get(data["replaces"]),
        reason=data["reason"],
    )
    make_override(schedule, draft, **_by(request, schedule))


def _ask(request: PageRequest, schedule: Schedule, form: SwapForm) -> None:
    data = form.cleaned_data
    people = members_named(schedule.organisation, [data["asked_of"]])
    draft = SwapDraft(
        start_at=_instant(data["start_at"], schedule),
        end_at=_instant(data["end_at"], schedule),
        asked_of=people.get(data["asked_of"]),
        return_start_at=to_instant(data["return_start_at"], schedule.zone),
        return_end_at=to_instant(data["return_end_at"], schedule.zone),
        reason=data["reason"],
    )
    request_swap(schedule, draft, **_by(request, schedule))


def _instant(local: Any, schedule: Schedule) -> Any:
    return to_instant(local, schedule.zone)


def _by(request: PageRequest, schedule: Schedule) -> dict[str, Any]:
    actor = actor_for(request.user, schedule.organisation)
    return {"user": request.user, "actor": actor, "now": read_now()}


def _tried(form: forms.Form, act: Callable[[], None]) -> bool:
    """Do it; a mistake goes to its field."""
    try:
        act()
    except BadInput as error:
        form.add_error(
            error.field if error.field in form.fields else None, error.remedy
        )
        return False
    return True
