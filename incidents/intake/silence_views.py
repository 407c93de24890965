"""The pages of silences, and the list of all that holds alerts back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from incidents.incident.access import actor_for
from incidents.intake.held_page import edit_page
from incidents.intake.maintenance import is_in_use, next_start, times_of
from incidents.intake.silence_ends import counts_holding, last_told
from incidents.intake.silence_forms import SilenceForm
from incidents.intake.silence_models import Maintenance, Silence, Suppression
from incidents.intake.silences import create_silence, end_silence, extend_silence
from incidents.intake.suppression import describe, parse_matchers
from incidents.intake.suppressors import code_of, counts_held, window_at
from incidents.organisations.directory import organisation_for
from incidents.organisations.models import Organisation
from incidents.organisations.roles import Action, organisations_allowing
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

SHOWN: Final = 200
SHOWN_ENDED: Final = 20
SHOWN_HELD: Final = 20
EXTENDED_MINUTES: Final = 60


@page("GET")
def silence_list(request: PageRequest) -> HttpResponse:
    """Show what is silenced, the maintenance planned, and what was held back lately."""
    now, person = read_now(), request.user
    visible = Silence.objects.visible_to(person).select_related("source", "author")
    is_over = Q(ends_at__lte=now)
    in_use = visible.exclude(is_over).order_by("ends_at", "pk")
    ahead = list(in_use[:SHOWN])
    silences = [
        *ahead,
        *visible.filter(is_over).order_by("-ends_at", "-pk")[:SHOWN_ENDED],
    ]
    windows = Maintenance.objects.visible_to(person).filter(ended_at=None)
    used = windows.filter(Q(ends_at=None) | Q(ends_at__gt=now)).order_by("pk")
    planned = list(used.select_related("source", "author")[:SHOWN])
    counts = counts_held([*silences, *planned])
    known = _Known(now, counts, counts_holding(silences), last_told(silences))
    own = Organisation.objects.of(person).values("pk")
    held = Suppression.objects.filter(organisation__in=own).order_by("-pk")
    may_silence = organisations_allowing(person, Action.MANAGE)
    may_plan = organisations_allowing(person, Action.CONFIGURE)
    context = {
        "silences": [_silence(row, known, may_silence) for row in silences],
        "windows": [_window(row, known, may_plan) for row in planned],
        "held": held.select_related("alert__source", "heartbeat", "source")[
            :SHOWN_HELD
        ],
        "is_cut": SHOWN in (len(ahead), len(planned)),
        "shown": SHOWN,
        "new_silence": reverse("silence-new") if may_silence else "",
        "new_window": reverse("maintenance-new") if may_plan else "",
    }
    return render(request, "incidents/intake/silences.html", context)


@page("GET", "POST")
def silence_new(request: PageRequest) -> HttpResponse:
    """Make a silence for the organisation that `?organisation=` names."""
    slug = request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.MANAGE, slug=slug)
    form = SilenceForm(request.POST or None, organisation=organisation)

    def save(now: datetime) -> None:
        create_silence(
            organisation,
            form.draft(now),
            author=request.user,
            actor=actor_for(request.user, organisation),
            now=now,
        )

    return edit_page(request, form, save, {"kind": "silence"})


@page("POST")
def silence_end(request: PageRequest, uid: UUID) -> HttpResponse:
    """End a silence now; what still fires opens its incident."""
    silence, organisation = _silence_to_manage(request, uid)
    end_silence(silence, actor=actor_for(request.user, organisation), now=read_now())
    return redirect("silence-list")


@page("POST")
def silence_extend(request: PageRequest, uid: UUID) -> HttpResponse:
    """Let a silence last an hour longer."""
    silence, organisation = _silence_to_manage(request, uid)
    extend_silence(
        silence,
        minutes=EXTENDED_MINUTES,
        actor=actor_for(request.user, organisation),
        now=read_now(),
    )
    return redirect(f"{reverse('silence-list')}#silence-{uid}")


def _silence_to_manage(request: PageRequest, uid: UUID) -> tuple[Silence, Organisation]:
    silence = Silence.objects.visible_to(request.user).filter(uid=uid).first()
    if silence is None:
        raise Http404
    slug = silence.organisation.slug
    return silence, organisation_for(request.user, Action.MANAGE, slug=slug)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of all that is shown."""

    now: datetime
    counts: Mapping[str, int]
    holding: Mapping[int, int]
    told: Mapping[int, datetime]


def _silence(row: Silence, known: _Known, allowed: list[int]) -> dict[str, Any]:
    state = row.state_at(known.now)
    is_mine = row.organisation_id in allowed and state != "expired"
    return {
        "uid": row.uid,
        "what": describe(parse_matchers(row.matchers)),
        "source": row.source.name if row.source else "",
        "reason": row.reason,
        "author": str(row.author) if row.author else row.author_name,
        "state": state,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "held_count": known.counts.get(code_of(row), 0),
        "holding_count": known.holding[row.pk],
        "told_at": known.told.get(row.pk),
        "extend_url": reverse("silence-extend", args=[row.uid]) if is_mine else "",
        "end_url": reverse("silence-end", args=[row.uid]) if is_mine else "",
    }


def _window(row: Maintenance, known: _Known, allowed: list[int]) -> dict[str, Any]:
    span = window_at(row, known.now)
    is_mine = row.organisation_id in allowed and is_in_use(row, known.now)
    return {
        "what": row.source.name if row.source else "All sources",
        "reason": row.reason,
        "author": str(row.author) if row.author else "",
        "times": times_of(row) if row.cron else "",
        "edit_url": reverse("maintenance-edit", args=[row.uid]) if is_mine else "",
        "ends_at": span.end_at if span else None,
        "starts_at": next_start(row, known.now),
        "held_count": known.counts.get(code_of(row), 0),
        "end_url": reverse("maintenance-end", args=[row.uid]) if is_mine else "",
    }
