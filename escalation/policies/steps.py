"""Read the steps of an escalation path from a policy's body.

A policy's body is plain data, so that a version can be kept, compared and recorded:

    {"steps": [{"kind": "notify", "targets": [{"team": "duty"}]},
               {"kind": "wait", "minutes": 15},
               {"kind": "share", "agency": "naisa"},
               {"kind": "repeat", "from": 1, "rounds": 3}],
     "ack_timeout_minutes": 30,
     "fallback": {"user": "director@lab.example"}}

Numbers are integers because the body goes into the record. Steps are counted from 1.
`rounds` counts every pass, the first included. A last step of kind `fallback` means
the same as the key `fallback` and is read as that.

>>> parse_policy({"steps": [{"kind": "wait", "minutes": 15}]}).steps
(WaitStep(delay_seconds=900),)
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, cast
from urllib.parse import urlsplit

from escalation.policies.clock_targets import (
    ClockTargetError,
    clocks_to_body,
    parse_clocks,
)

TargetKind = Literal["user", "team", "desk", "webhook"]
Urgency = Literal["normal", "urgent"]

MAX_STEPS = 50
MAX_TARGETS = 20
MIN_ROUNDS = 2
MAX_ROUNDS = 9
MAX_WAIT_SECONDS = 7 * 24 * 3600
MAX_ACK_TIMEOUT_MINUTES = 7 * 24 * 60
MAX_URL = 2_000
MAX_SHOWN = 80

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_CONTACT = re.compile(r"[\w][\w .-]{0,99}")


class PolicyError(ValueError):
    """A policy cannot be used. The message names the place, the value, the remedy."""


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a step reaches: an e-mail, a team's or organisation's slug, a webhook."""

    kind: TargetKind
    value: str


@dataclass(frozen=True, slots=True)
class NotifyStep:
    """Tell these, all at once; without an urgency the severity decides."""

    kind: ClassVar[Literal["notify"]] = "notify"
    targets: tuple[Target, ...]
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True)
class WaitStep:
    """Give somebody time to acknowledge."""

    kind: ClassVar[Literal["wait"]] = "wait"
    delay_seconds: int


@dataclass(frozen=True, slots=True)
class ShareStep:
    """Let an agency see the incident."""

    kind: ClassVar[Literal["share"]] = "share"
    agency: str


@dataclass(frozen=True, slots=True)
class RepeatStep:
    """Go back to an earlier step until this many rounds are done."""

    kind: ClassVar[Literal["repeat"]] = "repeat"
    from_step: int
    rounds: int


Step = NotifyStep | WaitStep | ShareStep | RepeatStep


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """A policy that was checked: every step in it can be taken."""

    steps: tuple[Step, ...]
    ack_timeout_minutes: int | None = None
    fallback: Target | None = None
    clocks: tuple[Mapping[str, object], ...] = ()


def parse_policy(body: object) -> PolicyPlan:
    """Read and check a policy's body. Raises PolicyError."""
    members = _object(body, where="policy")
    _allow(members, ("steps", "ack_timeout_minutes", "fallback", "clocks"), where="")
    items = members.get("steps")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_STEPS:
        raise PolicyError(f"steps: send a list of 1 to {MAX_STEPS} steps")
    items, fallback = _take_fallback(items, members.get("fallback"))
    steps = tuple(
        _parse_step(item, where=f"steps[{index}]") for index, item in enumerate(items)
    )
    _check_repeat(steps)
    timeout = members.get("ack_timeout_minutes")
    if timeout is not None:
        limit = MAX_ACK_TIMEOUT_MINUTES
        timeout = _integer(timeout, 1, limit, where="ack_timeout_minutes")
    return PolicyPlan(steps, timeout, fallback, _read_clocks(members.get("clocks")))


def _read_clocks(items: object) -> tuple[Mapping[str, object], ...]:
    """Return the targets of clocks, checked, as `clock_targets` writes them."""
    try:
        return tuple(clocks_to_body(parse_clocks(items)))
    except ClockTargetError as error:
        raise PolicyError(str(error)) from error


def _take_fallback(
    items: list[object], given: object
) -> tuple[list[object], Target | None]:
    """Return the steps without a closing fallback, and whom to fall back on."""
    last = items[-1]
    if not isinstance(last, Mapping) or last.get("kind") != "fallback":
        return items, None if given is None else _parse_target(given, where="fallback")
    where = f"steps[{len(items) - 1}]"
    if given is not None:
        raise PolicyError(f"{where}: the fallback is given twice; leave one out")
    if len(items) == 1:
        raise PolicyError(f"{where}: a fallback alone is no path; put a step before it")
    _allow(last, ("kind", "target"), where=where)
    return items[:-1], _parse_target(last.get("target"), where=f"{where}.target")


def _parse_step(item: object, *, where: str) -> Step:
    members = _object(item, where=where)
    kind = members.get("kind")
    parse = _PARSERS.get(kind) if isinstance(kind, str) else None
    if parse is None:
        known = ", ".join(_PARSERS)
        raise PolicyError(
            f"{where}.kind: {kind!r} is not possible here; use {known}, "
            "or fallback as the last step"
        )
    return parse(members, where)


def _parse_notify(members: Mapping[str, object], where: str) -> NotifyStep:
    _allow(members, ("kind", "targets", "urgency"), where=where)
    items = members.get("targets")
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_TARGETS:
        raise PolicyError(
            f"{where}.targets: send a list of 1 to {MAX_TARGETS} targets "
            'such as {"team": "duty"}'
        )
    targets = [
        _parse_target(item, where=f"{where}.targets[{index}]")
        for index, item in enumerate(items)
    ]
    urgency = members.get("urgency")
    if urgency not in (None, "normal", "urgent"):
        raise PolicyError(
            f"{where}.urgency: {_short(urgency)} does not fit; use normal or urgent, "
            "or leave it out: urgent from severity 4"
        )
    return NotifyStep(tuple(dict.fromkeys(targets)), urgency)


def _parse_wait(members: Mapping[str, object], where: str) -> WaitStep:
    _allow(members, ("kind", "minutes", "seconds"), where=where)
    if ("minutes" in members) == ("seconds" in members):
        raise PolicyError(f"{where}: give either minutes or seconds")
    unit, scale = ("minutes", 60) if "minutes" in members else ("seconds", 1)
    limit = MAX_WAIT_SECONDS // scale
    amount = _integer(members[unit], 1, limit, where=f"{where}.{unit}")
    return WaitStep(amount * scale)


def _parse_share(members: Mapping[str, object], where: str) -> ShareStep:
    _allow(members, ("kind", "agency"), where=where)
    return ShareStep(_slug(members.get("agency"), where=f"{where}.agency"))


def _parse_repeat(members: Mapping[str, object], where: str) -> RepeatStep:
    _allow(members, ("kind", "from", "rounds"), where=where)
    from_step = _integer(members.get("from"), 1, MAX_STEPS, where=f"{where}.from")
    rounds = members.get("rounds")
    return RepeatStep(
        from_step, _integer(rounds, MIN_ROUNDS, MAX_ROUNDS, where=f"{where}.rounds")
    )


_PARSERS: dict[str, Callable[[Mapping[str, object], str], Step]] = {
    "notify": _parse_notify,
    "wait": _parse_wait,
    "share": _parse_share,
    "repeat": _parse_repeat,
}


def _check_repeat(steps: Sequence[Step]) -> None:
    """Allow one loop, backwards, with a wait in it: else it would page in a burst."""
    places = [i for i, step in enumerate(steps) if isinstance(step, RepeatStep)]
    if len(places) > 1:
        raise PolicyError(f"steps[{places[1]}]: a policy repeats at most once")
    for place in places:
        step = cast("RepeatStep", steps[place])
        where = f"steps[{place}].from"
        if step.from_step > place:
            raise PolicyError(
                f"{where}: {step.from_step} does not come before; "
                f"use a step from 1 to {place}, the first step is 1"
            )
        loop = steps[step.from_step - 1 : place]
        if not any(isinstance(inner, WaitStep) for inner in loop):
            raise PolicyError(f"{where}: nothing waits in this loop; add a wait step")


def _parse_target(item: object, *, where: str) -> Target:
    members = _object(item, where=where)
    if len(members) != 1:
        raise PolicyError(f"{where}: name exactly one of {', '.join(_TARGETS)}")
    [(kind, value)] = members.items()
    is_good = _TARGETS.get(kind)
    if is_good is None:
        raise PolicyError(f"{where}.{kind}: not a target; use {', '.join(_TARGETS)}")
    if not isinstance(value, str) or not is_good(value):
        remedy = _TARGET_REMEDIES[kind]
        raise PolicyError(f"{where}.{kind}: {_short(value)} does not fit; {remedy}")
    return Target(cast("TargetKind", kind), value)


def _is_slug(text: str) -> bool:
    return _SLUG.fullmatch(text) is not None


def _is_webhook(text: str) -> bool:
    if "://" not in text:
        return _CONTACT.fullmatch(text) is not None
    if len(text) > MAX_URL or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


_TARGETS: dict[str, Callable[[str], bool]] = {
    "user": lambda text: _EMAIL.fullmatch(text) is not None,
    "team": _is_slug,
    "desk": _is_slug,
    "webhook": _is_webhook,
}
_TARGET_REMEDIES: dict[str, str] = {
    "user": "use the e-mail address of an account",
    "team": "use a team's slug such as duty",
    "desk": "use an organisation's slug such as naisa",
    "webhook": "use an https address or the name of a contact",
}


def to_body(plan: PolicyPlan) -> dict[str, object]:
    """Return the body that `parse_policy` reads as this plan."""
    body: dict[str, object] = {"steps": [_step_body(step) for step in plan.steps]}
    if plan.ack_timeout_minutes is not None:
        body["ack_timeout_minutes"] = plan.ack_timeout_minutes
    if plan.clocks:
        body["clocks"] = [dict(clock) for clock in plan.clocks]
    if plan.fallback is not None:
        body["fallback"] = {plan.fallback.kind: plan.fallback.value}
    return body


def _step_body(step: Step) -> dict[str, object]:
    if isinstance(step, NotifyStep):
        told: dict[str, object] = {
            "kind": step.kind,
            "targets": [{t.kind: t.value} for t in step.targets],
        }
        return {**told, "urgency": step.urgency} if step.urgency else told
    if isinstance(step, ShareStep):
        return {"kind": step.kind, "agency": step.agency}
    if isinstance(step, RepeatStep):
        return {"kind": step.kind, "from": step.from_step, "rounds": step.rounds}
    minutes, seconds = divmod(step.delay_seconds, 60)
    if seconds:
        return {"kind": step.kind, "seconds": step.delay_seconds}
    return {"kind": step.kind, "minutes": minutes}


def _object(value: object, *, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise PolicyError(f"{where}: {_short(value)} is not an object; send one")
    return value


def _allow(members: Mapping[str, object], names: Sequence[str], *, where: str) -> None:
    for name in members:
        if name not in names:
            place = f"{where}.{name}" if where else name
            raise PolicyError(f"{place}: not known here; use {', '.join(names)}")


def _integer(value: object, least: int, most: int, *, where: str) -> int:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    if not is_integer or not least <= cast("int", value) <= most:
        raise PolicyError(
            f"{where}: {_short(value)} does not fit; use a whole number "
            f"from {least} to {most}"
        )
    return cast("int", value)


def _slug(value: object, *, where: str) -> str:
    if not isinstance(value, str) or not _is_slug(value):
        remedy = _TARGET_REMEDIES["desk"]
        raise PolicyError(f"{where}: {_short(value)} does not fit; {remedy}")
    return value


def _short(value: object) -> str:
    if isinstance(value, list | Mapping):
        return f"a value with {len(value)} items"
    return repr(value)[:MAX_SHOWN]
