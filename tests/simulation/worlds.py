"""Draws a small world for a seed: organisations, people, paths, and what they will do."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from escalation.models import ContactMethod, Policy
from incidents.events.actor import Actor as Who
from incidents.intake.sources import SourceOptions, create_source
from incidents.models import Organisation, Source, User
from tests import factories as make
from tests.simulation.channel import CHANNEL, MANNERS

HORIZON = timedelta(minutes=50)
# What people do to an incident that is there, and how often.
DEEDS = {
    "acknowledge": 10,
    "resolve": 4,
    "reopen": 3,
    "severity": 4,
    "comment": 2,
    "share": 3,
    "unshare": 2,
    "escalate": 2,
}


@dataclass(frozen=True)
class Deed:
    """Something that a person or a tool will do at an instant."""

    at: datetime
    kind: str
    number: int


@dataclass
class World:
    """Everything of one seed. `methods` are those through which a person can be told."""

    seed: int
    start: datetime
    lab: Organisation
    agency: Organisation
    source: Source
    people: dict[int, list[User]] = field(default_factory=dict)
    methods: dict[int, list[ContactMethod]] = field(default_factory=dict)
    policies: dict[int, list[Policy]] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)

    @property
    def organisation_ids(self) -> list[int]:
        return [self.lab.pk, self.agency.pk]


def make_world(seed: int, start: datetime, draw: random.Random) -> World:
    """Write the seed's rows; nothing has happened yet."""
    lab = make.lab(f"lab-{seed}")
    agency = make.agency(f"agency-{seed}")
    options = SourceOptions(default_severity=draw.randint(2, 5))
    source, _ = create_source(
        lab,
        tool="generic",
        slug="tool",
        name="Tool",
        actor=Who.system(lab),
        now=start,
        options=options,
    )
    world = World(seed, start, lab, agency, source)
    for organisation in (lab, agency):
        _make_people(world, organisation, draw)
        _make_paths(world, organisation, draw)
    world.deeds = _plan(start, draw)
    return world


def _make_people(world: World, organisation: Organisation, draw: random.Random) -> None:
    people = [
        make.person(organisation, f"p{number}@{organisation.slug}.example")
        for number in range(draw.randint(2, 3))
    ]
    world.people[organisation.pk] = people
    methods = world.methods.setdefault(organisation.pk, [])
    for person in people:
        # Some can be reached in two ways, some in none.
        count = draw.choices((0, 1, 2), (1, 6, 2))[0]
        methods += [_method(organisation, person, draw) for _ in range(count)]
    if draw.random() < 0.8:
        methods.append(_method(organisation, None, draw))
    make.team(organisation, *people[:2])


def _method(
    organisation: Organisation, person: User | None, draw: random.Random
) -> ContactMethod:
    manner = draw.choices(list(MANNERS), list(MANNERS.values()))[0]
    whose = person.email if person else organisation.slug
    address = f"{whose}/{draw.randrange(10**9)}/{manner}"
    return make.contact(organisation, person, channel=CHANNEL, address=address)


def _make_paths(world: World, organisation: Organisation, draw: random.Random) -> None:
    policies = [
        make.policy(
            organisation, slug=f"path-{number}", **_body(world, organisation, draw)
        )
        for number in range(draw.randint(1, 2))
    ]
    world.policies[organisation.pk] = policies
    if len(policies) > 1:
        matcher = {"field": "severity", "op": ">=", "value": 4}
        make.route(organisation, policies[1], matcher)
    is_lab = organisation == world.lab
    shares = (world.agency,) if is_lab and draw.random() < 0.4 else ()
    make.route(organisation, policies[0], share_with=shares, is_default=True)


def _body(
    world: World, organisation: Organisation, draw: random.Random
) -> dict[str, Any]:
    steps = [_notify(world, organisation, draw)]
    for _ in range(draw.randint(1, 4)):
        kind = draw.choices(("notify", "wait", "share"), (4, 5, 1))[0]
        if kind == "wait":
            steps.append(
                {"kind": "wait", "seconds": draw.choice((20, 60, 150, 300, 600))}
            )
        elif kind == "share" and organisation == world.lab:
            steps.append({"kind": "share", "agency": world.agency.slug})
        else:
            steps.append(_notify(world, organisation, draw))
    waits = [number for number, step in enumerate(steps) if step["kind"] == "wait"]
    if waits and draw.random() < 0.5:
        start = draw.randint(1, waits[-1] + 1)
        steps.append({"kind": "repeat", "from": start, "rounds": draw.randint(2, 3)})
        if draw.random() < 0.3:
            steps.append(_notify(world, organisation, draw))
    body: dict[str, Any] = {}
    if draw.random() < 0.6:
        body["ack_timeout_minutes"] = draw.choice((2, 5, 12))
    if draw.random() < 0.5:
        body["fallback"] = _target(world, organisation, draw)
    return {"steps": steps, **body}


def _notify(
    world: World, organisation: Organisation, draw: random.Random
) -> dict[str, Any]:
    targets = [_target(world, organisation, draw) for _ in range(draw.randint(1, 2))]
    return {"kind": "notify", "targets": targets}


def _target(
    world: World, organisation: Organisation, draw: random.Random
) -> dict[str, str]:
    kind = draw.choices(("user", "team", "desk"), (6, 2, 2))[0]
    if kind == "user":
        return {"user": draw.choice(world.people[organisation.pk]).email}
    if kind == "team":
        return {"team": "duty"}
    return {"desk": organisation.slug}


def _plan(start: datetime, draw: random.Random) -> list[Deed]:
    kinds = ["report"] * draw.randint(0, 2) + ["alert"] * draw.randint(1, 3)
    kinds += ["clear"] * draw.randint(0, 2) + ["garbage"] * draw.randint(0, 1)
    deeds = [(draw.uniform(0, 0.3), kind) for kind in kinds]
    for _ in range(draw.randint(4, 12)):
        kind = draw.choices(list(DEEDS), list(DEEDS.values()))[0]
        deeds.append((draw.uniform(0.02, 1), kind))
    # A tool says the same thing twice, as tools do.
    deeds += [(at + 0.001, "alert") for at, kind in deeds if kind == "alert"][:1]
    deeds.sort()
    return [
        Deed(start + HORIZON * at, kind, number)
        for number, (at, kind) in enumerate(deeds)
    ]
