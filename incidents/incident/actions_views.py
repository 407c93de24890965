"""What people do to an incident on its page: one small form each.

A form with a mistake comes back on the page with what was typed; what is not possible
in the present state is said above it.
"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypedDict

from django.contrib import messages
from django.forms import BaseForm, Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from incidents.errors import BadInput, NoRoom, NotPossible, TooLarge
from incidents.events.actor import Actor
from incidents.incident import lifecycle, shares
from incidents.incident.access import (
    acting_organisation,
    actor_for,
    find_incident,
    require_owner,
)
from incidents.incident.action_forms import (
    AttachForm,
    CommentForm,
    MergeForm,
    ReasonForm,
    SeverityForm,
    ShareForm,
)
from incidents.incident.attachments import store_upload
from incidents.incident.models import AcknowledgedVia
from incidents.incident.page import see_incident, show_incident
from incidents.incident.panels import Seen
from incidents.organisations.models import Organisation, User
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page, put_error


class Doer(TypedDict):
    """Who does it, for the record, and when."""

    user: User
    actor: Actor
    now: datetime


def act_with(
    request: PageRequest,
    seen: Seen,
    name: str,
    form: BaseForm,
    act: Callable[[dict[str, Any]], object],
) -> HttpResponse:
    """Do what the form says and go back to the incident.

    With a mistake in it the incident's page comes back with the form as it was typed.
    """
    status, refused = HTTPStatus.UNPROCESSABLE_ENTITY, ""
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except (BadInput, NoRoom, TooLarge) as error:
            put_error(form, error)
        except NotPossible as error:
            if not form.fields:
                messages.error(request, error.message)
            else:
                form.add_error(None, error.message)
                status, refused = HTTPStatus.CONFLICT, name
    if form.errors:
        incident = find_incident(request.user, seen.incident.ref)
        bound = Seen.by(
            request.user, incident, now=seen.now, bound={name: form}, refused=refused
        )
        return show_incident(request, bound, status=status)
    return redirect("incident-detail", seen.incident.ref)


def doer(request: PageRequest, seen: Seen, organisation: Organisation) -> Doer:
    """Return who acts for this organisation, and when."""
    actor = actor_for(request.user, organisation)
    return {"user": request.user, "actor": actor, "now": seen.now}


@page("POST")
def acknowledge(request: PageRequest, ref: str) -> HttpResponse:
    """Say that the reader's organisation has it."""
    seen = see_incident(request, ref)
    side = acting_organisation(request.user, seen.incident, Action.ACKNOWLEDGE)
    who = doer(request, seen, side)

    def act(_: object) -> None:
        lifecycle.acknowledge(
            seen.incident, organisation=side, via=AcknowledgedVia.PAGE, **who
        )
        receipt = reverse("act-receipt", args=[seen.incident.ref, "acknowledged"])
        messages.success(
            request,
            format_html(
                'Acknowledged. <a href="{}">Keep the receipt</a>: it proves that you '
                "did, and when.",
                receipt,
            ),
        )

    return act_with(request, seen, "acknowledge", Form({}), act)


@page("POST")
def comment(request: PageRequest, ref: str) -> HttpResponse:
    """Add a comment."""
    seen = see_incident(request, ref)
    side = acting_organisation(request.user, seen.incident, Action.COMMENT)
    who = doer(request, seen, side)
    form = CommentForm(request.POST, auto_id="id_comment_%s")
    return act_with(
        request,
        seen,
        "comment",
        form,
        lambda given: lifecycle.comment(
            seen.incident, organisation=side, **given, **who
        ),
    )


@page("POST")
def attach(request: PageRequest, ref: str) -> HttpResponse:
    """Add a file."""
    seen = see_incident(request, ref)
    side = acting_organisation(request.user, seen.incident, Action.COMMENT)
    who = doer(request, seen, side)
    form = AttachForm(request.POST, request.FILES, auto_id="id_attach_%s")
    return act_with(
        request,
        seen,
        "attach",
        form,
        lambda given: store_upload(
            seen.incident,
            given["file"],
            filename=given["file"].name,
            organisation=side,
            is_shared=given["is_shared"],
            **who,
        ),
    )


@page("POST")
def severity(request: PageRequest, ref: str) -> HttpResponse:
    """Set another severity; routing looks at the incident again."""
    seen = see_incident(request, ref)
    who = _owner(request, seen, Action.MANAGE)
    form = SeverityForm(request.POST, auto_id="id_severity_%s")
    return act_with(
        request,
        seen,
        "severity",
        form,
        lambda given: lifecycle.change_severity(seen.incident, **given, **who),
    )


@page("POST")
def resolve(request: PageRequest, ref: str) -> HttpResponse:
    """Close it; every organisation's run ends."""
    seen = see_incident(request, ref)
    who = _owner(request, seen, Action.MANAGE)
    form = ReasonForm(request.POST, auto_id="id_resolve_%s")
    return act_with(
        request,
        seen,
        "resolve",
        form,
        lambda given: lifecycle.resolve(seen.incident, **given, **who),
    )


@page("POST")
def reopen(request: PageRequest, ref: str) -> HttpResponse:
    """Open a resolved incident again; routing starts anew."""
    seen = see_incident(request, ref)
    who = _owner(request, seen, Action.MANAGE)
    form = ReasonForm(request.POST, auto_id="id_reopen_%s")
    return act_with(
        request,
        seen,
        "reopen",
        form,
        lambda given: lifecycle.reopen(seen.incident, **given, **who),
    )


@page("POST")
def merge(request: PageRequest, ref: str) -> HttpResponse:
    """Close it as part of another incident of the same owner."""
    seen = see_incident(request, ref)
    who = _owner(request, seen, Action.MANAGE)
    form = MergeForm(
        request.POST,
        auto_id="id_merge_%s",
        person=request.user,
        incident=seen.incident,
    )
    return act_with(
        request,
        seen,
        "merge",
        form,
        lambda given: lifecycle.merge(seen.incident, **given, **who),
    )


@page("POST")
def share(request: PageRequest, ref: str) -> HttpResponse:
    """Make it visible to an agency."""
    seen = see_incident(request, ref)
    who = _owner(request, seen, Action.SHARE)
    form = ShareForm(request.POST, auto_id="id_share_%s", incident=seen.incident)
    return act_with(
        request,
        seen,
        "share",
        form,
        lambda given: shares.share(seen.incident, **given, **who),
    )


@page("POST")
def unshare(request: PageRequest, ref: str, agency: str) -> HttpResponse:
    """End what an agency sees: no new entries and no new reads."""
    seen = see_incident(request, ref)
    who = _owner(request, seen, Action.SHARE)
    row = (
        seen.incident.shares.filter(agency__slug=agency)
        .select_related("agency")
        .first()
    )
    if row is None:
        raise Http404
    return act_with(
        request,
        seen,
        "unshare",
        Form({}),
        lambda _: shares.unshare(
            seen.incident, agency=row.agency, reason="ended on the page", **who
        ),
    )


def _owner(request: PageRequest, seen: Seen, action: Action) -> Doer:
    """Return who acts for the owner. Raises NotAllowed."""
    owner = require_owner(request.user, seen.incident, action)
    return doer(request, seen, owner)
