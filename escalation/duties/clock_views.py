"""The list of all reports that are due to authorities, and what people change of one."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from escalation.duties.lists import LIMIT, STATES, DutyFilters, duties_for
from escalation.duties.page import act_on_duties, see_duties
from escalation.duties.renewing import duty_clock_to_change, take_newer_text
from escalation.duties.showing import shown
from incidents.incident.access import actor_for, note_reading
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now


@page("GET")
def duty_list(request: PageRequest) -> HttpResponse:
    """Show what laws want from the reader's organisations, the soonest first."""
    now = read_now()
    filters = DutyFilters.read(request.GET.dict())
    found = shown(duties_for(request.user, filters, now=now)[:LIMIT], now)
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[one.clock.incident for one in found],
        targets=[f"list:{one.clock.incident.ref}" for one in found],
        now=now,
    )
    context = {
        "now": now,
        "duties": found,
        "tabs": _tabs(request, filters),
        "limit": LIMIT if len(found) == LIMIT else None,
    }
    return render(request, "escalation/duties/list.html", context)


@page("POST")
def duty_clock_renew(request: PageRequest, ref: str, pk: int) -> HttpResponse:
    """Count a decided clock by the present text of its law from now on."""
    duties = see_duties(request, ref)
    clock = duty_clock_to_change(duties.incident, pk, request.user)
    return act_on_duties(
        request,
        duties,
        f"clock-renew-{pk}",
        Form(request.POST),
        lambda _: take_newer_text(
            clock,
            actor=actor_for(request.user, clock.organisation),
            now=duties.seen.now,
        ),
        at="due",
    )


def _tabs(request: HttpRequest, filters: DutyFilters) -> list[dict[str, Any]]:
    found = []
    for state, label in STATES.items():
        query = request.GET.copy()
        query["state"] = state
        is_current = state == filters.state
        url = f"?{query.urlencode()}"
        found.append({"label": label, "url": url, "is_current": is_current})
    return found
