"""Pages: find incidents, open one, file one, and what happens right after filing."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from incidents.errors import BadInput, NotAllowed, TocsinError
from incidents.incident.access import actor_for, find_incident, note_reading
from incidents.incident.attachments import store_upload, visible_attachments
from incidents.incident.downloads import download_response
from incidents.incident.drafts import Draft, discard_draft, open_drafts
from incidents.incident.forms import NewIncidentForm, sent_content
from incidents.incident.idempotency import open_once, read_promise
from incidents.incident.incoming import arrived_files
from incidents.incident.listing import list_context, list_page
from incidents.incident.models import Incident
from incidents.incident.opening import open_incident
from incidents.incident.page import (
    mark_of,
    note_incident,
    page_context,
    see_incident,
    show_incident,
)
from incidents.incident.panels import FILED_PAGE, merged_context
from incidents.incident.receipts import receipt_of
from incidents.incident.taxonomy import CATEGORIES
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page, reader_of
from incidents.timers.clock import read_now

_NEW: Final = "incidents/incident/new.html"


@page("GET")
def incident_list(request: PageRequest) -> HttpResponse:
    """Show the incidents that the reader may see, one page of them."""
    found = list_page(request)
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=found.rows,
        targets=[f"list:{row.ref}" for row in found.rows],
        now=read_now(),
    )
    return render(request, "incidents/incident/list.html", list_context(request, found))


@page("GET")
def incident_detail(request: PageRequest, ref: str) -> HttpResponse:
    """Show one incident, or with ?since= the part that renews itself."""
    seen = see_incident(request, ref)
    since = request.GET.get("since")
    if not (request.htmx and since):
        return show_incident(request, seen)
    if since == mark_of(seen):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    note_incident(request, seen)
    return render(request, "incidents/incident/_live.html", page_context(seen))


@page("GET", "POST")
def incident_new(request: PageRequest) -> HttpResponse:
    """File an incident; a double click makes one."""
    organisations = _reporting_for(request)
    if request.method != "POST":
        return _restored_form(request, NewIncidentForm(organisations=organisations))
    form = NewIncidentForm(request.POST, request.FILES, organisations=organisations)
    if not form.is_valid():
        return _form_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    now = read_now()
    try:
        incident, is_new = _open(request, form, now=now)
    except BadInput:
        return _form_page(request, _as_another(request, organisations), status=409)
    if request.FILES and (is_new or _lacks_file(incident, form)):
        _attach_filed(request, incident, form, now=now)
    return redirect("incident-filed", incident.ref)


@page("GET")
def incident_filed(request: PageRequest, ref: str) -> HttpResponse:
    """Show the reference, and who is paged and what is due once routing has said so."""
    seen = see_incident(request, ref)
    note_incident(request, seen)
    shares = seen.incident.shares.filter(unshared_at=None).select_related("agency")
    context = {
        "now": seen.now,
        "incident": seen.incident,
        "receipt": receipt_of(seen.incident) if seen.is_owner else None,
        "shared_with": [s.agency for s in shares] if seen.is_owner else [],
        **merged_context(FILED_PAGE.parts(seen)),
    }
    is_part = request.htmx and not request.htmx.boosted
    name = "_filed_status.html" if is_part else "filed.html"
    return render(request, f"incidents/incident/{name}", context)


@page("GET")
def attachment_download(request: PageRequest, ref: str, uid: UUID) -> HttpResponseBase:
    """Download a file of an incident; it is never shown inline."""
    seen = see_incident(request, ref)
    files = visible_attachments(seen.incident, seen.side_ids)
    attachment = files.filter(uid=uid).first()
    if attachment is None:
        raise Http404
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[seen.incident],
        targets=[f"attachment:{attachment.uid}"],
        now=seen.now,
    )
    return download_response(attachment, by=reader_of(request))


def _reporting_for(request: PageRequest) -> list[Organisation]:
    """Return for whom the reader may file. Raises NotAllowed."""
    ids = organisations_allowing(request.user, Action.REPORT)
    if not ids:
        raise NotAllowed("Only people of a lab file incidents here.")
    return list(Organisation.objects.filter(pk__in=ids).order_by("pk"))


def _restored_form(request: PageRequest, form: NewIncidentForm) -> HttpResponse:
    drafts = open_drafts(request.user)
    wanted = request.GET.get("draft")
    chosen = [draft for draft in drafts if draft.key == wanted] or drafts[:1]
    if request.GET.get("empty"):
        chosen = []
    for draft in chosen:
        form.restore(draft.fields, key=draft.key)
    others = [draft for draft in drafts if draft not in chosen]
    return _form_page(request, form, draft=chosen[0] if chosen else None, others=others)


def _form_page(
    request: PageRequest,
    form: NewIncidentForm,
    *,
    status: int = HTTPStatus.OK,
    draft: Draft | None = None,
    others: Sequence[Draft] = (),
) -> HttpResponse:
    context: dict[str, Any] = {
        "others": others,
        "draft": draft,
        "form": form,
        "sections": form.sections(),
        "categories": CATEGORIES,
    }
    return render(request, _NEW, context, status=status)


def _open(
    request: PageRequest, form: NewIncidentForm, *, now: datetime
) -> tuple[Incident, bool]:
    """Open the incident of this form once. Raises BadInput for a used key."""
    promise = read_promise(
        caller=reader_of(request),
        endpoint=f"POST {request.path}",
        key=form.cleaned_data["idempotency_key"],
        body=sent_content(request.POST, arrived_files(request)),
    )
    actor = actor_for(request.user, form.cleaned_data["organisation"])
    new = form.new_incident(person=request.user, now=now)

    def make() -> Incident:
        discard_draft(request.user, key=form.cleaned_data["idempotency_key"])
        return open_incident(new, actor=actor, now=now)

    return open_once(promise, make, now=now)


def _as_another(
    request: PageRequest, organisations: list[Organisation]
) -> NewIncidentForm:
    """Return the form under a new key: its old one has made an incident already."""
    data = request.POST.copy()
    fresh = NewIncidentForm(organisations=organisations)
    data["idempotency_key"] = str(fresh["idempotency_key"].value())
    form = NewIncidentForm(data, organisations=organisations)
    form.add_error(
        None,
        "This form was sent before with other content, and that incident is filed. "
        "Send it again to file this as a second incident.",
    )
    return form


def _lacks_file(incident: Incident, form: NewIncidentForm) -> bool:
    """Whether the form is sent again because its file had not got through."""
    sha256 = form.cleaned_data["file"].sha256
    return not incident.attachments.filter(sha256=sha256).exists()


def _attach_filed(
    request: PageRequest, incident: Incident, form: NewIncidentForm, *, now: datetime
) -> None:
    """Add the form's file; a file that is refused never undoes the filing."""
    upload, owner = form.cleaned_data["file"], form.cleaned_data["organisation"]
    try:
        store_upload(
            find_incident(request.user, incident.ref),
            upload,
            filename=upload.name,
            organisation=owner,
            user=request.user,
            is_shared=form.cleaned_data["is_file_shared"],
            actor=actor_for(request.user, owner),
            now=now,
        )
    except TocsinError as error:
        messages.error(request, f"The incident is filed; the file is not. {error}")
