"""Read what a law's file says of notices of delay and of extensions."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from escalation.regimes.regime import Basis, Delay, DelayKind, DutyOf, Grant, Regime
from escalation.regimes.tables import RegimeError, Table

# Each is a number in words such as "extension 1 of 3".
MAX_GRANTS: Final = 10
# What belongs to the other kind would be a sentence of the law that says nothing.
_NOT_OF: Final[Mapping[DelayKind, tuple[str, ...]]] = {
    DelayKind.NOTICE: ("grants", "suspends"),
    DelayKind.EXTENSION: ("is_before_limit",),
}


def read_delay(table: Table) -> Delay:
    """Return what one `[[delays]]` says. Raises RegimeError."""
    kind = table.choice("kind", DelayKind)
    for key in _NOT_OF[kind]:
        if key in table.body:
            raise table.error(key, f"Leave it out: it says nothing of a {kind}.")
    delay = Delay(
        id=table.text("id"),
        name=table.text("name"),
        kind=kind,
        stages=table.texts("stages"),
        text=table.text("text"),
        citation=table.text("citation"),
        source_url=table.text("source_url"),
        verified_on=table.day("verified_on") or date.min,
        basis=table.choice("basis", Basis),
        is_before_limit=table.is_set("is_before_limit"),
        suspends=table.is_set("suspends"),
        grants=_grants(table),
        uncertain=table.texts("uncertain"),
    )
    if kind == DelayKind.EXTENSION and not 1 <= len(delay.grants) <= MAX_GRANTS:
        remedy = f"Say who grants it, from one to {MAX_GRANTS} in their order."
        raise table.error("grants", remedy)
    return delay


def check_delays(regime: Regime, file: str) -> None:
    """Raise RegimeError for a stage that cannot be delayed so, or is twice."""
    seen: set[tuple[str, DelayKind]] = set()
    for number, delay in enumerate(regime.delays):
        key = f"delays[{number}].stages"
        if not delay.stages:
            raise RegimeError(file, key, "Name the stages that it is about.")
        for name in delay.stages:
            if remedy := _wrong_stage(regime, name):
                raise RegimeError(file, key, remedy)
            if (name, delay.kind) in seen:
                remedy = f"{name!r} has a {delay.kind} already: keep one of a kind."
                raise RegimeError(file, key, remedy)
            seen.add((name, delay.kind))


def _wrong_stage(regime: Regime, name: str) -> str:
    reports = [one.id for one in regime.stages if one.duty_of == DutyOf.REPORTER]
    if name in reports:
        return ""
    return f"There is no report {name!r}: use one of {', '.join(reports) or 'none'}."


def _grants(table: Table) -> tuple[Grant, ...]:
    found = []
    for one in table.tables("grants"):
        grant = Grant(
            by=one.text("by"),
            days=one.number("days") if "days" in one.body else 0,
            is_by_recipient=one.is_set("is_by_recipient"),
        )
        one.end()
        found.append(grant)
    return tuple(found)
