"""Write an organisation's routes: one order without gaps, the default route last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.policies.matchers import RuleError, matchers_to_body, parse_matchers
from escalation.policies.models import Policy
from escalation.routing.models import Route
from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.record import record, recording
from incidents.models import Organisation


@dataclass(frozen=True, slots=True)
class RouteDraft:
    """What a route is to say. `position` counts from 1; None is the last before the default."""

    name: str
    matchers: Sequence[Any]
    policy: Policy | None
    share_with: Sequence[Organisation]
    is_default: bool = False
    position: int | None = None


def save_route(
    organisation: Organisation,
    draft: RouteDraft,
    *,
    route: Route | None = None,
    actor: Actor,
    now: datetime,
) -> Route:
    """Make a route, or change `route`. Locks the organisation. Raises BadInput."""
    matchers = _checked_matchers(draft)
    with recording(now):
        others = _locked_routes(organisation, without=route)
        _check_default(draft, others)
        _check_policy(draft)
        if route is None:
            route = Route(organisation=organisation)
        verb = "changed" if route.pk else "made"
        route.name, route.policy = draft.name, draft.policy
        route.matchers, route.is_default = matchers, draft.is_default
        _place(route, others, position=draft.position)
        route.share_with.set(draft.share_with)
        _record_change(route, verb, actor)
    return route


def remove_route(route: Route, *, actor: Actor, now: datetime) -> None:
    """Remove a route. Raises NotPossible for the default one while others stand."""
    with recording(now):
        others = _locked_routes(route.organisation, without=route)
        if route.is_default and others:
            message = "The default route goes last; remove the others first."
            raise NotPossible(message, state={"routes": len(others) + 1})
        _record_change(route, "removed", actor)
        route.delete()
        _renumber(others)


def _checked_matchers(draft: RouteDraft) -> list[Any]:
    if draft.is_default and draft.matchers:
        remedy = "The default route takes what no other takes: leave this empty."
        raise BadInput("matchers", list(draft.matchers), remedy)
    try:
        return list(matchers_to_body(parse_matchers(list(draft.matchers))))
    except RuleError as error:
        field, _, remedy = str(error).partition(": ")
        raise BadInput(field, list(draft.matchers), remedy or str(error)) from error


def _locked_routes(organisation: Organisation, *, without: Route | None) -> list[Route]:
    """Lock the organisation, so that one order is written at a time."""
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    rows = Route.objects.filter(organisation=organisation)
    if without is not None:
        rows = rows.exclude(pk=without.pk)
    return list(rows.order_by("is_default", "position"))


def _check_default(draft: RouteDraft, others: Sequence[Route]) -> None:
    has_default = any(route.is_default for route in others)
    if draft.is_default and has_default:
        remedy = "There is a default route already; change that one."
        raise BadInput("is_default", draft.is_default, remedy)


def _check_policy(draft: RouteDraft) -> None:
    policy = draft.policy
    if policy is not None and not policy.versions.approved().exists():
        remedy = "No version of it is approved yet; a route to it would page nobody."
        raise BadInput("policy", policy.slug, remedy)


def _place(route: Route, others: list[Route], *, position: int | None) -> None:
    """Save the route at its position and number all anew."""
    matching = [other for other in others if not other.is_default]
    last = [other for other in others if other.is_default]
    if route.is_default:
        ordered = [*matching, route]
    else:
        index = len(matching) if position is None else position - 1
        matching.insert(min(index, len(matching)), route)
        ordered = [*matching, *last]
    _renumber(ordered)


def _renumber(ordered: Sequence[Route]) -> None:
    """Write positions 1, 2, 3 …; the unique constraint waits for the commit."""
    for position, route in enumerate(ordered, start=1):
        route.position = position
        route.save()


def _record_change(route: Route, verb: str, actor: Actor) -> None:
    record(
        "config.changed",
        organisation_id=route.organisation_id,
        actor=actor,
        body={
            "what": f"route {route.name} {verb}",
            "changes": [f"at {route.position}"],
        },
    )
