"""Draws the next version of a path: mostly the same one with a single change."""

import copy
import random
from collections.abc import Callable

from tests.simulation.paths import WAITS, Body, Names, draw_body, draw_notify, draw_rule


def revise(body: Body, names: Names, draw: random.Random) -> Body:
    """Return another body; what it names by number still stands where it stood."""
    new = copy.deepcopy(body)
    change = draw.choice((_insert, _append, _alter, _remove, _other_rule, _anew))
    return change(new, names, draw)


def _insert(body: Body, names: Names, draw: random.Random) -> Body:
    place = draw.randint(0, len(body["steps"]) - 1)
    body["steps"].insert(place, draw_notify(names, draw))
    _renumber(body, lambda number: number + (number > place))
    return body


def _append(body: Body, names: Names, draw: random.Random) -> Body:
    is_jump = body["steps"][-1]["kind"] == "jump"
    place = len(body["steps"]) - is_jump
    body["steps"].insert(place, draw_notify(names, draw))
    return body


def _alter(body: Body, names: Names, draw: random.Random) -> Body:
    """Change a step in its place."""
    step = draw.choice(body["steps"])
    if step["kind"] == "wait":
        step.pop("minutes", None)
        step["seconds"] = draw.choice(WAITS)
    if step["kind"] == "notify":
        step["targets"] = draw_notify(names, draw)["targets"]
    return body


def _remove(body: Body, _names: Names, draw: random.Random) -> Body:
    place = draw.randint(0, len(body["steps"]) - 1)
    if len(body["steps"]) > 1:
        del body["steps"][place]
        _renumber(body, lambda number: max(1, number - (number > place + 1)))
    return body


def _other_rule(body: Body, names: Names, draw: random.Random) -> Body:
    body["acknowledgement"] = draw_rule(names, draw)
    return body


def _anew(_body: Body, names: Names, draw: random.Random) -> Body:
    return draw_body(names, draw)


def _renumber(body: Body, number_of: Callable[[int], int]) -> None:
    """Let repeats and clocks name the same steps as before."""
    for step in body["steps"]:
        if step["kind"] == "repeat":
            step["from"] = number_of(step["from"])
    for clock in body.get("clocks", ()):
        for effect in clock.get("on_breach", ()):
            if "go_to" in effect:
                effect["go_to"] = str(number_of(int(effect["go_to"])))
