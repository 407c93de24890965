"""What a run should have done, worked out from its policy alone.

A second, slower reading of what a policy means, which shares no code with `decide`: it
unrolls the path into the one order in which its steps may be taken, and says whom each
step reaches.
"""

from collections.abc import Iterator
from typing import Any

from escalation.models import ContactMethod
from tests.simulation.worlds import World

Place = tuple[int, int]  # step index from 0, round from 1


def unrolled(body: dict[str, Any]) -> list[Place]:
    """Return every step of a path in its order, a repeated part once for each round."""
    return list(_walk(body["steps"]))


def _walk(steps: list[dict[str, Any]]) -> Iterator[Place]:
    place, turn = 0, 1
    while place < len(steps):
        step = steps[place]
        if step["kind"] != "repeat":
            yield place, turn
        elif turn < step["rounds"]:
            place, turn = step["from"] - 1, turn + 1
            continue
        place += 1


def reached(world: World, organisation_id: int, step: dict[str, Any]) -> set[int]:
    """Return the ids of the contact methods that a step tells."""
    return {
        method.pk
        for target in step["targets"]
        for method in methods_of(world, organisation_id, target)
    }


def methods_of(
    world: World, organisation_id: int, target: dict[str, str]
) -> list[ContactMethod]:
    """Return the methods behind one target of an organisation's own policy."""
    [(kind, value)] = target.items()
    methods = world.methods[organisation_id]
    people = world.people[organisation_id]
    if kind == "user":
        return [m for m in methods if m.user and m.user.email == value]
    if kind == "team":
        return [m for m in methods if m.user in people[:2]]
    return [m for m in methods if m.user is None]


def is_prefix(taken: list[Place], whole: list[Place]) -> bool:
    return taken == whole[: len(taken)]
