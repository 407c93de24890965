"""Decide which route an incident takes, from values alone.

A route holds matchers and takes the incident when all of them hold; the first route
in order that does wins.

>>> from escalation.policies.matchers import parse_matchers
>>> matchers = parse_matchers([{"field": "severity", "op": ">=", "value": 4}])
>>> facts = IncidentFacts("aurora", "WGT", 5, "web", "AMBER")
>>> first_match([RouteRule(3, matchers, "policy")], facts).reason
'matched route 3: severity ≥ 4'
"""

from collections.abc import Sequence
from dataclasses import dataclass

from escalation.policies.matchers import IncidentFacts, Matcher, describe, holds

DEFAULT_REASON = "no route matched: default route"


@dataclass(frozen=True, slots=True)
class RouteRule:
    """One route: its number as people see it, and what it leads to."""

    number: int
    matchers: tuple[Matcher, ...]
    target: object


@dataclass(frozen=True, slots=True)
class Match:
    """The route that was taken, None for the default one, and why."""

    route: RouteRule | None
    reason: str


def first_match(routes: Sequence[RouteRule], facts: IncidentFacts) -> Match:
    """Return the first route whose matchers all hold, with the reason in words."""
    for route in routes:
        if all(holds(matcher, facts) for matcher in route.matchers):
            reason = f"matched route {route.number}: {describe(route.matchers)}"
            return Match(route, reason)
    return Match(None, DEFAULT_REASON)
