"""The page on which an administrator names who reads anonymous reports."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from incidents.anonymous.desks import DeskDraft, handlers_of, save_desk
from incidents.anonymous.forms import DeskForm
from incidents.anonymous.models import ReportDesk
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET", "POST")
def report_desk(request: PageRequest) -> HttpResponse:
    """Show and change who reads the reports of an organisation."""
    slug = request.POST.get("organisation") or request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    if request.method != "POST":
        form = DeskForm(organisation=organisation, initial=_present(organisation))
        return _page(request, organisation, form)
    form = DeskForm(request.POST, organisation=organisation)
    if form.is_valid() and _save(request, organisation, form):
        messages.success(request, "Saved. Every handler can see this list.")
        return redirect("report-desk")
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _page(request, organisation, form, status=status)


def _save(request: PageRequest, organisation: Organisation, form: DeskForm) -> bool:
    said = form.cleaned_data
    draft = DeskDraft(
        handlers=said["handlers"],
        is_open=said["is_open"],
        takes_all=said.get("takes_all", False),
    )
    actor = actor_for(request.user, organisation)
    try:
        save_desk(organisation, draft, actor=actor, now=read_now())
    except BadInput as error:
        form.add_error(
            error.field if error.field in form.fields else None, error.remedy
        )
        return False
    return True


def _present(organisation: Organisation) -> dict[str, Any]:
    desk = ReportDesk.objects.filter(organisation=organisation).first()
    handlers = [row.user.email for row in handlers_of([organisation.pk])]
    return {
        "handlers": handlers,
        "is_open": desk.is_open if desk else True,
        "takes_all": desk.takes_all if desk else False,
    }


def _page(
    request: PageRequest,
    organisation: Organisation,
    form: DeskForm,
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {"form": form, "organisation": organisation}
    return render(request, "incidents/anonymous/desk.html", context, status=status)
