"""The pages on which witnesses, and logs that are watched here, are shown and changed."""

from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from incidents.organisations.models import User
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page
from incidents.sealing.signing import last_signed_size
from incidents.timers.clock import read_now
from incidents.witnessing.editing import (
    add_witness,
    change_log,
    change_witness,
    may_configure,
    platform_actor,
    watch_log,
)
from incidents.witnessing.forms import (
    WatchedLogChangeForm,
    WatchedLogForm,
    WitnessChangeForm,
    WitnessForm,
    is_saved,
)
from incidents.witnessing.models import QuorumMiss, WatchedLog, Witness
from incidents.witnessing.own_key import own_public_key
from incidents.witnessing.own_policy import cosigners, own_policy
from incidents.witnessing.previewing import preview_quorum
from incidents.witnessing.states import log_facts, state_of, witness_facts
from incidents.witnessing.strip import witness_strip
from incidents.witnessing.vitals import measure_witnesses

# How many times without a quorum are shown, of how many days.
MISSES: Final = 5
RECENT: Final = timedelta(days=30)


@page("GET")
def witness_list(request: PageRequest) -> HttpResponse:
    """Show who cosigns the log; to the platform also which logs are cosigned here."""
    of_platform = may_configure(request.user)
    own_key = own_public_key() if of_platform else None
    policy, now = own_policy(), read_now()
    rows = Witness.objects.select_related("organisation")
    vitals = measure_witnesses(now)
    context = {
        "states": [state_of(one, now) for one in rows],
        "vitals": vitals,
        "strip": witness_strip(
            vitals, now, of_platform=of_platform, own=_own_names(request.user, rows)
        ),
        "misses": QuorumMiss.objects.filter(told_at__gte=now - RECENT)[:MISSES],
        "signed_size": last_signed_size(),
        "policy": policy,
        "preview": preview_quorum(policy, cosigners()),
        "may_configure": of_platform,
        "watched": WatchedLog.objects.all() if of_platform else (),
        "own_vkey": own_key.vkey() if own_key else "",
    }
    return render(request, "incidents/witnessing/list.html", context)


def _own_names(person: User, rows: Iterable[Witness]) -> set[str]:
    sides = set(organisations_allowing(person, Action.READ))
    return {one.slug for one in rows if one.organisation_id in sides}


@page("GET", "POST")
def witness_new(request: PageRequest) -> HttpResponse:
    """Have a witness cosign."""
    actor = platform_actor(request.user)
    form = WitnessForm(request.POST or None)
    if request.method == "POST" and is_saved(
        form, lambda: add_witness(form.draft(), actor=actor, now=read_now())
    ):
        return redirect("witness-list")
    return _edit_page(
        request,
        form,
        title="New witness",
        lead="It sees sizes and hashes of the log, never what is recorded.",
    )


@page("GET", "POST")
def witness_edit(request: PageRequest, uid: UUID) -> HttpResponse:
    """Ask a witness elsewhere, end it, or begin with it again."""
    rows = Witness.objects.select_related("organisation")
    witness = get_object_or_404(rows, uid=uid)
    actor = platform_actor(request.user)
    form = WitnessChangeForm(
        request.POST or None, initial=WitnessChangeForm.initial_of(witness)
    )
    if request.method == "POST" and is_saved(
        form,
        lambda: change_witness(
            witness, **form.cleaned_data, actor=actor, now=read_now()
        ),
    ):
        return redirect("witness-list")
    return _edit_page(
        request,
        form,
        title=witness.slug,
        lead="A witness keeps its key: a new key is a new witness.",
        vkey=witness.vkey,
        facts=witness_facts(state_of(witness, read_now()), own_policy()),
    )


@page("GET", "POST")
def watched_log_new(request: PageRequest) -> HttpResponse:
    """Cosign the heads of another log."""
    actor = platform_actor(request.user)
    form = WatchedLogForm(request.POST or None)
    if request.method == "POST" and is_saved(
        form, lambda: watch_log(form.draft(), actor=actor, now=read_now())
    ):
        return redirect("witness-list")
    return _edit_page(
        request,
        form,
        title="Watch a log",
        lead="Its heads are cosigned as long as each extends the one before.",
    )


@page("GET", "POST")
def watched_log_edit(request: PageRequest, uid: UUID) -> HttpResponse:
    """Know a log by other keys, end cosigning it, or go on."""
    watched = WatchedLog.objects.filter(uid=uid).first()
    if watched is None or not may_configure(request.user):
        raise Http404
    actor = platform_actor(request.user)
    form = WatchedLogChangeForm(
        request.POST or None, initial=WatchedLogChangeForm.initial_of(watched)
    )
    if request.method == "POST" and is_saved(
        form, lambda: _change_log(watched, form, actor=actor)
    ):
        return redirect("witness-list")
    return _edit_page(
        request,
        form,
        title=watched.origin,
        lead="What was cosigned stays; a log that is watched again goes on from there.",
        facts=log_facts(watched),
        watched=watched,
    )


def _change_log(
    watched: WatchedLog, form: WatchedLogChangeForm, **more: Any
) -> WatchedLog:
    values = form.cleaned_data
    return change_log(
        watched,
        vkeys=values["vkeys"].split(),
        is_active=values["is_active"],
        now=read_now(),
        **more,
    )


def _edit_page(request: PageRequest, form: forms.Form, **context: Any) -> HttpResponse:
    is_sent = request.method == "POST"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_sent else HTTPStatus.OK
    context = {"form": form, **context}
    return render(request, "incidents/witnessing/edit.html", context, status=status)
