"""Hand running incidents over from the page of a policy, after a preview."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from escalation.authoring.access import find_policy, require
from escalation.authoring.handing_over import live_runs
from escalation.policies.models import Policy, PolicyVersion
from escalation.policies.sentences import describe_step
from escalation.policies.steps import parse_policy
from escalation.policies.versions import versions_in_force
from escalation.runs.hand_over import HandedOver, HandOver, hand_over
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_SAME = ("", "Where each stands: its next step stays due when it is")


class HandOverForm(forms.Form):
    """At which step runs go on in the version in force, and why."""

    step = forms.ChoiceField(label="Go on", required=False)
    reason = forms.CharField(label="Why", max_length=200)

    def __init__(self, *args: Any, version: PolicyVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plan = parse_policy(version.body)
        steps = [
            (label, f"At once with step {label}: {describe_step(step)}")
            for label, step in zip(plan.labels, plan.steps, strict=True)
        ]
        field = self.fields["step"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  declared above
        field.choices = [_SAME, *steps]


@page("GET", "POST")
def policy_hand_over(request: PageRequest, pk: int) -> HttpResponse:
    """Show what would move to the version in force, then move it."""
    policy = find_policy(request.user, pk)
    organisation = require(request.user, Action.CONFIGURE, policy)
    version = versions_in_force([policy.pk]).get(policy.pk)
    if version is None:
        raise Http404
    form = HandOverForm(request.POST or None, version=version)
    moved: list[HandedOver] = []
    if form.is_valid():
        order = HandOver(
            version, form.cleaned_data["step"], form.cleaned_data["reason"]
        )
        is_dry_run = request.POST.get("do") != "hand_over"
        try:
            moved = hand_over(
                live_runs(policy),
                order,
                actor=actor_for(request.user, organisation),
                now=read_now(),
                is_dry_run=is_dry_run,
            )
        except BadInput as error:
            form.add_error("step", error.remedy)
        else:
            if not is_dry_run:
                return _done(request, policy, moved)
    context = {"policy": policy, "version": version, "form": form, "moved": moved}
    context["is_previewed"] = form.is_bound and form.is_valid()
    return render(request, "escalation/policies/hand_over.html", context)


def _done(
    request: PageRequest, policy: Policy, moved: list[HandedOver]
) -> HttpResponse:
    count = len(moved)
    word = "run is" if count == 1 else "runs are"
    messages.success(request, f"{count} {word} handed over.")
    return redirect("policy-detail", pk=policy.pk)
