"""The page that shows what a source reads out of a body, and by which mapping."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from incidents.errors import BadInput
from incidents.incident.access import actor_for, note_reading
from incidents.intake.adapters.mapping import problems_in
from incidents.intake.mapping_form import MappingForm, entered, entered_start
from incidents.intake.mapping_page import (
    field_of,
    mapping_context,
    seen_in,
    text_of,
)
from incidents.intake.mapping_trying import GENERIC, delivery_to_try
from incidents.intake.models import Delivery, Source
from incidents.intake.sources import change_source
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now


@page("GET", "POST")
def source_mapping(request: PageRequest, uid: UUID) -> HttpResponse:
    """Show what the mapping makes of a body while it is written, and save it."""
    source = _find(request, uid)
    slug = source.organisation.slug
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    delivery = _chosen(request, source)
    form = MappingForm(_entered(request, source, delivery))
    form.is_valid()
    is_saving = request.method == "POST" and request.POST.get("do") == "save"
    if is_saving and _save(request, organisation, source, form):
        return redirect("source-detail", uid)
    context = mapping_context(
        source, form, delivery=delivery, seen=seen_in(source, form, delivery)
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_saving else HTTPStatus.OK
    return render(request, "incidents/intake/mapping.html", context, status=status)


def _find(request: PageRequest, uid: UUID) -> Source:
    visible = Source.objects.visible_to(request.user).select_related("organisation")
    source = visible.filter(uid=uid).first()
    if source is None:
        raise Http404
    return source


def _chosen(request: PageRequest, source: Source) -> Delivery | None:
    """Return the delivery whose body is tried; the last one when none is named."""
    sent = request.POST if request.method == "POST" else request.GET
    if request.method == "POST" and not sent.get("delivery"):
        return None  # the body was pasted
    text = sent.get("delivery", "")
    try:
        return delivery_to_try(source, UUID(text) if text else None)
    except ValueError:
        remedy = "Choose a delivery of the list."
        raise BadInput("delivery", text, remedy) from None


def _entered(
    request: PageRequest, source: Source, delivery: Delivery | None
) -> dict[str, Any]:
    """Return what stands in the form: as it is stored, as it was sent, or filled in."""
    if request.method != "POST":
        stored = entered(source.mapping, source.severity_map)
        return {**stored, "body": _body_of(request, delivery)}
    sent = request.POST.dict()
    if sent.get("do") == "load":
        return {**sent, "body": _body_of(request, delivery)}
    if sent.get("do") == "start":
        return {**sent, **entered_start(str(sent.get("start", "")))}
    return sent


def _body_of(request: PageRequest, delivery: Delivery | None) -> str:
    """Return the text of a delivery's body, and record that it is read."""
    if delivery is None or delivery.body is None:
        return ""
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[],
        targets=[f"delivery:{delivery.uid}"],
        now=read_now(),
    )
    return text_of(bytes(delivery.body))


def _save(
    request: PageRequest, organisation: Organisation, source: Source, form: MappingForm
) -> bool:
    """Save the mapping; False when the form says now why it cannot be saved."""
    mapping = form.mapping
    for name, problem in problems_in(mapping).items():
        form.add_error(field_of(name), problem)
    if mapping and "title" not in mapping and source.tool == GENERIC:
        form.add_error(field_of("title"), "Say where the title stands.")
    if form.errors:
        return False
    words = form.cleaned_data["severity_map"]
    try:
        change_source(
            source,
            changes={"mapping": mapping, "severity_map": words},
            actor=actor_for(request.user, organisation),
            now=read_now(),
        )
    except BadInput as error:
        place = error.field.partition(".")[0]
        message = f"{str(error.value)[:80]!r}: {error.remedy}"
        form.add_error(place if place in form.fields else None, message)
        return False
    return True
