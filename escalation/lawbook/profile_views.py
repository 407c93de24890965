"""The page of the legal profile: which laws an organisation is under, who answers for them."""

from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from escalation.lawbook.access import organisations_of
from escalation.lawbook.forms import ProfileForm, initial_of
from escalation.lawbook.profile_editing import (
    ProfileDraft,
    save_profile,
    stored_regimes,
)
from escalation.lawbook.profiles import Profile, profile_of
from escalation.lawbook.registry import Known, regimes_of
from escalation.policies.models import Policy
from incidents.errors import BadInput, NotAllowed
from incidents.incident.access import actor_for
from incidents.models import Organisation, User
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action, can
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


@page("GET", "POST")
def legal_profile(request: PageRequest) -> HttpResponse:
    """Show the profile to everybody of the organisation; who configures it may change it."""
    organisation = _organisation(request)
    if not can(request.user, Action.CONFIGURE, organisation):
        if request.method == "POST":
            raise NotAllowed(f"None of your roles lets you {Action.CONFIGURE.label}.")
        return _show(request, organisation)
    return _edit(request, organisation)


def _organisation(request: PageRequest) -> Organisation:
    slug = request.GET.get("organisation", "")
    if not organisations_of(request.user).exists():
        raise NotAllowed("You belong to no organisation that is under a law.")
    return organisation_for(request.user, Action.READ, slug=slug)


def _show(request: PageRequest, organisation: Organisation) -> HttpResponse:
    profile = profile_of(organisation.pk)
    known = regimes_of(organisation.pk)
    context = {
        "organisation": organisation,
        "laws": [
            {"registered": known[name], "watched": watched}
            for name, watched in profile.regimes.items()
            if name in known
        ],
        "gone": _gone(organisation, profile),
        "unreadable": sorted(profile.regimes.keys() - known.keys()),
        **_named(profile),
    }
    return render(request, "escalation/lawbook/profile.html", context)


def _edit(request: PageRequest, organisation: Organisation) -> HttpResponse:
    known = regimes_of(organisation.pk)
    profile = profile_of(organisation.pk)
    form = ProfileForm(
        organisation, known, request.POST or None, initial=_initial(profile)
    )
    is_sent = request.method == "POST"
    if is_sent and form.is_valid() and _save(request, organisation, form):
        messages.success(request, "The legal profile is saved.")
        return redirect(request.get_full_path())
    context = {
        "form": form,
        "organisation": organisation,
        "gone": _gone(organisation, profile),
        "unreadable": sorted(profile.regimes.keys() - known.keys()),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    return render(
        request, "escalation/lawbook/profile_edit.html", context, status=status
    )


def _save(request: PageRequest, organisation: Organisation, form: ProfileForm) -> bool:
    try:
        save_profile(
            organisation,
            _with_unreadable(form.draft(), organisation, form.known),
            actor=actor_for(request.user, organisation),
            now=read_now(),
        )
    except BadInput as error:
        form.add_error(form.field_for(error.field), error.remedy)
        return False
    return True


def _with_unreadable(
    draft: ProfileDraft, organisation: Organisation, known: Known
) -> ProfileDraft:
    """Keep the laws that the form could not offer: nobody has taken them out."""
    stored = stored_regimes(organisation.slug)
    kept = {name: body for name, body in stored.items() if name not in known}
    return replace(draft, regimes={**draft.regimes, **kept})


def _initial(profile: Profile) -> dict[str, Any]:
    named = _named(profile)
    return initial_of(
        profile,
        accountable=named["accountable"].email if named["accountable"] else "",
        deputy=named["deputy"].email if named["deputy"] else "",
        policy=named["policy"].slug if named["policy"] else "",
    )


def _named(profile: Profile) -> dict[str, Any]:
    """Return the people and the policy of a profile."""
    ids = [pk for pk in (profile.accountable_id, profile.deputy_id) if pk]
    people = User.objects.in_bulk(ids)
    return {
        "accountable": people.get(profile.accountable_id or 0),
        "deputy": people.get(profile.deputy_id or 0),
        "policy": Policy.objects.filter(pk=profile.policy_id or 0).first(),
    }


def _gone(organisation: Organisation, profile: Profile) -> list[User]:
    """Return the people of a profile who have no role in the organisation any more."""
    ids = [pk for pk in (profile.accountable_id, profile.deputy_id) if pk]
    roles = organisation.memberships.filter(ended_at=None).values("user")
    people = User.objects.filter(pk__in=ids)
    return list(people.exclude(pk__in=roles, is_active=True))
