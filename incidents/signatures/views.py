"""Pages of signing keys, and the page on which an acknowledgement is signed."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from incidents.errors import BadInput, NotAllowed, NotPossible
from incidents.incident.access import actor_for
from incidents.incident.page import note_incident, see_incident
from incidents.incident.panels import Seen
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page, put_error
from incidents.signatures.forms import KeyForm, SignForm
from incidents.signatures.keys import (
    add_key,
    find_key,
    read_statement,
    retire_key,
    side_of,
)
from incidents.signatures.models import PartyKey
from incidents.signatures.panels import signing_context
from incidents.signatures.signing import sign, signing_side, to_sign, unsigned
from incidents.timers.clock import read_now


@page("GET", "POST")
def party_keys(request: PageRequest) -> HttpResponse:
    """Show the own keys, and those of organisations that the reader administers; add one."""
    form = KeyForm(request.POST or None)
    if form.is_valid():
        try:
            key = _add(request, form)
        except BadInput as error:
            form.add_error("envelope", error.remedy)
        except (NotAllowed, NotPossible) as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"Key {key.short} is registered.")
            return redirect("party-keys")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = _keys_context(request, form)
    return render(request, "incidents/signatures/keys.html", context, status=status)


def _add(request: PageRequest, form: KeyForm) -> PartyKey:
    envelope = form.given()
    organisation = side_of(read_statement(envelope, request.user), request.user)
    return add_key(
        envelope,
        user=request.user,
        organisation=organisation,
        actor=actor_for(request.user, organisation),
        now=read_now(),
    )


def _keys_context(request: PageRequest, form: KeyForm) -> dict[str, Any]:
    rows = PartyKey.objects.visible_to(request.user)
    keys = list(rows.select_related("organisation", "user"))
    own = [key for key in keys if key.user_id == request.user.pk]
    ids = organisations_allowing(request.user, Action.ACKNOWLEDGE)
    sides = list(Organisation.objects.filter(pk__in=ids))
    slug = sides[0].slug if sides else ""
    return {
        "form": form,
        "own": own,
        "others": [key for key in keys if key.user_id != request.user.pk],
        "sides": sides,
        "unsigned": unsigned(request.user),
        "suggested": f"{slug}/{request.user.pk}-{len(own) + 1}",
    }


@page("POST")
def party_key_retire(request: PageRequest, uid: UUID) -> HttpResponse:
    """Let a key sign nothing more."""
    key = find_key(request.user, uid)
    actor = actor_for(request.user, key.organisation)
    key = retire_key(key, actor=actor, now=read_now())
    messages.success(
        request, f"Key {key.short} is retired. What it signed stays signed."
    )
    return redirect("party-keys")


@page("GET", "POST")
def incident_sign(request: PageRequest, ref: str) -> HttpResponse:
    """Show what is to be signed, and take the signatures."""
    seen = see_incident(request, ref)
    form = SignForm(request.POST or None)
    if request.method == "POST" and _is_signed(request, seen, form):
        messages.success(request, "Your acknowledgement is signed.")
        return redirect("incident-detail", seen.incident.ref)
    note_incident(request, seen)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    asked = to_sign(seen.incident, request.user)
    signing = signing_context(seen.incident, asked) if asked else None
    context = {"incident": seen.incident, "form": form, "signing": signing}
    return render(request, "incidents/signatures/sign.html", context, status=status)


def _is_signed(request: PageRequest, seen: Seen, form: SignForm) -> bool:
    """Take the signatures of the form; what the domain refuses stands at its field."""
    person = request.user
    actor = actor_for(person, signing_side(seen.incident, person))
    if not form.is_valid():
        return False
    try:
        sign(seen.incident, form.given(), user=person, actor=actor, now=seen.now)
    except BadInput as error:
        put_error(form, error)
        return False
    return True
