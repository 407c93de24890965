"""The pages of regimes: the list, one law with its calculator, and own ones to be written."""

from http import HTTPStatus
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from escalation.lawbook.access import (
    Bookshelf,
    bookshelf_of,
    owner_of,
    read_text,
    versions_visible_to,
)
from escalation.lawbook.counting import CountForm, count_all, initial_of, is_asked
from escalation.lawbook.editing import (
    YOUR_TEXT,
    require_lab,
    retire_regime,
    save_regime,
)
from escalation.lawbook.forms import RegimeForm, RetireForm, VersionsForm
from escalation.lawbook.models import RegimeText
from escalation.lawbook.profiles import Watched
from escalation.lawbook.registry import Registered
from escalation.lawbook.showing import listed, shown, versions_shown
from escalation.lawbook.starting import starting_text
from escalation.policies.diff import Line, diff_lines
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation, OrganisationKind
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action, can
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_LIST: Final = "escalation/lawbook/list.html"
_DETAIL: Final = "escalation/lawbook/detail.html"
_EDIT: Final = "escalation/lawbook/edit.html"
_DIFF: Final = "escalation/lawbook/diff.html"


@page("GET")
def regime_list(request: PageRequest) -> HttpResponse:
    """Show every law that is known here, those first that the reader is under."""
    shelf = bookshelf_of(request.user)
    today = read_now().date()
    rows = [listed(shelf, one, today) for one in shelf.all().values()]
    context = {
        "watched": [row for row in rows if row["watching"]],
        "others": [row for row in rows if not row["watching"]],
        "why_none": _why_none(shelf),
        "is_one": len(shelf.organisations) == 1,
        "profiles": [_profile_link(row) for row in shelf.organisations.values()],
        "new_urls": [
            {"organisation": row, "url": _with_organisation("regime-new", row)}
            for row in shelf.organisations.values()
            if row.kind == OrganisationKind.LAB
            and can(request.user, Action.CONFIGURE, row)
        ],
    }
    return render(request, _LIST, context)


@page("GET")
def regime_detail(request: PageRequest, regime: str) -> HttpResponse:
    """Show one law, in a former version on demand, and count by it."""
    shelf = bookshelf_of(request.user)
    rows = versions_visible_to(request.user, regime)
    registered, row = _chosen(request, shelf, rows, regime)
    form = _calculator(request, shelf, registered)
    counted = count_all(form) if form.is_bound else []
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = {
        **shown(shelf, registered, read_now().date()),
        "form": form,
        "counted": counted,
        "versions": versions_shown(rows),
        "is_former": not row.is_current,
        **_changing(request, registered),
    }
    return render(request, _DETAIL, context, status=status)


@page("GET")
def regime_diff(request: PageRequest, regime: str) -> HttpResponse:
    """Show line by line what differs between two versions."""
    rows = versions_visible_to(request.user, regime)
    form = VersionsForm(request.GET)
    if not form.is_valid():
        raise Http404
    before = _numbered(rows, form.cleaned_data["from_version"])
    after = _numbered(rows, form.cleaned_data["to_version"])
    changes = diff_lines(_lines(before.text), _lines(after.text))
    versions = versions_shown(rows)
    context = {
        "regime_id": regime,
        "before": form.cleaned_data["from_version"],
        "after": form.cleaned_data["to_version"],
        "reason": after.reason,
        "versions": versions,
        "changes": changes,
        "is_same": all(change.kind == "kept" for change in changes),
    }
    return render(request, _DIFF, context)


@page("GET", "POST")
def regime_new(request: PageRequest) -> HttpResponse:
    """Write a framework of one's own as a regime."""
    slug = request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    require_lab(organisation)
    initial = {"text": starting_text(organisation, read_now().date())}
    return _edit(request, organisation, None, initial)


@page("GET", "POST")
def regime_edit(request: PageRequest, regime: str) -> HttpResponse:
    """Give an own regime a new version; clocks that run keep the former."""
    registered = bookshelf_of(request.user).find(regime)
    organisation = owner_of(request.user, registered, Action.CONFIGURE)
    return _edit(request, organisation, registered, {"text": registered.text})


@page("POST")
def regime_retire(request: PageRequest, regime: str) -> HttpResponse:
    """Take an own regime out of use."""
    registered = bookshelf_of(request.user).find(regime)
    organisation = owner_of(request.user, registered, Action.CONFIGURE)
    form = RetireForm(request.POST)
    if not form.is_valid():
        raise BadInput("reason", request.POST.get("reason", ""), "Say why.")
    retire_regime(
        organisation,
        regime,
        reason=form.cleaned_data["reason"],
        actor=actor_for(request.user, organisation),
        now=read_now(),
    )
    messages.success(request, f"{registered.regime.name} is out of use.")
    return redirect("regime-list")


def _edit(
    request: PageRequest,
    organisation: Organisation,
    registered: Registered | None,
    initial: dict[str, Any],
) -> HttpResponse:
    form = RegimeForm(request.POST or None, initial=initial)
    is_sent = request.method == "POST"
    if is_sent and form.is_valid():
        saved = _save(request, organisation, registered, form)
        if saved is not None:
            messages.success(request, "The regime is saved.")
            return redirect("regime-detail", saved.regime_id)
    context = {
        "form": form,
        "organisation": organisation,
        "regime": registered.regime if registered else None,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    return render(request, _EDIT, context, status=status)


def _save(
    request: PageRequest,
    organisation: Organisation,
    registered: Registered | None,
    form: RegimeForm,
) -> RegimeText | None:
    try:
        return save_regime(
            organisation,
            form.draft(registered.regime.id if registered else ""),
            user=request.user,
            actor=actor_for(request.user, organisation),
            now=read_now(),
        )
    except BadInput as error:
        form.add_error("text", error.remedy.removeprefix(f"{YOUR_TEXT}: "))
        return None


def _chosen(
    request: PageRequest, shelf: Bookshelf, rows: list[RegimeText], regime_id: str
) -> tuple[Registered, RegimeText]:
    """Return the version that the address names by number or digest, else that in use."""
    wanted, digest = request.GET.get("version", ""), request.GET.get("text", "")
    if digest:
        row = next((r for r in rows[::-1] if r.digest == digest), None)
        if row is None:
            raise Http404
        return read_text(row), row
    if not wanted:
        registered = shelf.find(regime_id)
        row = next((r for r in rows if r.digest == registered.digest), rows[-1])
        return registered, row
    if not (wanted.isascii() and wanted.isdecimal()) or len(wanted) > len(str(2**31)):
        raise Http404
    row = _numbered(rows, int(wanted))
    return read_text(row), row


def _numbered(rows: list[RegimeText], number: int) -> RegimeText:
    if not 1 <= number <= len(rows):
        raise Http404
    return rows[number - 1]


def _calculator(
    request: PageRequest, shelf: Bookshelf, registered: Registered
) -> CountForm:
    regime = registered.regime
    watched = Watched()
    for organisation in shelf.watching(regime.id):
        watched = shelf.profiles[organisation.pk].regimes[regime.id]
    if is_asked(regime, request.GET.dict()):
        return CountForm(regime, request.GET)
    return CountForm(regime, initial=initial_of(watched))


def _changing(request: PageRequest, registered: Registered) -> dict[str, Any]:
    owner = registered.organisation_id
    if owner is None:
        return {}
    organisation = Organisation.objects.get(pk=owner)
    if not can(request.user, Action.CONFIGURE, organisation):
        return {}
    name = registered.regime.id
    return {
        "edit_url": reverse("regime-edit", args=[name]),
        "retire_url": reverse("regime-retire", args=[name]),
    }


def _why_none(shelf: Bookshelf) -> str:
    """Return what it means for the reader's side that no law is chosen."""
    if all(row.is_agency for row in shelf.organisations.values()):
        return "An authority owes its answers under every law by which a lab reports."
    return "No incident starts a statutory clock until the legal profile names one."


def _profile_link(organisation: Organisation) -> dict[str, Any]:
    return {
        "organisation": organisation,
        "url": _with_organisation("legal-profile", organisation),
    }


def _with_organisation(name: str, organisation: Organisation) -> str:
    return f"{reverse(name)}?organisation={organisation.slug}"


def _lines(text: str) -> list[Line]:
    return [Line("", line) for line in text.splitlines() if line.strip()]
