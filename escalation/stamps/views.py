"""The pages on which authorities that stamp the time are shown and changed."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from escalation.stamps.editing import add_authority, change_authority
from escalation.stamps.forms import AuthorityChangeForm, AuthorityForm
from incidents.pages import PageRequest, page
from incidents.stamping.models import TimeStampAuthority
from incidents.stamping.vitals import measure_stamps
from incidents.timers.clock import read_now
from incidents.witnessing.editing import may_configure, platform_actor
from incidents.witnessing.forms import is_saved


@page("GET")
def time_stamp_list(request: PageRequest) -> HttpResponse:
    """Show who stamps the log's heads with the time."""
    context = {
        "authorities": TimeStampAuthority.objects.all(),
        "vitals": measure_stamps(),
        "may_configure": may_configure(request.user),
    }
    return render(request, "escalation/stamps/list.html", context)


@page("GET", "POST")
def time_stamp_new(request: PageRequest) -> HttpResponse:
    """Have an authority stamp."""
    actor = platform_actor(request.user)
    form = AuthorityForm(request.POST or None)
    if request.method == "POST" and is_saved(
        form,
        lambda: add_authority(
            form.draft(), actor=actor, now=read_now(), is_tried=form.is_tried()
        ),
    ):
        return redirect("time-stamp-list")
    return _edit_page(request, form, title="New authority")


@page("GET", "POST")
def time_stamp_edit(request: PageRequest, uid: UUID) -> HttpResponse:
    """Ask an authority elsewhere or otherwise, end it, or begin with it again."""
    row = get_object_or_404(TimeStampAuthority, uid=uid)
    actor = platform_actor(request.user)
    initial = AuthorityChangeForm.initial_of(row)
    form = AuthorityChangeForm(request.POST or None, initial=initial)
    if request.method == "POST" and is_saved(
        form,
        lambda: change_authority(
            row, form.changes(), actor=actor, now=read_now(), is_tried=form.is_tried()
        ),
    ):
        return redirect("time-stamp-list")
    return _edit_page(request, form, title=row.slug)


def _edit_page(
    request: PageRequest, form: AuthorityForm, **context: Any
) -> HttpResponse:
    is_sent = request.method == "POST"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    context = {"form": form, **context}
    return render(request, "escalation/stamps/edit.html", context, status=status)
