"""Edit what stands around the steps: who must acknowledge, the end, promise and clocks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from escalation.authoring.editor import choices
from escalation.authoring.editor.controls import (
    Given,
    Number,
    Option,
    Part,
    Select,
    Text,
    Tick,
    Words,
    one_group,
    select,
)
from escalation.authoring.surroundings import Surroundings
from escalation.policies.clock_targets import OTHER, OWN, SEVERITIES, WHATS

PREFIX: Final = "frame"
_MODES: Final[tuple[Option, ...]] = (
    ("one", "one person has acknowledged"),
    ("quorum", "so many people have acknowledged"),
    ("each", "each of these has acknowledged"),
)
_SIDES: Final[tuple[Option, ...]] = ((OWN, "our side"), (OTHER, "the other side"))
_NOTHING: Final[Option] = ("", "do nothing")


@dataclass(frozen=True, slots=True)
class FramePart:
    """One sentence of the frame; `where` is what findings call it."""

    where: str
    parts: tuple[Part, ...]


def frame_parts(body: Mapping[str, Any], there: Surroundings) -> list[FramePart]:
    """Return the sentences on acknowledgement, timeout, fallback and promise."""
    return [
        FramePart("acknowledgement", tuple(_acknowledgement(body, there))),
        FramePart("ack_timeout_minutes", tuple(_timeout(body))),
        FramePart("fallback", tuple(_fallback(body, there))),
        FramePart("promise_minutes", tuple(_promise(body))),
    ]


def clock_parts(
    body: Mapping[str, Any], there: Surroundings, labels: Sequence[str]
) -> list[FramePart]:
    """Return a sentence for each clock, and an empty one that adds another."""
    clocks = body.get("clocks") or []
    rows = [
        FramePart(f"clocks[{index}]", tuple(_clock(clock, index, there, labels)))
        for index, clock in enumerate(clocks)
    ]
    empty = one_group((("", "no further clock"), *_whats()))
    where = _name(f"clock.{len(clocks)}:what")
    add = select(where, "Add a clock", "", empty, reshapes=True)
    return [*rows, FramePart("", (add,))]


def read_frame(data: Mapping[str, str]) -> dict[str, Any]:
    """Return the parts of a body beside its steps; what is empty is left out."""
    given = Given(data, PREFIX)
    body = {
        "acknowledgement": _read_acknowledgement(given),
        "ack_timeout_minutes": given.number("timeout"),
        "fallback": choices.target_body(given.text("fallback")),
        "promise_minutes": given.number("promise"),
        "clocks": [_read_clock(row) for row in given.rows("clock") if row.text("what")],
    }
    return {name: value for name, value in body.items() if value not in ("", {}, [])}


def _acknowledgement(body: Mapping[str, Any], there: Surroundings) -> Iterator[Part]:
    rule = body.get("acknowledgement") or {}
    mode = str(rule.get("mode", "one"))
    yield Words("Page until")
    groups = one_group(_MODES)
    yield select(_name("mode"), "Who must acknowledge", mode, groups, reshapes=True)
    if mode == "quorum":
        count = rule.get("count", 2)
        yield Number(_name("count"), "How many people", count, least=2, most=10)
    if mode == "each":
        for index, required in enumerate([*(rule.get("of") or []), {}]):
            yield from _required(required, index, there)


def _required(
    required: Mapping[str, Any], index: int, there: Surroundings
) -> Iterator[Part]:
    role, organisation = required.get("role", ""), required.get("organisation", "")
    is_new = not required
    empty = "and nobody else" if is_new else "anybody"
    known = {**dict(choices.roles(there)), "officer": "Officer"}
    known |= {"supervisor": "Supervisor", "responder": "Responder"}
    roles = one_group((("", empty), *known.items()))
    yield select(_name(f"of.{index}:role"), "Role", str(role), roles)
    yield Words("of")
    own = ("", "our organisation" if role or is_new else "— take out —")
    offered = one_group((own, *choices.organisations(there)))
    where = _name(f"of.{index}:organisation")
    yield select(where, "Organisation", str(organisation), offered)


def _read_acknowledgement(given: Given) -> dict[str, Any]:
    mode = given.text("mode")
    if mode == "quorum":
        return {"mode": mode, "count": given.number("count") or 2}
    if mode == "each":
        rows = [
            {name: row.text(name) for name in ("role", "organisation")}
            for row in given.rows("of")
        ]
        of = [{n: v for n, v in row.items() if v} for row in rows if any(row.values())]
        # Everybody has administrators: whoever has just chosen this goes on from there.
        return {"mode": mode, "of": of or [{"role": "admin"}]}
    return {"mode": mode} if mode not in ("", "one") else {}


def _timeout(body: Mapping[str, Any]) -> Iterator[Part]:
    value = body.get("ack_timeout_minutes", "")
    yield Words("If it is acknowledged but not resolved, page again after")
    yield Number(_name("timeout"), "Minutes, or empty for never", value)
    yield Words("minutes (empty: never)")


def _fallback(body: Mapping[str, Any], there: Surroundings) -> Iterator[Part]:
    value = choices.target_value(body.get("fallback"))
    nobody = ("", (("", "nobody but our desk"),))
    yield Words("If nobody acknowledged after the last step, tell")
    groups = (nobody, *choices.targets(there))
    yield select(_name("fallback"), "Fallback contact", value, groups)


def _promise(body: Mapping[str, Any]) -> Iterator[Part]:
    yield Words("We promise that a human is reached within")
    value = body.get("promise_minutes", "")
    yield Number(_name("promise"), "Minutes, or empty for no promise", value)
    yield Words("minutes (empty: no promise)")


def _clock(
    clock: Mapping[str, Any], index: int, there: Surroundings, labels: Sequence[str]
) -> Iterator[Part]:
    def name(part: str) -> str:
        return _name(f"clock.{index}:{part}")

    whats = one_group((*_whats(), ("", "— take out —")))
    side = str(clock.get("side", OWN))
    yield select(name("side"), "Whose act", side, one_group(_SIDES))
    yield Words("must")
    yield select(name("what"), "What", str(clock.get("what", "")), whats)
    yield Words("within")
    yield Number(name("minutes"), "Minutes", clock.get("minutes", ""), most=527_040)
    yield Words("minutes of")
    yield _calendar(clock, name, there)
    yield Words("at severity")
    levels = clock.get("severity", list(SEVERITIES))
    for level in SEVERITIES:
        tick = name(f"severity-{level}")
        yield Tick(tick, str(level), str(level), level in levels)
    yield from _warnings(clock, name)
    yield Words("If it is missed:")
    yield from _effects(clock, name, there, labels)
    asked = bool(clock.get("pause_while_asked"))
    yield Tick(name("pause"), "It stands still while a question is open", "on", asked)


def _calendar(
    clock: Mapping[str, Any], name: Callable[[str], str], there: Surroundings
) -> Select:
    offered = one_group((("", "real time"), *there.calendars.items()))
    value = str(clock.get("calendar", ""))
    return select(name("calendar"), "Counted in", value, offered)


def _warnings(clock: Mapping[str, Any], name: Callable[[str], str]) -> Iterator[Part]:
    warn = clock.get("warn") or []
    percents = [str(one["percent"]) for one in warn if "percent" in one]
    before = [str(one["minutes_before"]) for one in warn if "minutes_before" in one]
    yield Words("Warn when so much of the time is used, in %:")
    yield Text(name("percents"), "Percents, with commas", ", ".join(percents), "75, 90")
    yield Words("and so many minutes before:")
    yield Text(name("before"), "Minutes, with commas", ", ".join(before), "60")


def _effects(
    clock: Mapping[str, Any],
    name: Callable[[str], str],
    there: Surroundings,
    labels: Sequence[str],
) -> Iterator[Part]:
    effects: dict[str, Any] = {}
    for effect in clock.get("on_breach") or []:
        effects |= effect
    steps = ((label, f"go to step {label}") for label in labels)
    levels = ((v, f"raise the severity to {v}") for v, _ in choices.severities()[1:])
    people = ((role, f"notify every {label}") for role, label in choices.roles(there))
    for key, label, offered in (
        ("go_to", "Go to a step", steps),
        ("raise_severity", "Raise the severity", levels),
        ("notify_role", "Notify a role", people),
    ):
        groups = one_group((_NOTHING, *offered))
        yield select(name(key), label, str(effects.get(key, "")), groups)


def _read_clock(row: Given) -> dict[str, Any]:
    levels = [level for level in SEVERITIES if row.text(f"severity-{level}")]
    is_new = not row.text("minutes") and not levels
    clock: dict[str, Any] = {
        "what": row.text("what"),
        "minutes": 60 if is_new else row.number("minutes"),
    }
    if row.text("side") not in ("", OWN):
        clock["side"] = row.text("side")
    if levels and levels != list(SEVERITIES):
        clock["severity"] = levels
    if row.text("calendar"):
        clock["calendar"] = row.text("calendar")
    warn = [
        *({"percent": value} for value in _numbers(row.text("percents"))),
        *({"minutes_before": value} for value in _numbers(row.text("before"))),
    ]
    effects = [
        {key: row.number(key) if key == "raise_severity" else row.text(key)}
        for key in ("go_to", "raise_severity", "notify_role")
        if row.text(key)
    ]
    more = {"warn": warn, "on_breach": effects}
    clock |= {name: value for name, value in more.items() if value}
    return clock | ({"pause_while_asked": True} if row.text("pause") else {})


def _numbers(text: str) -> list[object]:
    """Return what stands between commas: numbers, or what was typed instead of one."""
    items = [item.strip().removesuffix("%").strip() for item in text.split(",")]
    return [int(item) if item.isdecimal() else item for item in items if item]


def _whats() -> tuple[Option, ...]:
    return tuple((key, words.lower()) for key, words in WHATS.items())


def _name(part: str) -> str:
    return f"{PREFIX}:{part}"
