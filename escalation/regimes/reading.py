"""Make a regime of its file; whatever is wrong names file, key and remedy.

A key that nobody knows stops the start: a misspelt one would leave out a part of the law.
"""

import tomllib
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from escalation.regimes.calendars import is_known, known_calendars
from escalation.regimes.delay_reading import read_delay
from escalation.regimes.questions import known_question
from escalation.regimes.references import check_references
from escalation.regimes.regime import (
    SUBMITTED,
    Basis,
    DutyOf,
    Limb,
    NoDate,
    Pick,
    Regime,
    Stage,
    Status,
    Term,
    Unit,
)
from escalation.regimes.rules import RULES
from escalation.regimes.tables import RegimeError, Table

ANCHORS: Final = frozenset(
    [
        "aware",
        "model_involvement_aware",
        "discovered",
        "imminent_risk_discovered",
        "reasonable_belief",
        "determined",
        "causal_link",
        "material",
        "classified_major",
        "fix_available",
        "ransom_paid",
        "authority_request",
        "handled",
        "resolved",
        "reopened",
    ]
)

# Every term is counted at each look at each clock of the stage.
MAX_TERMS: Final = 10


def read_regime(text: str, *, file: str) -> Regime:
    """Return the regime that a file describes. Raises RegimeError."""
    try:
        body = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RegimeError(file, "(file)", f"Write valid TOML: {error}.") from error
    regime = _regime(Table(file, "", body))
    check_references(regime, file)
    return regime


def _regime(table: Table) -> Regime:
    regime = Regime(
        id=table.text("id"),
        name=table.text("name"),
        jurisdiction=table.text("jurisdiction"),
        act=table.text("act"),
        article=table.text("article"),
        source_url=table.text("source_url"),
        verified_on=table.day("verified_on") or date.min,
        basis=table.choice("basis", Basis),
        status=table.choice("status", Status),
        zone=_zone(table),
        calendar=_calendar(table),
        scope=table.text("scope"),
        confidentiality=table.text("confidentiality", is_needed=False),
        retention=table.text("retention", is_needed=False),
        effective_from=table.day("effective_from", is_needed=False),
        limbs=_each(table.tables("limbs"), _limb),
        stages=_each(table.tables("stages"), _stage),
        uncertain=table.texts("uncertain"),
        delays=_each(table.tables("delays"), read_delay),
    )
    table.end()
    return regime


Made = TypeVar("Made")


def _each(tables: Iterable[Table], make: Callable[[Table], Made]) -> tuple[Made, ...]:
    made = []
    for table in tables:
        made.append(make(table))
        table.end()
    return tuple(made)


def _zone(table: Table) -> ZoneInfo:
    name = table.text("zone")
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError):
        remedy = f"{name!r} is no time zone: use one such as Europe/Brussels."
        raise table.error("zone", remedy) from None


def _calendar(table: Table) -> str:
    name = table.text("calendar")
    if not is_known(name):
        known = ", ".join(known_calendars())
        raise table.error("calendar", f"{name!r} is unknown: use one of {known}.")
    return name


def _limb(table: Table) -> Limb:
    return Limb(
        table.text("id"), table.text("text"), table.text("citation"), _asks(table)
    )


def _asks(table: Table) -> str:
    key = table.text("asks", is_needed=False)
    return known_question(table, "asks", key) if key else ""


def _stage(table: Table) -> Stage:
    statutory = table.text("statutory", is_needed=False)
    if statutory and statutory not in RULES:
        known = ", ".join(RULES)
        remedy = f"{statutory!r} is no rule: use one of {known}."
        raise table.error("statutory", remedy)
    no_date = table.text("no_date", is_needed=False)
    if no_date and no_date not in set(NoDate):
        words = ", ".join(NoDate)
        raise table.error("no_date", f"{no_date!r} is unknown: use one of {words}.")
    stage = Stage(
        id=table.text("id"),
        name=table.text("name"),
        trigger=table.text("trigger"),
        recipient=table.text("recipient"),
        citation=table.text("citation"),
        basis=table.choice("basis", Basis),
        no_date=NoDate(no_date) if no_date else None,
        statutory=statutory,
        relief=table.text("relief", is_needed=False),
        cut_off=table.clock_time("cut_off"),
        ends=_anchors(table, "ends"),
        is_recurring=table.is_set("is_recurring"),
        content=table.texts("content"),
        uncertain=table.texts("uncertain"),
        limbs=table.texts("limbs"),
        duty_of=table.choice("duty_of", DutyOf, DutyOf.REPORTER),
        asks=_asks(table),
        terms=_terms(table, is_dated=not no_date),
    )
    if not stage.terms:
        raise table.error("terms", "Say from which anchor it is counted.")
    if len(stage.terms) > MAX_TERMS:
        raise table.error("terms", f"Keep it to {MAX_TERMS} terms a stage.")
    return stage


def _terms(table: Table, *, is_dated: bool) -> tuple[Term, ...]:
    return _each(table.tables("terms"), lambda one: _term(one, is_dated=is_dated))


def _term(table: Table, *, is_dated: bool) -> Term:
    behind = table.text("starts_when_due", is_needed=False)
    start = _anchors(table, "start")
    if bool(behind) == bool(start):
        raise table.error("start", "Name anchors, or a stage in starts_when_due.")
    has_length = is_dated and not behind
    lapses = _anchors(table, "lapses_before")
    return Term(
        start=start,
        starts_when_due=behind,
        length=table.number("length") if has_length else 0,
        unit=table.choice("unit", Unit) if has_length else Unit.HOURS,
        pick=table.choice("pick", Pick, Pick.EARLIEST),
        when=_anchors(table, "when"),
        unless=_anchors(table, "unless"),
        lapses_before=lapses[0] if lapses else "",
    )


def _anchors(table: Table, key: str) -> tuple[str, ...]:
    names = table.texts(key)
    for name in names:
        if name not in ANCHORS and not name.startswith(SUBMITTED):
            known = ", ".join(sorted(ANCHORS))
            remedy = f"{name!r} is no anchor: use {SUBMITTED}STAGE or one of {known}."
            raise table.error(key, remedy)
    return names
