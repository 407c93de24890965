"""Write routes on a page: which incidents take which policy, in which order."""

from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from escalation.authoring.access import organisations_of
from escalation.authoring.editor.conditions import condition_parts, read_conditions
from escalation.authoring.editor.controls import Given, Part, Tick, one_group, select
from escalation.authoring.surroundings import Surroundings, load_surroundings
from escalation.policies.models import Policy
from escalation.routing.editing import RouteDraft, remove_route, save_route
from escalation.routing.models import Route
from incidents.errors import BadInput
from incidents.incident.access import actor_for
from incidents.models import Organisation
from incidents.organisations.directory import organisation_for
from incidents.organisations.roles import Action
from incidents.pages import PageRequest, page
from incidents.timers.clock import read_now

_PREFIX: Final = "route"
MAX_POSITION: Final = 1000


@dataclass(slots=True)
class Draft:
    """A route while it is written; `position` is as it was typed."""

    name: str = ""
    matchers: list[dict[str, Any]] = field(default_factory=list)
    policy: str = ""
    share_with: tuple[str, ...] = ()
    is_default: bool = False
    position: str = ""


@page("GET", "POST")
def route_new(request: PageRequest) -> HttpResponse:
    """Write a new route; without a position it is the last before the default one."""
    slug = request.GET.get("organisation", "")
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    return _edit(request, organisation, None, Draft())


@page("GET", "POST")
def route_edit(request: PageRequest, pk: int) -> HttpResponse:
    """Change a route."""
    route = _find(request, pk)
    slug = route.organisation.slug
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    draft = Draft(
        name=route.name,
        matchers=list(route.matchers),
        policy=route.policy.slug if route.policy else "",
        share_with=tuple(agency.slug for agency in route.share_with.all()),
        is_default=route.is_default,
        position=str(route.position),
    )
    return _edit(request, organisation, route, draft)


@page("POST")
def route_remove(request: PageRequest, pk: int) -> HttpResponse:
    """Remove a route; those behind it move up."""
    route = _find(request, pk)
    slug = route.organisation.slug
    organisation = organisation_for(request.user, Action.CONFIGURE, slug=slug)
    actor = actor_for(request.user, organisation)
    remove_route(route, actor=actor, now=read_now())
    messages.success(request, f"The route {route.name!r} is removed.")
    return redirect("policy-list")


def _find(request: PageRequest, pk: int) -> Route:
    own = organisations_of(request.user).values("pk")
    rows = Route.objects.filter(organisation__in=own)
    route = rows.select_related("organisation", "policy").filter(pk=pk).first()
    if route is None:
        raise Http404
    return route


def _edit(
    request: PageRequest, organisation: Organisation, route: Route | None, draft: Draft
) -> HttpResponse:
    there = load_surroundings(organisation)
    error = ""
    if request.method == "POST":
        draft = _read(request, there)
    if request.POST.get("do") == "save":
        try:
            return _save(request, organisation, route, draft)
        except BadInput as problem:
            error = problem.message
    context = {
        "route": route,
        "draft": draft,
        "organisation": organisation,
        "conditions": list(
            condition_parts(
                draft.matchers, lambda part: f"{_PREFIX}:{part}", there, is_route=True
            )
        ),
        "policy_part": _policy(draft, there),
        "agencies": _agencies(draft, there),
        "error": error,
    }
    return render(request, "escalation/policies/route.html", context)


def _read(request: PageRequest, there: Surroundings) -> Draft:
    posted = {name: str(value) for name, value in request.POST.items()}
    given = Given(posted, _PREFIX)
    return Draft(
        name=posted.get("name", "").strip()[:200],
        matchers=read_conditions(given),
        policy=given.text("policy"),
        share_with=tuple(s for s in there.agencies if given.text(f"agency-{s}")),
        is_default=bool(posted.get("is_default")),
        position=posted.get("position", "").strip(),
    )


def _save(
    request: PageRequest, organisation: Organisation, route: Route | None, draft: Draft
) -> HttpResponse:
    if not draft.name:
        raise BadInput("name", draft.name, "Give the route a name.")
    is_number = draft.position.isascii() and draft.position.isdecimal()
    if draft.position and not (is_number and 1 <= int(draft.position) <= MAX_POSITION):
        raise BadInput(
            "position", draft.position, "Use a whole number from 1, or none."
        )
    policies = Policy.objects.filter(organisation=organisation, archived_at=None)
    policy = policies.filter(slug=draft.policy).first() if draft.policy else None
    if draft.policy and policy is None:
        raise BadInput("policy", draft.policy, "Choose a policy that is in use.")
    save_route(
        organisation,
        RouteDraft(
            name=draft.name,
            matchers=draft.matchers,
            policy=policy,
            share_with=list(Organisation.objects.filter(slug__in=draft.share_with)),
            is_default=draft.is_default,
            position=int(draft.position) if draft.position else None,
        ),
        route=route,
        actor=actor_for(request.user, organisation),
        now=read_now(),
    )
    messages.success(request, f"The route {draft.name!r} is saved.")
    return redirect("policy-list")


def _policy(draft: Draft, there: Surroundings) -> list[Part]:
    offered = one_group((("", "nobody is paged"), *there.policies.items()))
    return [select(f"{_PREFIX}:policy", "Policy", draft.policy, offered)]


def _agencies(draft: Draft, there: Surroundings) -> list[Part]:
    """Return a box for each agency with which it is shared at once; own ones never."""
    return [
        Tick(f"{_PREFIX}:agency-{slug}", name, "on", slug in draft.share_with)
        for slug, name in there.agencies.items()
    ]
