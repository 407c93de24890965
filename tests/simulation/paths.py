"""Draws escalation paths: every kind of step, every kind of target."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]

MAX_DEPTH = 2
TEAM, SCHEDULE, CALENDAR = "duty", "watch", "hours"
# The role of the people whom a path may name by it; all others have another.
ROLE = "admin"
WAITS = (20, 60, 150, 300, 600)
KINDS = {
    "notify": 8,
    "wait": 9,
    "if": 3,
    "share": 2,
    "raise_severity": 1,
    "assign": 2,
    "decision": 1,
    "wait_until": 1,
}
TARGETS = {
    "user": 6,
    "team": 2,
    "desk": 2,
    "role": 1,
    "round_robin": 2,
    "schedule": 2,
    "next_on_call": 1,
}


@dataclass(frozen=True)
class Names:
    """What a path may name."""

    organisation: str
    emails: tuple[str, ...]
    agency: str
    other_policy: str = ""
    # Another organisation whose acknowledgement a path may want beside its own.
    beside: str = ""


def draw_body(names: Names, draw: random.Random) -> Body:
    """Return the body of a policy."""
    steps = [draw_notify(names, draw)]
    steps += [_step(names, draw, 0) for _ in range(draw.choice((1, 2, 2, 3)))]
    waits = [number for number, step in enumerate(steps) if step["kind"] == "wait"]
    if waits and draw.random() < 0.5:
        start = draw.randint(1, waits[-1] + 1)
        steps.append(
            {"kind": "repeat", "from": start, "rounds": draw.choice((2, 2, 3))}
        )
        if draw.random() < 0.3:
            steps.append(draw_notify(names, draw))
    if names.other_policy and draw.random() < 0.4:
        steps.append({"kind": "jump", "policy": names.other_policy})
    body: Body = {"steps": steps}
    if draw.random() < 0.6:
        body["ack_timeout_minutes"] = draw.choice((2, 5, 12))
    if draw.random() < 0.4:
        body["acknowledgement"] = draw_rule(names, draw)
    if draw.random() < 0.5:
        body["fallback"] = _target(names, draw, ("user", "team", "desk"))
    if draw.random() < 0.4:
        labels = [
            str(number)
            for number, step in enumerate(steps, start=1)
            if step["kind"] == "notify"
        ]
        body["clocks"] = _clocks(labels, draw)
    return body


def draw_rule(names: Names, draw: random.Random) -> Body:
    """Return whose acknowledgements a path wants: those of several, or of a role."""
    wanted: list[Body] = [{"role": draw.choice((ROLE, "responder"))}]
    if draw.random() < 0.6:
        return {"mode": "quorum", "count": 2}
    if names.beside and draw.random() < 0.5:
        wanted.append({"organisation": names.beside})
    elif draw.random() < 0.5:
        wanted.append({"role": "responder"})
    return {"mode": "each", "of": wanted}


def draw_target(names: Names, draw: random.Random) -> dict[str, str]:
    """Return somebody to whom an incident may be given."""
    return _target(names, draw, ("user", "team"))


def _clocks(labels: list[str], draw: random.Random) -> list[Body]:
    whats = draw.sample(("acknowledge_by", "first_update_by", "resolve_by"), 2)
    return [_clock(what, labels, draw) for what in whats]


def _clock(what: str, labels: list[str], draw: random.Random) -> Body:
    clock: Body = {"what": what, "minutes": draw.choice((1, 5, 20, 60))}
    if draw.random() < 0.3:
        clock["calendar"] = CALENDAR
    if draw.random() < 0.3:
        clock["severity"] = [4, 5]
    clock["warn"] = draw.choice(([], [{"percent": 75}], [{"minutes_before": 2}]))
    effects: tuple[list[Body], ...] = (
        [],
        [{"raise_severity": 5}],
        [{"go_to": draw.choice(labels)}],
        [{"notify_role": ROLE}],
    )
    clock["on_breach"] = draw.choice(effects)
    return clock


def _step(names: Names, draw: random.Random, depth: int) -> Body:
    kind = draw.choices(list(KINDS), list(KINDS.values()))[0]
    if kind == "if" and depth < MAX_DEPTH:
        return _branch(names, draw, depth)
    people = ("user", "team", "round_robin", "schedule", "role")
    draws: dict[str, Callable[[], Body]] = {
        "wait": lambda: {"seconds": draw.choice(WAITS)},
        "wait_until": lambda: {"calendar": CALENDAR, "state": "open"},
        "share": lambda: {"agency": names.agency},
        "raise_severity": lambda: {"to": draw.randint(3, 5)},
        "decision": lambda: {"regime": "some-act"},
        "assign": lambda: {"target": _target(names, draw, people)},
    }
    if kind not in draws:
        return draw_notify(names, draw)
    return {"kind": kind, **draws[kind]()}


def _branch(names: Names, draw: random.Random, depth: int) -> Body:
    conditions = (
        {"field": "severity", "op": ">=", "value": draw.randint(2, 5)},
        {"field": "category", "op": "=", "value": draw.choice(("WGT", "AVL"))},
        {"field": "calendar", "op": draw.choice(("=", "!=")), "value": CALENDAR},
        {"field": "on_call", "op": "=", "value": SCHEDULE},
    )
    step: Body = {"kind": "if", "when": [draw.choice(conditions)]}
    step["then"] = [_step(names, draw, depth + 1) for _ in range(draw.randint(1, 2))]
    if draw.random() < 0.6:
        step["else"] = [_step(names, draw, depth + 1)]
    return step


def draw_notify(names: Names, draw: random.Random) -> Body:
    targets = [_target(names, draw, tuple(TARGETS)) for _ in range(draw.randint(1, 2))]
    step: Body = {"kind": "notify", "targets": targets}
    if draw.random() < 0.3:
        step["urgency"] = draw.choice(("normal", "urgent"))
    return step


def _target(
    names: Names, draw: random.Random, kinds: tuple[str, ...]
) -> dict[str, str]:
    kind = draw.choices(kinds, [TARGETS[one] for one in kinds])[0]
    values = {
        "user": draw.choice(names.emails),
        "team": TEAM,
        "round_robin": TEAM,
        "schedule": SCHEDULE,
        "next_on_call": SCHEDULE,
        "role": ROLE,
        "desk": names.organisation,
    }
    return {kind: values[kind]}
