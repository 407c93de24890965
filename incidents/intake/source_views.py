"""Pages on which a person makes a source and changes what it is called."""

from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from incidents.errors import BadInput, NotAllowed
from incidents.incident.access import actor_for
from incidents.intake.adapters.registry import ADAPTERS
from incidents.intake.models import Source
from incidents.intake.preset_mappings import STARTS
from incidents.intake.source_form import (
    NewSourceForm,
    SourceForm,
    initial_of,
    tools_matching,
)
from incidents.intake.sources import SourceOptions, change_source, create_source
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

MAX_QUERY: Final = 100


@page("GET", "POST")
def source_new(request: PageRequest) -> HttpResponse:
    """Choose a tool, then name its source; its page then says how to set the tool up."""
    organisations = _configuring(request)
    adapter = ADAPTERS.get(request.GET.get("tool", ""))
    if adapter is None:
        return _choose_tool(request)
    data = request.POST or None
    initial = {**_named(adapter.tool), "start": request.GET.get("start", "")}
    form = NewSourceForm(
        data, tool=adapter.tool, organisations=organisations, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        source = _make(request, adapter.tool, form)
        if source:
            return redirect("source-detail", source.uid)
    context = {"form": form, "tool": adapter}
    return _form_page(request, "new", context)


@page("GET", "POST")
def source_edit(request: PageRequest, uid: UUID) -> HttpResponse:
    """Change what a source is called, and what its incidents start with."""
    visible = Source.objects.visible_to(request.user).select_related("organisation")
    source = visible.filter(uid=uid).first()
    if source is None:
        raise Http404
    slug = source.organisation.slug
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    form = SourceForm(request.POST or None, initial=initial_of(source))
    if request.method == "POST" and form.is_valid():
        actor = actor_for(request.user, organisation)
        change_source(source, changes=form.cleaned_data, actor=actor, now=read_now())
        return redirect("source-detail", uid)
    return _form_page(request, "edit", {"form": form, "source": source})


def _choose_tool(request: PageRequest) -> HttpResponse:
    query = request.GET.get("q", "")[:MAX_QUERY]
    context = {"query": query, "tools": tools_matching(query)}
    return render(request, "incidents/intake/new_tool.html", context)


def _form_page(
    request: PageRequest, name: str, context: dict[str, Any]
) -> HttpResponse:
    is_sent = request.method == "POST"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    return render(request, f"incidents/intake/{name}.html", context, status=status)


def _make(request: PageRequest, tool: str, form: NewSourceForm) -> Source | None:
    """Make the source; None when the form says now why it cannot be made."""
    given = dict(form.cleaned_data)
    organisation: Organisation = given.pop("organisation")
    named = {"slug": given.pop("slug"), "name": given.pop("name")}
    if start := STARTS.get(given.pop("start", "")):
        given |= {"mapping": start.mapping, "severity_map": start.severity_map}
    try:
        source, _ = create_source(
            organisation,
            tool=tool,
            **named,
            options=SourceOptions(**given),
            actor=actor_for(request.user, organisation),
            now=read_now(),
        )
    except BadInput as error:
        _tell(form, error)
        return None
    return source


def _tell(form: forms.Form, error: BadInput) -> None:
    place = error.field if error.field in form.fields else None
    form.add_error(place, f"{str(error.value)[:80]!r}: {error.remedy}")


def _named(tool: str) -> dict[str, str]:
    return {"name": ADAPTERS[tool].name, "slug": tool.replace("_", "-")}


def _configuring(request: PageRequest) -> list[Organisation]:
    ids = organisations_allowing(request.user, Action.CONFIGURE)
    if not ids:
        raise NotAllowed("Only administrators add sources.")
    return list(Organisation.objects.filter(pk__in=ids).order_by("pk"))
