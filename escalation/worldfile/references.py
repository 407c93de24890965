"""Check that what a file names exists, in the file or already in the database."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Protocol

from escalation.calendars.models import WorkingCalendar
from escalation.notifications.models import ContactMethod
from escalation.oncall.models import Schedule
from escalation.policies.models import Policy
from escalation.worldfile.contacts import check_hidden_addresses
from escalation.worldfile.positions import Path
from escalation.worldfile.problems import Problems
from escalation.worldfile.rule_references import check_rules
from escalation.worldfile.world import PersonSpec, PolicySpec, RouteSpec, World
from incidents.events.access import ROLES_OF
from incidents.models import (
    Membership,
    Organisation,
    OrganisationKind,
    Source,
    Team,
    User,
)

Pair = tuple[str, str]


class Owned(Protocol):
    """A spec that belongs to an organisation."""

    @property
    def path(self) -> Path:
        """Where it stands."""

    @property
    def organisation(self) -> str:
        """Whose it is."""


@dataclass(frozen=True, slots=True)
class Known:
    """What there will be once the file is applied; pairs are (organisation, slug)."""

    kinds: dict[str, str]
    stored_kinds: dict[str, str]
    people: frozenset[str]
    members: frozenset[Pair]
    teams: frozenset[Pair]
    calendars: frozenset[Pair]
    schedules: frozenset[Pair]
    policies: frozenset[Pair]
    webhooks: frozenset[Pair]
    tools: dict[Pair, str]


def check_references(world: World, problems: Problems) -> None:
    """Note every name that leads nowhere and every thing that is there twice."""
    known = _known(world)
    _check_twice(world, problems)
    _check_kinds(world, known, problems)
    _check_owners(world, known, problems)
    for person in world.people:
        _check_roles(person, known, problems)
    _check_members(world, known, problems)
    check_hidden_addresses(world, problems)
    _check_on_call(world, known, problems)
    for policy in world.policies:
        _check_policy(policy, known, problems)
    check_rules(world, problems)
    _check_routes(world, known, problems)
    _check_tools(world, known, problems)


def _known(world: World) -> Known:
    stored = dict(Organisation.objects.values_list("slug", "kind"))
    return Known(
        kinds=stored | {spec.slug: spec.kind for spec in world.organisations},
        stored_kinds=stored,
        people=frozenset(User.objects.values_list("email", flat=True))
        | {spec.email for spec in world.people},
        members=_members(world),
        teams=_pairs(Team.objects.values_list("organisation__slug", "slug"))
        | {(spec.organisation, spec.slug) for spec in world.teams},
        calendars=_pairs(
            WorkingCalendar.objects.filter(archived_at=None).values_list(
                "organisation__slug", "slug"
            )
        )
        | {(spec.organisation, spec.slug) for spec in world.calendars},
        schedules=_pairs(
            Schedule.objects.in_use().values_list("organisation__slug", "slug")
        )
        | {(spec.organisation, spec.slug) for spec in world.schedules},
        policies=_pairs(
            Policy.objects.filter(archived_at=None).values_list(
                "organisation__slug", "slug"
            )
        )
        | {(spec.organisation, spec.slug) for spec in world.policies},
        webhooks=_webhooks(world),
        tools={
            (organisation, slug): tool
            for organisation, slug, tool in Source.objects.values_list(
                "organisation__slug", "slug", "tool"
            )
        },
    )


def _webhooks(world: World) -> frozenset[Pair]:
    """Return the webhooks of desks, by slug and by address, as policies name them."""
    stored = ContactMethod.objects.filter(
        user=None, disabled_at=None, channel="webhook"
    )
    said = [
        contact
        for contact in world.contact_methods
        if contact.channel == "webhook" and not contact.person
    ]
    return (
        _pairs(stored.values_list("organisation__slug", "slug"))
        | _pairs(stored.values_list("organisation__slug", "address"))
        | {(contact.organisation, contact.slug) for contact in said}
        | {(contact.organisation, contact.address) for contact in said}
    )


def _pairs(rows: Iterable[Any]) -> frozenset[Pair]:
    return frozenset((row[0], row[1]) for row in rows)


def _members(world: World) -> frozenset[Pair]:
    """Return who has a role where, the file's word over the database's."""
    rows = Membership.objects.filter(ended_at=None)
    stored = _pairs(rows.values_list("organisation__slug", "user__email"))
    said = {
        (slug, p.email): bool(r) for p in world.people for slug, r in p.roles.items()
    }
    kept = {pair for pair in stored if said.get(pair, True)}
    return frozenset(kept | {pair for pair, has_role in said.items() if has_role})


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
        world.sources,
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
            _check_member(path, team.organisation, email, known, problems)
    for contact in world.contact_methods:
        if contact.person:
            path = (*contact.path, "person")
            _check_member(path, contact.organisation, contact.person, known, problems)
    for rules in world.notification_rules:
        path = (*rules.path, "person")
        _check_member(path, rules.organisation, rules.person, known, problems)


def _check_member(
    path: Path, organisation: str, email: str, known: Known, problems: Problems
) -> None:
    if email not in known.people:
        problems.add(path, f"there is no person {email!r}. Add them under [[people]].")
    elif (organisation, email) not in known.members:
        remedy = f'Give them one: roles = {{ {organisation} = ["…"] }}.'
        problems.add(path, f"{email!r} has no role in {organisation}. {remedy}")


def _check_on_call(world: World, known: Known, problems: Problems) -> None:
    for schedule in world.schedules:
        for place, email in schedule.draft.people_by_place().items():
            path = (*schedule.path, *place)
            _check_member(path, schedule.organisation, email, known, problems)
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
            _check_member((*override.path, *place), owner, email, known, problems)


def _check_policy(policy: PolicySpec, known: Known, problems: Problems) -> None:
    for index, step in enumerate(policy.body.get("steps", [])):
        path = (*policy.path, "steps", index)
        if step["kind"] == "share":
            _check_agency((*path, "agency"), step["agency"], known, problems)
        for number, target in enumerate(step.get("targets", [])):
            inner = (*path, "targets", number)
            _check_target(inner, policy.organisation, target, known, problems)
    for index, clock in enumerate(policy.body.get("clocks", [])):
        _check_calendar(policy, index, clock.get("calendar", ""), known, problems)
    if fallback := policy.body.get("fallback"):
        path = (*policy.path, "fallback")
        _check_target(path, policy.organisation, fallback, known, problems)


def _check_calendar(
    policy: PolicySpec, index: int, slug: str, known: Known, problems: Problems
) -> None:
    if slug and (policy.organisation, slug) not in known.calendars:
        message = f"{policy.organisation} has no calendar {slug!r}. Add it."
        problems.add((*policy.path, "clocks", index, "calendar"), message)


def _check_target(
    path: Path,
    organisation: str,
    target: dict[str, str],
    known: Known,
    problems: Problems,
) -> None:
    [(kind, value)] = target.items()
    if kind == "user":
        _check_member((*path, kind), organisation, value.lower(), known, problems)
        return
    exists, remedy = _TARGETS[kind]
    if not exists(organisation, value, known):
        message = f"{organisation} has no {kind} {value!r}. {remedy}"
        problems.add((*path, kind), message)


_TARGETS: Final[dict[str, tuple[Callable[[str, str, Known], bool], str]]] = {
    "team": (
        lambda organisation, value, known: (organisation, value) in known.teams,
        "Add it under [[teams]].",
    ),
    "desk": (
        lambda _, value, known: value in known.kinds,
        "Name an organisation.",
    ),
    "webhook": (
        lambda organisation, value, known: (organisation, value) in known.webhooks,
        "Add it under [[contact_methods]], without a person.",
    ),
}


def _check_agency(path: Path, slug: str, known: Known, problems: Problems) -> None:
    if known.kinds.get(slug) != OrganisationKind.AGENCY:
        agencies = [s for s, kind in known.kinds.items() if kind == "agency"]
        there = ", ".join(sorted(agencies)) or "none"
        problems.add(path, f"there is no agency {slug!r}. There are {there}.")


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
        _check_agency((*route.path, "share_with", index), slug, known, problems)


def _check_tools(world: World, known: Known, problems: Problems) -> None:
    for source in world.sources:
        tool = known.tools.get((source.organisation, source.slug), source.tool)
        if tool != source.tool:
            remedy = "Use another slug for another tool."
            problems.add((*source.path, "tool"), f"it is {tool} already. {remedy}")
