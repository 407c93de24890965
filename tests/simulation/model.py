"""What a run should have done, worked out from its policy alone.

A second, slower reading of what a policy means, which shares no code with `decide` nor
with the schedules: it walks along the nested body, says which step must come next, and
whom a step may reach.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import permutations
from typing import Any

from escalation.models import ContactMethod
from incidents.models import Incident, User
from tests.simulation.paths import ROLE
from tests.simulation.worlds import CLOSES, EPOCH, OPEN_HOURS, OPENS, World

Place = tuple[int, int]  # step index from 0, round from 1
Methods = frozenset[int]
Given = tuple[int, int | None]  # an acknowledgement's organisation and person


@dataclass
class Node:
    """One step of a path, and the places to which it may lead."""

    step: dict[str, Any]
    then: list[int] = field(default_factory=list)
    otherwise: list[int] = field(default_factory=list)
    follow: int | None = None


class Path:
    """A policy's steps, laid out as its places are counted: a branch after its *if*."""

    def __init__(self, body: dict[str, Any]):
        self.nodes: list[Node] = []
        self._top = self._lay(body["steps"])
        self._lead(self._top, None)

    def first(self) -> Place | None:
        return self._through_repeats(self._top[0], 1)

    def place_of(self, label: str) -> int | None:
        """Return the place of a step outside all branches, by its number."""
        number = int(label) if label.isdigit() else 0
        return self._top[number - 1] if 0 < number <= len(self._top) else None

    def after(self, place: Place, *, is_taken: bool) -> Place | None:
        """Return where a path goes on after a step that was taken or passed over."""
        return self.enter(self.next_of(place, is_taken=is_taken), place[1])

    def next_of(self, place: Place, *, is_taken: bool) -> int | None:
        """Return the step that follows, a repeat too; None at the end."""
        node = self.nodes[place[0]]
        if node.step["kind"] == "jump" and is_taken:
            return None
        if node.step["kind"] == "if":
            branch = node.then if is_taken else node.otherwise
            return branch[0] if branch else node.follow
        return node.follow

    def enter(self, to: int | None, turn: int) -> Place | None:
        """Return the first step with a trace of its own at a place or behind it."""
        return self._through_repeats(to, turn)

    def places_like(self, step: dict[str, Any]) -> list[int]:
        """Return where a step of another version stands; anywhere if it was changed."""
        same = [at for at, node in enumerate(self.nodes) if node.step == step]
        return same or list(range(len(self.nodes)))

    def behind_the_last(self, former: "Path") -> list[int | None]:
        """Return where a path at the end of another version goes on: there, or behind.

        Behind is what was added after its last step, or after what that was changed to.
        """
        last = former.nodes[former._top[-1]].step
        tops = [at for at in self.places_like(last) if at in self._top]
        return [None, *(self.nodes[at].follow for at in tops)]

    def count(self, step: dict[str, Any]) -> int:
        return sum(node.step == step for node in self.nodes)

    def _through_repeats(self, to: int | None, turn: int) -> Place | None:
        """Go on through steps that leave no trace of their own."""
        while to is not None and self.nodes[to].step["kind"] == "repeat":
            step = self.nodes[to].step
            if turn < step["rounds"]:
                to, turn = self._top[step["from"] - 1], turn + 1
            else:
                to = self.nodes[to].follow
        return None if to is None else (to, turn)

    def _lay(self, steps: list[dict[str, Any]]) -> list[int]:
        places = []
        for step in steps:
            node = Node(step)
            places.append(len(self.nodes))
            self.nodes.append(node)
            node.then = self._lay(step.get("then", []))
            node.otherwise = self._lay(step.get("else", []))
        return places

    def _lead(self, places: list[int], after: int | None) -> None:
        for place, following in zip(places, [*places[1:], after], strict=False):
            node = self.nodes[place]
            node.follow = following
            self._lead(node.then, following)
            self._lead(node.otherwise, following)


def is_met(
    world: World, rule: dict[str, Any] | None, owner: int, given: Iterable[Given]
) -> bool:
    """Tell whether acknowledgements pause a path of the owner: one, or by its rule."""
    found = set(given)
    if rule and rule["mode"] == "each":
        wanted = rule["of"]
        return any(
            all(map(partial(_stands_for, world, owner), people, wanted))
            for people in permutations(found, len(wanted))
        )
    own = {person for side, person in found if side == owner}
    return len(own) >= (rule or {}).get("count", 1)


def _stands_for(world: World, owner: int, given: Given, wanted: dict[str, str]) -> bool:
    side, person = given
    sides = {one.slug: one.pk for one in (world.lab, world.agency)}
    if side != (sides[wanted["organisation"]] if "organisation" in wanted else owner):
        return False
    people = people_of(world, side, {"role": wanted.get("role", "")}, EPOCH)
    return "role" not in wanted or person in {one.pk for one in people}


def branch_of(
    world: World,
    step: dict[str, Any],
    incident: Incident,
    organisation_id: int,
    at: datetime,
) -> bool | None:
    """Tell whether an *if* holds, None where only the moment knows."""
    [condition] = step["when"]
    name, op, value = condition["field"], condition["op"], condition["value"]
    if name == "category":
        return bool(incident.category == value)
    if name == "calendar":
        return is_open(at) is (op == "=")
    if name == "on_call":
        return organisation_id in world.scheduled
    return None


def length_of(step: dict[str, Any]) -> timedelta:
    """Return how long a wait lasts."""
    return timedelta(seconds=step.get("seconds", 0), minutes=step.get("minutes", 0))


def is_open(at: datetime) -> bool:
    """Tell whether the calendar is open: for some minutes of some hours."""
    return at.hour in OPEN_HOURS and OPENS <= at.minute < CLOSES


def reached(
    world: World,
    organisation_id: int,
    step: dict[str, Any],
    at: datetime,
    *,
    without: frozenset[int] = frozenset(),
) -> list[Methods]:
    """Return the sets of contact methods any of which a step may tell.

    It is one, but for a turn in a team or somebody to whom an incident is given.
    `without` are people who have acknowledged.
    """
    silent = {m.pk for m in world.methods[organisation_id] if m.user_id in without}
    return [
        option
        for is_urgent in urgencies(step)
        for option in _reached(world, organisation_id, step, at, is_urgent, silent)
    ]


def urgencies(step: dict[str, Any]) -> list[bool]:
    """Return what a step's pages may be: without a word of its own the severity decides."""
    said = step.get("urgency")
    return [said == "urgent"] if said else [True, False]


def _reached(
    world: World,
    organisation_id: int,
    step: dict[str, Any],
    at: datetime,
    is_urgent: bool,
    silent: set[int],
) -> list[Methods]:
    if step["kind"] == "assign":
        people = people_of(world, organisation_id, step["target"], at)
        found = [
            _ways(world, organisation_id, person, is_urgent) - silent
            for person in people
        ]
        return [ways for ways in found if ways] or [frozenset()]
    fixed: Methods = frozenset()
    turns: list[Methods] = [frozenset()]
    for target in step["targets"]:
        if "round_robin" in target:
            members = people_of(world, organisation_id, target, at)
            ways = [
                _ways(world, organisation_id, one, is_urgent) - silent
                for one in members
            ]
            turns = [one for one in ways if one] or turns
        else:
            all_ = methods_of(world, organisation_id, target, at, is_urgent=is_urgent)
            fixed |= {method.pk for method in all_} - silent
    return [fixed | turn for turn in turns]


def methods_of(
    world: World,
    organisation_id: int,
    target: dict[str, str],
    at: datetime,
    *,
    is_urgent: bool,
    without: frozenset[int] = frozenset(),
) -> list[ContactMethod]:
    """Return the methods behind one target of an organisation's own policy."""
    methods = [m for m in world.methods[organisation_id] if m.user_id not in without]
    if "desk" in target:
        return [m for m in methods if m.user is None]
    found: Methods = frozenset()
    for person in people_of(world, organisation_id, target, at):
        found |= _ways(world, organisation_id, person, is_urgent)
    return [m for m in methods if m.pk in found]


def due(
    world: World, method: ContactMethod, at: datetime, *, is_urgent: bool
) -> datetime:
    """Return when a page of this instant is due at a contact method."""
    wishes = world.wishes.get(method.user_id or 0)
    if wishes is None:
        return at
    lines = wishes.urgent if is_urgent else wishes.normal
    delay = timedelta(minutes=lines.get(method.pk, 0))
    if is_urgent or not wishes.is_quiet:
        return at + delay
    awake = _awake(world, at)
    return _awake(world, awake + delay)


def due_when_raised(world: World, method: ContactMethod, at: datetime) -> datetime:
    """Return when a page of this instant is due that quiet hours do not hold any more."""
    wishes = world.wishes.get(method.user_id or 0)
    lines = wishes.normal if wishes else {}
    return at + timedelta(minutes=lines.get(method.pk, 0))


def _awake(world: World, at: datetime) -> datetime:
    """Return the end of the quiet hours around an instant, or the instant itself."""
    start, end = world.quiet
    while end <= at:
        start, end = start + timedelta(days=1), end + timedelta(days=1)
    return end if start <= at else at


def people_of(
    world: World, organisation_id: int, target: dict[str, str], at: datetime
) -> list[User]:
    """Return whom a target names at an instant."""
    [(kind, value)] = target.items()
    people = world.people[organisation_id]
    hour = (at - EPOCH) // timedelta(hours=1)
    on_call = people if organisation_id in world.scheduled else []
    match kind:
        case "user":
            return [person for person in people if person.email == value]
        case "team" | "round_robin":
            return people[:2]
        case "role":
            return people[:1] if value == ROLE else people[1:]
        case "schedule":
            return [people[hour % len(people)]] if on_call else []
        case _:
            return [people[(hour + 1) % len(people)]] if on_call else []


def _ways(world: World, organisation_id: int, person: User, is_urgent: bool) -> Methods:
    """Return the methods by which a person wants to be told; without a wish, all."""
    every = {m.pk for m in world.methods[organisation_id] if m.user == person}
    wishes = world.wishes.get(person.pk)
    lines = (wishes.urgent if is_urgent else wishes.normal) if wishes else {}
    return frozenset(lines) or frozenset(every)
