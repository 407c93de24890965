"""The pages of filings: the list, one filing, and what is done with it."""

import uuid
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import capfirst

from escalation.filings.access import FilingSeen, find_filing, lab_actor
from escalation.filings.acts import ACTS, Doing, page_actions
from escalation.filings.delays import InboxDelay
from escalation.filings.downloads import FORMS
from escalation.filings.drafting import (
    NewFiling,
    start_filing,
    write_version,
)
from escalation.filings.forms import BY_HAND, recipient_forms
from escalation.filings.inbox import filing_page
from escalation.filings.models import Filing, FilingState, RecipientState, Way
from escalation.filings.reading import approved_versions
from escalation.filings.request_showing import shown_requests
from escalation.filings.sections import SectionError
from escalation.filings.showing import ShownFiling, shown_filing
from escalation.filings.strip import strip_of
from escalation.filings.version_form import VersionForm, merged_form, version_form
from incidents.errors import BadInput, NoRoom, NotPossible, TooLarge
from incidents.events.actor import Actor
from incidents.incident.access import (
    actor_for,
    find_incident,
    note_reading,
    require_owner,
)
from incidents.incident.idempotency import Promise, read_promise
from incidents.models import Incident, Organisation
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page, put_error, reader_of
from incidents.timers.clock import read_now

RECIPIENTS = 3
MAX_DIGITS = 5
KEY = "Idempotency-Key"
BEGUN = "This form has begun a filing already. Send it again to begin another one."


@page("GET")
def filing_list(request: PageRequest) -> HttpResponse:
    """Show the agency's inbox, and what the lab files."""
    now = read_now()
    context = filing_page(request.user, request.GET, now=now)
    shown = [*context["own"], *context["inbox"]]
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[],
        targets=[
            *(f"list:{row.filing.ref}" for row in shown),
            *(f"list:{ref}" for ref in _delayed(context["delays"])),
        ],
        now=now,
    )
    return render(request, "escalation/filings/list.html", context)


def _delayed(rows: Sequence[InboxDelay]) -> list[str]:
    """Return the incidents whose delays are shown, each once."""
    return list(dict.fromkeys(row.incident.ref for row in rows))


@page("GET")
def filing_detail(request: PageRequest, ref: str) -> HttpResponse:
    """Show one filing."""
    return show_filing(request, _find(request, ref))


@page("GET", "POST")
def filing_new(request: PageRequest, ref: str) -> HttpResponse:
    """Begin a filing of an incident; its answers are proposed."""
    incident = find_incident(request.user, ref)
    if not Organisation.objects.of(request.user).filter(pk=incident.organisation_id):
        raise Http404
    owner = require_owner(request.user, incident, Action.MANAGE)
    data = request.POST if request.method == "POST" else None
    wanted = request.GET
    rows = recipient_forms(
        data,
        organisation=owner,
        count=RECIPIENTS,
        initial={
            "duty": f"{wanted.get('regime', '')} {wanted.get('stage', '')}".strip(),
            "agency": wanted.get("agency", ""),
            "name": wanted.get("name", ""),
        },
    )
    error, once = "", request.POST.get("idempotency_key") or uuid.uuid4()
    # Each is looked at, so that each tells its errors.
    flaws = [row for row in rows if data is not None and not row.is_valid()]
    if data is not None and not flaws:
        try:
            filing = _begin(request, incident, rows)
            return redirect("filing-edit", filing.ref)
        except BadInput as problem:
            error = f"{capfirst(problem.field)}: {problem.remedy}"
            if problem.field == KEY:
                error, once = BEGUN, uuid.uuid4()
    context = {
        "incident": incident,
        "forms": rows,
        "error": error,
        "amends": request.POST.get("amends", wanted.get("amends", "")),
        "once": once,
    }
    is_refused = error or flaws
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    _note_incident(request, incident)
    return render(request, "escalation/filings/new.html", context, status=status)


def _note_incident(request: PageRequest, incident: Incident) -> None:
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=[incident],
        targets=[f"incident:{incident.ref}"],
        now=read_now(),
    )


@page("GET", "POST")
def filing_edit(request: PageRequest, ref: str) -> HttpResponse:
    """Write a version of a draft."""
    seen = find_filing(request.user, ref)
    actor = lab_actor(seen, Action.MANAGE)
    shown = shown_filing(seen)
    form, conflict, status = version_form(shown), "", int(HTTPStatus.OK)
    if request.method == "POST":
        refused = _write(request, shown, actor)
        if refused is None:
            return redirect("filing-detail", seen.filing.ref)
        form, conflict, status = refused
    _note(request, seen)
    context = {
        "shown": shown,
        "strip": strip_of(shown, now=read_now()),
        "filing": seen.filing,
        "form": form,
        "conflict": conflict,
        "newest": form["based_on"].value(),
    }
    return render(request, "escalation/filings/edit.html", context, status=status)


def _write(
    request: PageRequest, shown: ShownFiling, actor: Actor
) -> tuple[VersionForm, str, int] | None:
    """Write what was sent; if it is refused return the form to go on with.

    With it what somebody else did meanwhile, and the status.
    """
    # The form's numbers are those of the version that it was made of.
    base = _base(request, shown)
    form = version_form(base, request.POST)
    if form.is_valid():
        try:
            write_version(
                shown.seen.filing,
                form.rows(),
                based_on=form.cleaned_data["based_on"],
                user=request.user,
                actor=actor,
                now=read_now(),
            )
        except BadInput as problem:
            form.add_error(None, f"{problem.field}: {problem.remedy}")
        except NotPossible as problem:
            going_on = _after_conflict(request, problem, form, base)
            return (*going_on, HTTPStatus.CONFLICT)
        else:
            return None
    return form, "", HTTPStatus.UNPROCESSABLE_ENTITY


def _base(request: PageRequest, shown: ShownFiling) -> ShownFiling:
    """Return the filing as it was when the form that was sent was made."""
    text = request.POST.get("based_on", "")
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        return shown
    version = shown.seen.filing.versions.filter(number=text).first()
    return shown_filing(shown.seen, version=version) if version else shown


def _after_conflict(
    request: PageRequest, problem: NotPossible, form: VersionForm, base: ShownFiling
) -> tuple[VersionForm, str]:
    """Return the form to go on with, and what somebody else did meanwhile."""
    if "version" in problem.state:
        newest = shown_filing(find_filing(request.user, base.seen.filing.ref))
        try:
            return merged_form(form.rows(), base=base, newest=newest), problem.message
        except SectionError as error:
            form.add_error(None, f"{error.field}: {error.remedy}")
    form.add_error(None, problem.message)
    return form, ""


def act_page(name: str) -> Callable[..., Any]:
    """Return the view of one act on a filing."""
    act = ACTS[name]

    @page("POST")
    def view(request: PageRequest, ref: str) -> HttpResponse:
        """Do it, and go back to the filing."""
        shown = shown_filing(_find(request, ref))
        doing = Doing(shown, request.user, read_now(), {})
        actor = act.actor(doing)
        form = act.form(shown, request.POST, request.FILES, auto_id=f"id_{name}_%s")
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.is_valid():
            doing.given.update(form.cleaned_data)
            try:
                act.run(doing, actor)
                return redirect("filing-detail", shown.seen.filing.ref)
            except (BadInput, NoRoom, TooLarge) as error:
                put_error(form, error)
            except NotPossible as error:
                form = _form_after(name, request, ref, error)
                status = HTTPStatus.CONFLICT
        seen = _find(request, ref)
        return show_filing(request, seen, bound={name: form}, status=status)

    return view


def _form_after(name: str, request: PageRequest, ref: str, error: NotPossible) -> Form:
    """Return an act's form as it was filled in, of the version that its page now shows.

    Only if the error tells of that version: nobody is to settle what they did not see.
    """
    shown = shown_filing(_find(request, ref))
    data = request.POST.copy()
    if error.state.get("version") == shown.version.number:
        data["version"] = str(shown.version.number)
    form = ACTS[name].form(shown, data, request.FILES, auto_id=f"id_{name}_%s")
    form.add_error(None, error.message)
    return form


def _find(request: PageRequest, ref: str) -> FilingSeen:
    return find_filing(request.user, ref, part=request.GET.get("part", ""))


def show_filing(
    request: PageRequest,
    seen: FilingSeen,
    *,
    bound: dict[str, Form] | None = None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """Return the filing's page, once its reading is recorded."""
    _note(request, seen)
    shown, bound = shown_filing(seen), bound or {}
    actions = list(page_actions(shown, bound))
    offered = {action.name for action in actions}
    for name, form in bound.items():
        if name not in offered:
            for error in form.non_field_errors():
                messages.error(request, str(error))
    now = read_now()
    context = {
        "shown": shown,
        "strip": strip_of(shown, now=now),
        "filing": seen.filing,
        "requests": shown_requests(shown.requests, now=now),
        "actions": actions,
        "now": now,
        "may_edit": _may_edit(shown),
        "amend_url": _amend_url(shown),
        "packet_version": _packet_version(shown),
        "incident_url": _incident_url(request, seen.filing),
        "file_forms": FORMS,
    }
    return render(request, "escalation/filings/detail.html", context, status=status)


def _begin(request: PageRequest, incident: Incident, rows: list[Any]) -> Filing:
    amends = None
    if ref := request.POST.get("amends", ""):
        amends = find_filing(request.user, ref).filing
    new = NewFiling(
        recipients=[row.recipient() for row in rows if row.has_changed()],
        amends=amends,
        promise=_promise(request),
    )
    owner = incident.organisation
    return start_filing(
        incident,
        new,
        user=request.user,
        actor=actor_for(request.user, owner),
        now=read_now(),
    )


def _promise(request: PageRequest) -> Promise | None:
    own = ("csrfmiddlewaretoken", "idempotency_key")
    sent = [pair for pair in request.POST.items() if pair[0] not in own]
    return read_promise(
        caller=reader_of(request),
        endpoint=f"POST {request.path}",
        key=request.POST.get("idempotency_key") or None,
        body=repr(sorted(sent)).encode(),
    )


def _may_edit(shown: ShownFiling) -> bool:
    seen = shown.seen
    return (
        seen.is_own
        and seen.filing.state == FilingState.DRAFT
        and seen.may(Action.MANAGE)
    )


def _amend_url(shown: ShownFiling) -> str:
    """Return where a correction is begun, empty while the filing itself can be changed."""
    seen = shown.seen
    if not seen.is_own or not seen.may(Action.MANAGE):
        return ""
    if seen.filing.state != FilingState.SUBMITTED and not shown.waits_for_nobody:
        return ""
    url = reverse("filing-new", args=[seen.filing.incident.ref])
    rows = [one.row for one in shown.recipients]
    # What was given on is corrected where it is now.
    kept = [row for row in rows if row.state != RecipientState.TRANSFERRED]
    first = (kept or rows)[0]
    query = {
        "amends": seen.filing.ref,
        "regime": first.regime_id,
        "stage": first.stage,
        "agency": first.agency.slug if first.agency and kept else BY_HAND,
        "name": first.name if kept else first.transfer.name,
    }
    return f"{url}?{urlencode(query)}"


def _packet_version(shown: ShownFiling) -> int | None:
    """Return the version that is filed by hand now: the newest that was approved."""
    if not any(one.row.way == Way.BY_HAND for one in shown.recipients):
        return None
    approved = approved_versions(shown.seen.filing)
    return approved[-1].number if approved else None


def _incident_url(request: PageRequest, filing: Filing) -> str:
    rows = Incident.objects.visible_to(request.user).filter(pk=filing.incident_id)
    return filing.incident.get_absolute_url() if rows.exists() else ""


def _note(request: PageRequest, seen: FilingSeen) -> None:
    """Record that the reader opens the filing. Raises Unavailable."""
    rows = Incident.objects.visible_to(request.user).filter(pk=seen.filing.incident_id)
    note_reading(
        reader=reader_of(request),
        user=request.user,
        incidents=rows,
        targets=[f"filing:{seen.filing.ref}"],
        now=read_now(),
    )
