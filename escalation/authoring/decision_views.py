"""Compare versions and decide on proposed ones, from the pages of a policy."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from escalation.authoring.access import (
    action_for_rule,
    find_policy,
    find_version,
    require,
)
from escalation.policies.approval import (
    approve_version,
    end_second_person,
    reject_version,
    require_second_person,
    withdraw_version,
)
from escalation.policies.diff import diff_plans
from escalation.policies.models import Policy
from escalation.policies.steps import parse_policy
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now


class RejectForm(forms.Form):
    """Why a version is turned down."""

    reason = forms.CharField(max_length=500)


class SecondPersonForm(forms.Form):
    """Whether a second person approves from now on."""

    second_person = forms.TypedChoiceField(
        choices=[("on", "on"), ("off", "off")], coerce=lambda value: value == "on"
    )
    organisation = forms.SlugField(required=False)


class DiffForm(forms.Form):
    """Two versions."""

    from_version = forms.IntegerField(min_value=1, max_value=2**31 - 1)
    to_version = forms.IntegerField(min_value=1, max_value=2**31 - 1)


@page("GET")
def policy_diff(request: PageRequest, pk: int) -> HttpResponse:
    """Show sentence by sentence what differs between two versions."""
    policy = find_policy(request.user, pk)
    form = DiffForm(request.GET)
    if not form.is_valid():
        raise Http404
    before = find_version(policy, form.cleaned_data["from_version"])
    after = find_version(policy, form.cleaned_data["to_version"])
    changes = diff_plans(parse_policy(before.body), parse_policy(after.body))
    context = {
        "policy": policy,
        "before": before,
        "after": after,
        "changes": changes,
        "versions": policy.versions.all(),
        "is_same": all(change.kind == "kept" for change in changes),
    }
    return render(request, "escalation/policies/diff.html", context)


@page("POST")
def policy_approve(request: PageRequest, pk: int, number: int) -> HttpResponse:
    """Put a proposed version in force."""
    policy = find_policy(request.user, pk)
    organisation = require(request.user, Action.APPROVE, policy)
    version = find_version(policy, number)
    approve_version(version, **_decider(request, organisation))
    messages.success(request, f"Version {number} is in force for new incidents.")
    return redirect("policy-detail", pk=policy.pk)


@page("POST")
def policy_reject(request: PageRequest, pk: int, number: int) -> HttpResponse:
    """Turn a proposed version down, with the reason."""
    policy = find_policy(request.user, pk)
    organisation = require(request.user, Action.APPROVE, policy)
    version = find_version(policy, number)
    reason = _checked(RejectForm(request.POST))["reason"]
    reject_version(version, reason=reason, **_decider(request, organisation))
    messages.success(request, f"Version {number} is rejected.")
    return redirect("policy-detail", pk=policy.pk)


@page("POST")
def policy_withdraw(request: PageRequest, pk: int, number: int) -> HttpResponse:
    """Take one's own proposed version back."""
    policy = find_policy(request.user, pk)
    organisation = require(request.user, Action.CONFIGURE, policy)
    version = find_version(policy, number)
    withdraw_version(version, **_decider(request, organisation))
    messages.success(request, f"Version {number} is withdrawn.")
    return redirect("policy-detail", pk=policy.pk)


@page("POST")
def policy_second_person(request: PageRequest, pk: int) -> HttpResponse:
    """Begin or end that a second person approves this policy's versions."""
    policy = find_policy(request.user, pk)
    is_on = _checked(SecondPersonForm(request.POST))["second_person"]
    organisation = require(request.user, action_for_rule(is_on=is_on), policy)
    _set_rule(request, organisation, policy, is_on=is_on)
    return redirect("policy-detail", pk=policy.pk)


@page("POST")
def policies_second_person(request: PageRequest) -> HttpResponse:
    """Begin or end that a second person approves the versions of all policies."""
    given = _checked(SecondPersonForm(request.POST))
    is_on = given["second_person"]
    organisation = organisation_for(
        request.user, action_for_rule(is_on=is_on), slug=given["organisation"]
    )
    _set_rule(request, organisation, None, is_on=is_on)
    return redirect("policy-list")


def _set_rule(
    request: PageRequest,
    organisation: Organisation,
    policy: Policy | None,
    *,
    is_on: bool,
) -> None:
    decider = _decider(request, organisation)
    if is_on:
        decider.pop("user")
        require_second_person(organisation, policy, **decider)
        messages.success(request, "A second person approves each new version.")
    elif end_second_person(organisation, policy, **decider) is None:
        messages.success(request, "New versions are used at once.")
    else:
        messages.info(request, "Another person must confirm the end of this rule.")


def _decider(request: PageRequest, organisation: Organisation) -> dict[str, Any]:
    return {
        "user": request.user,
        "actor": actor_for(request.user, organisation),
        "now": read_now(),
    }


def _checked(form: forms.Form) -> dict[str, Any]:
    """Return what was sent. Raises BadInput for the first field that is wrong."""
    for name, errors in form.errors.items():
        raise BadInput(name, form.data.get(name, ""), str(errors[0]))
    return form.cleaned_data
