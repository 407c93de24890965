"""The page on which a person says how a source's alerts become incidents."""

from http import HTTPStatus
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.intake.handling_form import HandlingForm, initial_of
from incidents.intake.models import Source
from incidents.intake.sources import change_source
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET", "POST")
def source_handling(request: PageRequest, uid: UUID) -> HttpResponse:
    """Change how the alerts of a source become incidents."""
    visible = Source.objects.visible_to(request.user).select_related("organisation")
    source = visible.filter(uid=uid).first()
    if source is None:
        raise Http404
    slug = source.organisation.slug
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    form = HandlingForm(request.POST or None, initial=initial_of(source))
    is_sent = request.method == "POST"
    if is_sent and form.is_valid() and _save(request, organisation, source, form):
        return redirect("source-detail", uid)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    context = {"form": form, "source": source}
    return render(request, "incidents/intake/handling.html", context, status=status)


def _save(
    request: PageRequest, organisation: Organisation, source: Source, form: HandlingForm
) -> bool:
    try:
        change_source(
            source,
            changes=form.cleaned_data,
            actor=actor_for(request.user, organisation),
            now=read_now(),
        )
    except BadInput as error:
        place = error.field.partition(".")[0]
        message = f"{str(error.value)[:80]!r}: {error.remedy}"
        form.add_error(place if place in form.fields else None, message)
        return False
    return True
