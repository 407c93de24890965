"""Read by when things are to be done: the key `clocks` of a policy's body.

    [{"what": "acknowledge_by", "minutes": 15, "severity": [4, 5],
      "calendar": "office", "warn": [{"percent": 75}, {"minutes_before": 60}],
      "on_breach": [{"go_to": "3"}, {"raise_severity": 5}, {"notify_role": "approver"}],
      "pause_while_asked": true}]

`minutes` are minutes of the calendar's working time; without a calendar, of real time.
`severity` left out is every severity. For one `what` and one severity there is one
target. `side` is whose act is waited for: `own`, or `other`, the other side's of the
share. A warning at a percent counts used time; `minutes_before` is real time before the
due instant, because that is how long people still have.

>>> [target] = parse_clocks([{"what": "resolve_by", "minutes": 240}])
>>> describe_clock(target)
'Resolve within 4 hours'
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from escalation.policies.reading import PolicyError

WHATS: Final[Mapping[str, str]] = {
    "acknowledge_by": "Acknowledge",
    "triage_by": "Triage",
    "first_update_by": "Give a first update",
    "resolve_by": "Resolve",
}
OWN, OTHER = "own", "other"
SEVERITIES: Final = range(6)
MAX_CLOCKS = 24
MAX_MINUTES = 366 * 24 * 60
MAX_WARNINGS = 8
MAX_EFFECTS = 8
MAX_SHOWN = 80

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LABEL = re.compile(r"[0-9][0-9a-z. ]{0,39}")
_MEMBERS = frozenset(
    {
        "what",
        "side",
        "severity",
        "minutes",
        "calendar",
        "warn",
        "on_breach",
        "pause_while_asked",
    }
)
_UNITS = (("day", 1440), ("hour", 60), ("minute", 1))


class ClockTargetError(PolicyError):
    """A target cannot be used."""


@dataclass(frozen=True, slots=True)
class Notice:
    """When to warn: at a share of the time, or so long before the due instant."""

    percent: int | None = None
    minutes_before: int | None = None

    @property
    def name(self) -> str:
        """Return its name in keys and in the record."""
        if self.percent is not None:
            return f"{self.percent}%"
        return f"{self.minutes_before}m"


@dataclass(frozen=True, slots=True)
class Effect:
    """What a breach does: `go_to` a step's label, `raise_severity`, `notify_role`."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class ClockTarget:
    """By when one thing is to be done, for some severities."""

    what: str
    minutes: int
    side: str = OWN
    severities: tuple[int, ...] = tuple(SEVERITIES)
    calendar: str = ""
    warnings: tuple[Notice, ...] = ()
    effects: tuple[Effect, ...] = ()
    is_paused_while_asked: bool = False


def parse_clocks(body: object) -> tuple[ClockTarget, ...]:
    """Read and check the key `clocks`; None is none. Raises ClockTargetError."""
    if body is None:
        return ()
    if not isinstance(body, list) or len(body) > MAX_CLOCKS:
        raise ClockTargetError(f"clocks: send a list of at most {MAX_CLOCKS} targets")
    targets = tuple(
        _parse_target(item, f"clocks[{index}]") for index, item in enumerate(body)
    )
    _check_twice(targets)
    return targets


def target_for(
    targets: Sequence[ClockTarget], what: str, severity: int
) -> ClockTarget | None:
    """Return the target that holds at a severity."""
    for target in targets:
        if target.what == what and severity in target.severities:
            return target
    return None


def clock_to_body(target: ClockTarget) -> dict[str, Any]:
    """Return what `parse_clocks` reads; what is as usual is left out."""
    body: dict[str, Any] = {"what": target.what, "minutes": target.minutes}
    if target.side != OWN:
        body["side"] = target.side
    if target.severities != tuple(SEVERITIES):
        body["severity"] = list(target.severities)
    if target.calendar:
        body["calendar"] = target.calendar
    if target.warnings:
        body["warn"] = [warning_to_body(warning) for warning in target.warnings]
    if target.effects:
        body["on_breach"] = [effect_to_body(effect) for effect in target.effects]
    if target.is_paused_while_asked:
        body["pause_while_asked"] = True
    return body


def clocks_to_body(targets: Sequence[ClockTarget]) -> list[dict[str, Any]]:
    """Return the whole key `clocks`."""
    return [clock_to_body(target) for target in targets]


def warning_to_body(warning: Notice) -> dict[str, int]:
    """Return a warning as `parse_warnings` reads it."""
    if warning.percent is not None:
        return {"percent": warning.percent}
    return {"minutes_before": warning.minutes_before or 0}


def effect_to_body(effect: Effect) -> dict[str, Any]:
    """Return an effect as `parse_effects` reads it."""
    is_number = effect.kind == "raise_severity"
    return {effect.kind: int(effect.value) if is_number else effect.value}


def describe_clock(target: ClockTarget) -> str:
    """Return one sentence without a full stop."""
    parts = [WHATS[target.what]]
    if target.side == OTHER:
        parts = [f"The other side: {WHATS[target.what].lower()}"]
    parts.append(f"within {describe_minutes(target.minutes)}")
    if target.calendar:
        parts.append(f"of the calendar {target.calendar}")
    if target.severities != tuple(SEVERITIES):
        named = ", ".join(str(level) for level in target.severities)
        parts.append(f"at severity {named}")
    sentence = " ".join(parts)
    if target.effects:
        sentence += f"; else {_listed([_say_effect(e) for e in target.effects])}"
    return sentence


def describe_minutes(minutes: int) -> str:
    """Return a length of time in words."""
    parts = []
    for unit, size in _UNITS:
        amount, minutes = divmod(minutes, size)
        if amount:
            parts.append(f"{amount} {unit}{'' if amount == 1 else 's'}")
    return " ".join(parts) or "0 minutes"


def describe_warning(warning: Notice) -> str:
    """Return when it warns, in words."""
    if warning.percent is not None:
        return f"{warning.percent} % of the time used"
    return f"{describe_minutes(warning.minutes_before or 0)} before it is due"


def parse_warnings(value: object, where: str) -> tuple[Notice, ...]:
    """Read a list of warnings. Raises ClockTargetError."""
    items = _list(value, MAX_WARNINGS, where)
    found = [_parse_warning(item, f"{where}[{n}]") for n, item in enumerate(items)]
    return tuple(dict.fromkeys(found))


def parse_effects(value: object, where: str) -> tuple[Effect, ...]:
    """Read a list of effects. Raises ClockTargetError."""
    items = _list(value, MAX_EFFECTS, where)
    return tuple(_parse_effect(item, f"{where}[{n}]") for n, item in enumerate(items))


def _parse_target(item: object, where: str) -> ClockTarget:
    members = _object(item, where)
    for name in members:
        if name not in _MEMBERS:
            known = ", ".join(sorted(_MEMBERS))
            raise ClockTargetError(f"{where}.{name}: not known here; use {known}")
    flag = members.get("pause_while_asked", False)
    if not isinstance(flag, bool):
        place = f"{where}.pause_while_asked"
        raise ClockTargetError(f"{place}: {_shown(flag)} cannot be used; true or false")
    return ClockTarget(
        what=_choice(members.get("what"), tuple(WHATS), f"{where}.what"),
        minutes=_integer(members.get("minutes"), 1, MAX_MINUTES, f"{where}.minutes"),
        side=_choice(members.get("side", OWN), (OWN, OTHER), f"{where}.side"),
        severities=_severities(members.get("severity"), f"{where}.severity"),
        calendar=_calendar(members.get("calendar", ""), f"{where}.calendar"),
        warnings=parse_warnings(members.get("warn", []), f"{where}.warn"),
        effects=parse_effects(members.get("on_breach", []), f"{where}.on_breach"),
        is_paused_while_asked=flag,
    )


def _parse_warning(item: object, where: str) -> Notice:
    members = _object(item, where)
    if set(members) == {"percent"}:
        return Notice(percent=_integer(members["percent"], 1, 99, f"{where}.percent"))
    if set(members) == {"minutes_before"}:
        place = f"{where}.minutes_before"
        return Notice(
            minutes_before=_integer(members["minutes_before"], 1, MAX_MINUTES, place)
        )
    remedy = 'send {"percent": 75} or {"minutes_before": 60}'
    raise ClockTargetError(f"{where}: {_shown(item)} cannot be used; {remedy}")


def _parse_effect(item: object, where: str) -> Effect:
    members = _object(item, where)
    [kind] = members if len(members) == 1 else [""]
    value = members.get(kind)
    if kind == "raise_severity":
        return Effect(kind, str(_integer(value, 1, 5, f"{where}.{kind}")))
    pattern = {"go_to": _LABEL, "notify_role": _SLUG}.get(kind)
    if pattern is None:
        remedy = "use one of go_to, raise_severity, notify_role"
        raise ClockTargetError(f"{where}: {_shown(item)} cannot be used; {remedy}")
    if not isinstance(value, str) or not pattern.fullmatch(value):
        remedy = 'name a step such as "3"' if kind == "go_to" else "name a role"
        raise ClockTargetError(
            f"{where}.{kind}: {_shown(value)} cannot be used; {remedy}"
        )
    return Effect(kind, value)


def _severities(value: object, where: str) -> tuple[int, ...]:
    if value is None:
        return tuple(SEVERITIES)
    items = _list(value, len(SEVERITIES), where)
    if not items:
        raise ClockTargetError(f"{where}: it is empty; leave it out for every severity")
    found = {_integer(one, 0, 5, f"{where}[{n}]") for n, one in enumerate(items)}
    return tuple(sorted(found))


def _check_twice(targets: Sequence[ClockTarget]) -> None:
    seen: set[tuple[str, int]] = set()
    for index, target in enumerate(targets):
        for severity in target.severities:
            if (target.what, severity) in seen:
                message = (
                    f"clocks[{index}].severity: {target.what} has a target for "
                    f"severity {severity} already; give one for each"
                )
                raise ClockTargetError(message)
            seen.add((target.what, severity))


def _calendar(value: object, where: str) -> str:
    if value == "" or (isinstance(value, str) and _SLUG.fullmatch(value)):
        return str(value)
    remedy = "name a calendar by slug, or leave it out"
    raise ClockTargetError(f"{where}: {_shown(value)} cannot be used; {remedy}")


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ClockTargetError(f"{where}: {_shown(value)} is not an object; send one")
    return value


def _list(value: object, most: int, where: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple) or len(value) > most:
        raise ClockTargetError(f"{where}: send a list of at most {most}")
    return value


def _integer(value: object, least: int, most: int, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"{where}: {_shown(value)} cannot be used; send a whole number"
        raise ClockTargetError(message)
    if not least <= value <= most:
        remedy = f"send a whole number from {least} to {most}"
        raise ClockTargetError(f"{where}: {value} cannot be used; {remedy}")
    return value


def _choice(value: object, choices: Sequence[str], where: str) -> str:
    if value not in choices:
        remedy = f"use one of {', '.join(choices)}"
        raise ClockTargetError(f"{where}: {_shown(value)} cannot be used; {remedy}")
    return str(value)


def _say_effect(effect: Effect) -> str:
    if effect.kind == "go_to":
        return f"go to step {effect.value}"
    if effect.kind == "raise_severity":
        return f"raise the severity to {effect.value}"
    return f"notify the role {effect.value}"


def _listed(items: Sequence[str]) -> str:
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
