"""The page on which evidence is handed out, and the downloads of it and of receipts."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.evidence import browser_page
from incidents.evidence.audiences import Audience, audiences_of
from incidents.evidence.fetching import bundle_response
from incidents.evidence.forms import ExportForm
from incidents.evidence.handing_receipts import receipt_or_waiting
from incidents.evidence.receipts import (
    ACTS,
    Receipt,
    receipt_of_act,
    receipt_of_entry,
)
from incidents.evidence.requesting import Wanted, request_bundle, visible_bundles
from incidents.incident.access import note_reading
from incidents.incident.forms import sent_content
from incidents.incident.idempotency import do_once, read_promise
from incidents.incident.page import note_incident, see_incident
from incidents.incident.panels import Seen
from incidents.ledger.models import Entry
from incidents.organisations.roles import Action, can
from incidents.pages import PageRequest, page, reader_of

_PAGE: Final = "incidents/evidence/page.html"
_LISTED: Final = 500
_FIELDS: Final = {"redactions": "rules", "seen_size": "seen_size"}


@page("GET", "POST")
def evidence(request: PageRequest, ref: str) -> HttpResponse:
    """Show what was handed out of an incident; hand out more."""
    seen = see_incident(request, ref)
    audiences = _audiences(request, seen)
    if request.method == "POST":
        return _ask(request, seen, audiences)
    note_incident(request, seen)
    if request.htmx and not request.htmx.boosted:
        return render(request, "incidents/evidence/_exports.html", _exports(seen))
    form = ExportForm(audiences=audiences) if audiences else None
    return _show(request, seen, audiences, form)


@page("GET")
def evidence_file(request: PageRequest, ref: str, uid: UUID) -> HttpResponseBase:
    """Fetch the zip file of a bundle."""
    seen = see_incident(request, ref)
    row = visible_bundles(seen.incident, seen.side_ids).filter(uid=uid).first()
    if row is None:
        raise Http404
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[seen.incident],
        targets=[f"evidence:{row.uid}"],
        now=seen.now,
    )
    return bundle_response(row, by=reader_of(request), now=seen.now)


@page("GET")
def entry_receipt(request: PageRequest, ref: str, seq: int) -> HttpResponse:
    """Download the proof of an entry of the timeline, once the log has it."""
    seen = see_incident(request, ref)
    note_incident(request, seen)
    return _receipt(request, seen, receipt_of_entry(seen.incident, seen.side_ids, seq))


@page("GET")
def act_receipt(request: PageRequest, ref: str, act: str) -> HttpResponse:
    """Download the proof of what was just done: filed, or acknowledged."""
    if act not in ACTS:
        raise Http404
    seen = see_incident(request, ref)
    note_incident(request, seen)
    receipt = receipt_of_act(seen.incident, seen.side_ids, act, user=request.user)
    return _receipt(request, seen, receipt)


@require_safe
def verifier_page(request: HttpRequest) -> HttpResponse:
    """Give anybody the page that verifies a bundle; with ?download it is saved."""
    response = HttpResponse(
        browser_page.page(), content_type="text/html; charset=utf-8"
    )
    response["Content-Security-Policy"] = browser_page.policy()
    response["Cache-Control"] = "no-cache"
    if "download" in request.GET:
        response["Content-Disposition"] = 'attachment; filename="tocsin-verify.html"'
    return response


def _receipt(request: PageRequest, seen: Seen, receipt: Receipt) -> HttpResponse:
    incident = seen.incident
    return receipt_or_waiting(request, incident, receipt, title=incident.title)


def _audiences(request: PageRequest, seen: Seen) -> dict[str, Audience]:
    """Return what the reader may hand out, of all sides for which they may."""
    return {
        f"{side.slug}:{one.name}": one
        for side in seen.sides
        if can(request.user, Action.EXPORT, side)
        for one in audiences_of(seen.incident, side)
    }


def _ask(
    request: PageRequest, seen: Seen, audiences: Mapping[str, Audience]
) -> HttpResponse:
    if not audiences:
        message = f"None of your roles lets you {Action.EXPORT.label}."
        raise NotAllowed(message)
    form = ExportForm(request.POST, audiences=audiences)
    if form.is_valid():
        try:
            _request(request, seen, audiences, form.cleaned_data)
            return redirect("evidence", seen.incident.ref)
        except BadInput as error:
            form.add_error(_FIELDS.get(error.field), error.remedy)
        except NotPossible as error:
            form.add_error(None, error.message)
    note_incident(request, seen)
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return _show(request, seen, audiences, form, status=status)


def _request(
    request: PageRequest,
    seen: Seen,
    audiences: Mapping[str, Audience],
    given: dict[str, Any],
) -> None:
    """Ask for the bundle, once for each form. Raises BadInput, NotPossible."""
    slug = given["audience"].partition(":")[0]
    [organisation] = [side for side in seen.sides if side.slug == slug]
    wanted = Wanted(
        audiences[given["audience"]].stream,
        given["recipient"],
        given["rules"],
        has_files=given["has_files"],
        seen_size=given["seen_size"],
    )
    promise = read_promise(
        caller=reader_of(request),
        endpoint=f"POST {request.path}",
        key=given["key"],
        body=sent_content(request.POST, ()),
    )
    do_once(
        promise,
        seen.incident,
        lambda: (
            request_bundle(
                seen.incident,
                wanted,
                organisation=organisation,
                user=request.user,
                now=seen.now,
            ).pk
        ),
        now=seen.now,
    )


def _show(
    request: PageRequest,
    seen: Seen,
    audiences: Mapping[str, Audience],
    form: ExportForm | None,
    *,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {**_exports(seen), "form": form, "records": _records(audiences)}
    return render(request, _PAGE, context, status=status)


def _exports(seen: Seen) -> dict[str, Any]:
    rows = list(visible_bundles(seen.incident, seen.side_ids))
    return {
        "incident": seen.incident,
        "now": seen.now,
        "exports": [{"row": row, "is_there": row.is_there(seen.now)} for row in rows],
        "is_open": any(row.is_open for row in rows),
    }


def _records(audiences: Mapping[str, Audience]) -> list[dict[str, Any]]:
    """Return the entries of each record by their numbers, for who withholds some."""
    entries: dict[UUID, list[Entry]] = {}
    ids = {one.stream.pk for one in audiences.values()}
    rows = Entry.objects.filter(stream__in=ids, seq__lte=_LISTED).order_by("seq")
    for entry in rows.only("stream_id", "seq", "kind", "at"):
        entries.setdefault(entry.stream_id, []).append(entry)
    return [
        {"label": one.label, "entries": entries.get(one.stream.pk, [])}
        for one in audiences.values()
    ]
