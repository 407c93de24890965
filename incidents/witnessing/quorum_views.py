"""The page on which the platform sets whose lines make a head complete."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import redirect, render

from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now
from incidents.witnessing.editing import platform_actor
from incidents.witnessing.forms import QuorumForm, is_saved
from incidents.witnessing.models import WitnessQuorum
from incidents.witnessing.own_policy import cosigners, policy_with, quorum_of
from incidents.witnessing.previewing import preview_quorum
from incidents.witnessing.quorums import set_quorum


@page("GET", "POST")
def quorum_edit(request: PageRequest) -> HttpResponse:
    """Show what a quorum means, before it is set and after."""
    actor = platform_actor(request.user)
    row, witnesses = WitnessQuorum.objects.first(), cosigners()
    shown = standing = policy_with(quorum_of(row), witnesses)
    initial = QuorumForm.initial_of(row, standing)
    form = QuorumForm(request.POST or None, initial=initial)
    status = HTTPStatus.OK
    is_sent = request.method == "POST"
    if is_sent and is_saved(form, lambda: form.policy(witnesses)):
        if "preview" not in request.POST:
            set_quorum(form.setting(), actor=actor, now=read_now())
            return redirect("witness-list")
        shown = form.policy(witnesses)
    elif is_sent:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    context = {
        "form": form,
        "preview": preview_quorum(shown, witnesses),
        "is_other": shown != standing,
        "witnesses": witnesses,
    }
    return render(request, "incidents/witnessing/quorum.html", context, status=status)
