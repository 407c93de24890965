"""Check that what a file names exists, in the file or already in the database."""

from collections.abc import Sequence
from itertools import chain
from typing import Protocol

from escalation.worldfile.contacts import check_hidden_addresses
from escalation.worldfile.desks import check_desks
from escalation.worldfile.known import Known, known_after
from escalation.worldfile.laws import check_laws
from escalation.worldfile.mailboxes import check_mailboxes
from escalation.worldfile.policy_references import (
    check_agency,
    check_member,
    check_policy,
)
from escalation.worldfile.positions import Path
from escalation.worldfile.problems import Problems
from escalation.worldfile.quorum import check_quorum
from escalation.worldfile.retention import check_retention
from escalation.worldfile.rule_references import check_rules
from escalation.worldfile.stamps import check_authorities
from escalation.worldfile.witnesses import check_witnesses
from escalation.worldfile.world import PersonSpec, RouteSpec, World
from incidents.events.access import ROLES_OF
from incidents.intake.trust_kinds import KINDS

Pair = tuple[str, str]


class Owned(Protocol):
    """A spec that belongs to an organisation."""

    @property
    def path(self) -> Path:
        """Where it stands."""

    @property
    def organisation(self) -> str:
        """Whose it is."""


def check_references(world: World, problems: Problems) -> None:
    """Note every name that leads nowhere and every thing that is there twice."""
    known = known_after(world)
    _check_twice(world, problems)
    _check_kinds(world, known, problems)
    _check_owners(world, known, problems)
    for person in world.people:
        _check_roles(person, known, problems)
    _check_members(world, known, problems)
    check_hidden_addresses(world, problems)
    _check_on_call(world, known, problems)
    for policy in world.policies:
        check_policy(policy, known, problems)
    check_rules(world, problems)
    _check_routes(world, known, problems)
    _check_tools(world, known, problems)
    _check_proofs(world, known, problems)
    _check_windows(world, known, problems)
    check_desks(world, known, problems)
    check_mailboxes(world, known, problems)
    check_witnesses(world, known, problems)
    check_quorum(world, problems)
    check_retention(world, known, problems)
    check_authorities(world, known, problems)
    check_laws(world, known, problems)


def _check_twice(world: World, problems: Problems) -> None:
    keyed: list[tuple[Path, tuple[str, ...]]] = [
        *((s.path, ("organisation", s.slug)) for s in world.organisations),
        *((s.path, ("person", s.email)) for s in world.people),
        *((s.path, ("team", s.organisation, s.slug)) for s in world.teams),
        *((s.path, ("calendar", s.organisation, s.slug)) for s in world.calendars),
        *((s.path, ("schedule", s.organisation, s.slug)) for s in world.schedules),
        *((s.path, ("policy", s.organisation, s.slug)) for s in world.policies),
        *((s.path, ("route", s.organisation, s.name)) for s in world.routes),
        *((s.path, ("source", s.organisation, s.slug)) for s in world.sources),
        *((s.path, ("report desk", s.organisation)) for s in world.report_desks),
        *((s.path, ("mailbox", s.organisation)) for s in world.mailboxes),
        *((s.path, ("witness", s.slug)) for s in world.witnesses),
        *((s.path, ("watched log", s.origin)) for s in world.watched_logs),
        *(
            (s.path, ("retention", s.organisation, s.of))
            for s in world.retention_schedules
        ),
        *(
            (s.path, ("time-stamp authority", s.draft.slug))
            for s in world.time_stamp_authorities
        ),
        *((s.path, ("regime", s.organisation, s.id)) for s in world.regimes),
        *((s.path, ("legal profile", s.organisation)) for s in world.legal_profiles),
        *((s.path, ("heartbeat", s.organisation, s.slug)) for s in world.heartbeats),
        *(
            (s.path, ("maintenance window", s.organisation, s.slug))
            for s in world.maintenance_windows
        ),
        *(
            (s.path, ("rules of", s.organisation, s.person))
            for s in world.notification_rules
        ),
        *(
            (s.path, ("contact method", s.organisation, s.person, s.slug))
            for s in world.contact_methods
        ),
    ]
    seen: set[tuple[str, ...]] = set()
    for path, key in keyed:
        if key in seen:
            name = "/".join(part for part in key[1:] if part)
            problems.add(path, f"{key[0]} {name} is here twice. Leave one out.")
        seen.add(key)


def _check_kinds(world: World, known: Known, problems: Problems) -> None:
    for spec in world.organisations:
        stored = known.stored_kinds.get(spec.slug, spec.kind)
        if stored != spec.kind:
            message = f"{spec.slug} is a {stored} and stays one. Write {stored!r}."
            problems.add((*spec.path, "kind"), message)


def _check_roles(person: PersonSpec, known: Known, problems: Problems) -> None:
    for slug, roles in person.roles.items():
        path = (*person.path, "roles", slug)
        if slug not in known.kinds:
            problems.add(path, _no_organisation(slug, known))
            continue
        # A kind that is none is told at the organisation already.
        allowed = ROLES_OF.get(known.kinds[slug], tuple(roles))
        for index, role in enumerate(roles):
            if role not in allowed:
                remedy = f"Use {', '.join(allowed)}."
                message = f"{role!r} is no role in a {known.kinds[slug]}. {remedy}"
                problems.add((*path, index), message)


def _check_owners(world: World, known: Known, problems: Problems) -> None:
    owned: Sequence[Sequence[Owned]] = (
        world.teams,
        world.contact_methods,
        world.notification_rules,
        world.calendars,
        world.schedules,
        world.overrides,
        world.policies,
        world.routes,
        world.regimes,
        world.legal_profiles,
        world.sources,
        world.heartbeats,
        world.maintenance_windows,
    )
    for spec in chain.from_iterable(owned):
        if spec.organisation not in known.kinds:
            message = _no_organisation(spec.organisation, known)
            problems.add((*spec.path, "organisation"), message)


def _no_organisation(slug: str, known: Known) -> str:
    there = ", ".join(sorted(known.kinds)) or "none"
    return f"there is no organisation {slug!r}. Add it; there are {there}."


def _check_members(world: World, known: Known, problems: Problems) -> None:
    for team in world.teams:
        for index, email in enumerate(team.members):
            path = (*team.path, "members", index)
            check_member(path, team.organisation, email, known, problems)
    for contact in world.contact_methods:
        if contact.person:
            path = (*contact.path, "person")
            check_member(path, contact.organisation, contact.person, known, problems)
    for rules in world.notification_rules:
        path = (*rules.path, "person")
        check_member(path, rules.organisation, rules.person, known, problems)


def _check_on_call(world: World, known: Known, problems: Problems) -> None:
    for schedule in world.schedules:
        for place, email in schedule.draft.people_by_place().items():
            path = (*schedule.path, *place)
            check_member(path, schedule.organisation, email, known, problems)
    for override in world.overrides:
        owner = override.organisation
        if (owner, override.schedule) not in known.schedules:
            message = f"{owner} has no schedule {override.schedule!r}. Add it."
            problems.add((*override.path, "schedule"), message)
        named: list[tuple[Path, str]] = [
            (("people", n), email) for n, email in enumerate(override.people)
        ]
        if override.replaces:
            named.append((("replaces",), override.replaces))
        for place, email in named:
            check_member((*override.path, *place), owner, email, known, problems)


def _check_routes(world: World, known: Known, problems: Problems) -> None:
    for route in world.routes:
        _check_route(route, known, problems)
    owners = dict.fromkeys(route.organisation for route in world.routes)
    for owner in owners:
        routes = [route for route in world.routes if route.organisation == owner]
        defaults = [route for route in routes if route.is_default]
        if len(defaults) != 1:
            message = f"{owner} has {len(defaults)} default routes here. Mark one."
            problems.add((defaults or routes)[-1].path, message)


def _check_route(route: RouteSpec, known: Known, problems: Problems) -> None:
    if route.policy and (route.organisation, route.policy) not in known.policies:
        message = f"{route.organisation} has no policy {route.policy!r}. Add it."
        problems.add((*route.path, "policy"), message)
    for index, slug in enumerate(route.share_with):
        check_agency((*route.path, "share_with", index), slug, known, problems)


def _check_windows(world: World, known: Known, problems: Problems) -> None:
    """Ask that windows name sources that there are, in the file or before."""
    there = known.tools.keys() | {(s.organisation, s.slug) for s in world.sources}
    for window in world.maintenance_windows:
        if window.source and (window.organisation, window.source) not in there:
            message = f"{window.organisation} has no source {window.source!r}. Add it."
            problems.add((*window.path, "source"), message)


def _check_proofs(world: World, known: Known, problems: Problems) -> None:
    """Ask for the secrets that only the sending tool can tell."""
    for source in world.sources:
        kind = KINDS.get(source.verification, KINDS["none"])
        place = (source.organisation, source.slug, source.verification)
        is_told = source.secret or place in known.proofs
        if kind.has_secret and not kind.is_made_here and not is_told:
            message = f"{kind.name} needs one. {kind.setup}"
            problems.add((*source.path, "secret"), message)


def _check_tools(world: World, known: Known, problems: Problems) -> None:
    for source in world.sources:
        tool = known.tools.get((source.organisation, source.slug), source.tool)
        if tool != source.tool:
            remedy = "Use another slug for another tool."
            problems.add((*source.path, "tool"), f"it is {tool} already. {remedy}")
