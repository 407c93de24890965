"""Draws a small world for a seed: organisations, people, paths, and what they will do."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from escalation.models import ContactMethod, Policy, WorkingCalendar
from incidents.events.actor import Actor as Who
from incidents.intake.sources import SourceOptions, create_source
from incidents.models import Organisation, Source, User
from tests import factories as make
from tests.simulation.channel import CHANNEL, MANNERS
from tests.simulation.paths import CALENDAR, ROLE, SCHEDULE, TEAM, Names, draw_body

HORIZON = timedelta(minutes=40)
# A Monday, so long ago that nothing of a schedule lies in the future of the server.
EPOCH = datetime(2025, 11, 24, tzinfo=UTC)
# The calendar is open in these minutes of these hours.
OPEN_HOURS, OPENS, CLOSES = range(0, 24, 3), 10, 25
QUIET_AFTER, QUIET_LASTS = timedelta(minutes=10), timedelta(minutes=15)
# What people do to an incident that is there, and how often.
DEEDS = {
    "acknowledge": 18,
    "resolve": 4,
    "reopen": 3,
    "severity": 4,
    "comment": 2,
    "share": 3,
    "unshare": 2,
    "escalate": 2,
    "snooze": 3,
    "wake": 1,
    "reassign": 3,
    "pass_on": 3,
    "cannot": 3,
    "hand_over": 4,
}
# Deeds that follow each other closely, as one calls for the other.
STORIES = (
    ("snooze", "hand_over"),
    ("acknowledge", "hand_over", "acknowledge"),
    ("reassign", "cannot"),
    ("reassign", "hand_over"),
    ("cannot", "cannot"),
    ("escalate", "severity"),
    ("hand_over", "severity"),
    ("reassign",),
)
_SOON = timedelta(seconds=90) / HORIZON


@dataclass(frozen=True)
class Deed:
    """Something that a person or a tool will do at an instant."""

    at: datetime
    kind: str
    number: int


@dataclass(frozen=True)
class Wishes:
    """How a person wants to be paged: contact methods with minutes; none are all."""

    normal: dict[int, int]
    urgent: dict[int, int]
    is_quiet: bool


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
    # The organisations that have a schedule.
    scheduled: set[int] = field(default_factory=set)
    # People with rules of their own, by id, and when their quiet hours are.
    wishes: dict[int, Wishes] = field(default_factory=dict)
    quiet: tuple[datetime, datetime] = (EPOCH, EPOCH)

    @property
    def organisation_ids(self) -> list[int]:
        return [self.lab.pk, self.agency.pk]


def names_of(world: World, organisation: Organisation, other_policy: str = "") -> Names:
    """Return what a path of an organisation may name."""
    return Names(
        organisation.slug,
        tuple(person.email for person in world.people[organisation.pk]),
        world.agency.slug,
        other_policy,
        world.agency.slug if organisation == world.lab else "",
    )


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
    rest = start.replace(second=0) + QUIET_AFTER
    world.quiet = (rest, rest + QUIET_LASTS)
    for organisation in (lab, agency):
        _make_people(world, organisation, draw)
        _make_hours(world, organisation, draw)
        _make_paths(world, organisation, draw)
    world.deeds = _plan(start, draw)
    return world


def _make_people(world: World, organisation: Organisation, draw: random.Random) -> None:
    people = [
        make.person(
            organisation,
            f"p{number}@{organisation.slug}.example",
            role="responder" if number else ROLE,
        )
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
    for person in people:
        if draw.random() < 0.4:
            _make_wishes(world, organisation, person, draw)
    make.team(organisation, *people[:2], slug=TEAM)


def _method(
    organisation: Organisation, person: User | None, draw: random.Random
) -> ContactMethod:
    manner = draw.choices(list(MANNERS), list(MANNERS.values()))[0]
    whose = person.email if person else organisation.slug
    address = f"{whose}/{draw.randrange(10**9)}/{manner}"
    # Some have a machine of their own to go to, the others share a provider.
    if draw.random() < 0.5:
        address = f"sim://{manner}.{address}"
    return make.contact(organisation, person, channel=CHANNEL, address=address)


def _make_wishes(
    world: World, organisation: Organisation, person: User, draw: random.Random
) -> None:
    """Give a person rules: part of their methods, delays, quiet hours."""
    methods = [m for m in world.methods[organisation.pk] if m.user == person]
    if not methods:
        return
    normal, urgent = (
        {m.pk: draw.choice((0, 0, 1, 3)) for m in methods if draw.random() < 0.8}
        for _ in range(2)
    )
    if urgent:
        # An urgent page does not wait: one of its lines begins at once.
        urgent[min(urgent)] = 0
    is_quiet = draw.random() < 0.5
    body: dict[str, Any] = {
        "normal": _lines(methods, normal),
        "urgent": _lines(methods, urgent),
        "digest_after": draw.choice((0, 1, 5)),
    }
    if is_quiet:
        first, last = (f"{at:%H:%M}" for at in world.quiet)
        body["quiet"] = {"from": first, "to": last}
    make.rules(organisation, person, **body)
    world.wishes[person.pk] = Wishes(normal, urgent, is_quiet)


def _lines(methods: list[ContactMethod], delays: dict[int, int]) -> list[Any]:
    slugs = {method.pk: method.slug for method in methods}
    return [
        {"method": slugs[pk], "after_minutes": minutes}
        for pk, minutes in sorted(delays.items(), key=lambda line: line[1])
    ]


def _make_paths(world: World, organisation: Organisation, draw: random.Random) -> None:
    slugs = [f"path-{number}" for number in range(draw.randint(1, 2))]
    policies = []
    for slug in slugs:
        others = [other for other in slugs if other != slug]
        names = names_of(world, organisation, others[0] if others else "")
        body = draw_body(names, draw)
        policies.append(make.policy(organisation, slug=slug, **body))
    world.policies[organisation.pk] = policies
    if len(policies) > 1:
        matcher = {"field": "severity", "op": ">=", "value": 4}
        make.route(organisation, policies[1], matcher)
    is_lab = organisation == world.lab
    shares = (world.agency,) if is_lab and draw.random() < 0.4 else ()
    make.route(organisation, policies[0], share_with=shares, is_default=True)


def _make_hours(world: World, organisation: Organisation, draw: random.Random) -> None:
    """Make a schedule that changes every hour, and a calendar that opens often."""
    people = world.people[organisation.pk]
    if draw.random() < 0.9:
        made = make.schedule(organisation, SCHEDULE)
        hourly = {"unit": "hour", "starts_on": EPOCH.date(), "handoff_at": time(0)}
        make.rotation(made, *people, **hourly)
        world.scheduled.add(organisation.pk)
    spans = [[f"{hour:02}:{OPENS:02}", f"{hour:02}:{CLOSES:02}"] for hour in OPEN_HOURS]
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    WorkingCalendar.objects.create(
        organisation=organisation,
        slug=CALENDAR,
        name="Hours",
        zone="UTC",
        hours=dict.fromkeys(days, spans),
    )


def _plan(start: datetime, draw: random.Random) -> list[Deed]:
    kinds = ["report"] * draw.randint(0, 1) + ["alert"] * draw.choice((1, 1, 2))
    kinds += ["clear"] * draw.randint(0, 1) + ["garbage"] * draw.randint(0, 1)
    deeds = [(draw.uniform(0, 0.3), kind) for kind in kinds]
    for _ in range(draw.randint(3, 6)):
        kind = draw.choices(list(DEEDS), list(DEEDS.values()))[0]
        deeds.append((draw.uniform(0.02, 1), kind))
    at = draw.uniform(0.05, 0.6)
    for kind in draw.choice(STORIES):
        deeds.append((at, kind))
        at += draw.uniform(0, _SOON)
    # A tool says the same thing twice, as tools do.
    deeds += [(at + 0.001, "alert") for at, kind in deeds if kind == "alert"][:1]
    deeds.sort()
    return [
        Deed(start + HORIZON * at, kind, number)
        for number, (at, kind) in enumerate(deeds)
    ]
