"""Check that what a regime's file names inside itself is there, once, and not in a circle."""

from collections.abc import Mapping, Sequence
from typing import Final

from escalation.regimes.delay_reading import check_delays
from escalation.regimes.regime import SUBMITTED, DutyOf, Regime, Stage, Term
from escalation.regimes.tables import RegimeError

# What columns hold: an anchor is `submitted:` and a stage, a question may be an id of each.
MAX_REGIME_ID: Final = 60
MAX_ID: Final = 50


def check_references(regime: Regime, file: str) -> None:
    """Raise RegimeError, naming the key, for the first name that leads nowhere."""
    _check_length("id", regime.id, MAX_REGIME_ID, file)
    _check_ids("stages", [stage.id for stage in regime.stages], file)
    _check_ids("limbs", [limb.id for limb in regime.limbs], file)
    _check_ids("delays", [delay.id for delay in regime.delays], file)
    _check_limbs(regime, file)
    _check_stages(regime, file)
    check_delays(regime, file)


def _check_ids(key: str, ids: Sequence[str], file: str) -> None:
    for number, one in enumerate(ids):
        if ids.count(one) > 1:
            remedy = f"{one!r} stands there twice."
            raise RegimeError(file, f"{key}[{number}].id", remedy)
        _check_length(f"{key}[{number}].id", one, MAX_ID, file)


def _check_length(key: str, value: str, limit: int, file: str) -> None:
    if len(value) > limit:
        raise RegimeError(file, key, f"Keep it to {limit} characters: {value!r}.")


def _check_limbs(regime: Regime, file: str) -> None:
    """Raise RegimeError for a limb that is not there, or for which nothing is due."""
    ids = [limb.id for limb in regime.limbs]
    for number, stage in enumerate(regime.stages):
        for name in (name for name in stage.limbs if name not in ids):
            known = f"use one of {', '.join(ids)}" if ids else "the file has none"
            remedy = f"There is no limb {name!r}: {known}."
            raise RegimeError(file, f"stages[{number}].limbs", remedy)
    reports = [one for one in regime.stages if one.duty_of == DutyOf.REPORTER]
    if not reports or not all(stage.limbs for stage in reports):
        return
    answered = {name for stage in reports for name in stage.limbs}
    for number, name in enumerate(ids):
        if name not in answered:
            remedy = f"No stage reports {name!r}: name it in the limbs of one."
            raise RegimeError(file, f"limbs[{number}].id", remedy)


def _check_stages(regime: Regime, file: str) -> None:
    graph = {stage.id: _behind(stage) for stage in regime.stages}
    for number, stage in enumerate(regime.stages):
        for name in sorted(graph[stage.id] - set(graph)):
            remedy = f"There is no stage {name!r}: use one of {', '.join(graph)}."
            raise RegimeError(file, f"stages[{number}].terms", remedy)
    for number, stage in enumerate(regime.stages):
        key = f"stages[{number}].terms"
        if circle := _circle(stage.id, graph):
            remedy = f"{' → '.join(circle)} wait for one another: start one elsewhere."
            raise RegimeError(file, key, remedy)
        if stage.duty_of == DutyOf.AUTHORITY and not _starts_from_reports(stage):
            remedy = f"An authority's stage starts from {SUBMITTED}STAGE."
            raise RegimeError(file, key, remedy)


def _starts_from_reports(stage: Stage) -> bool:
    return all(name.startswith(SUBMITTED) for name in stage.anchors) and all(
        term.start for term in stage.terms
    )


def _behind(stage: Stage) -> set[str]:
    """Return the stages without which a stage never starts; its own series is none."""
    return {one for term in stage.terms for one in _needed(term, stage.id)}


def _needed(term: Term, own: str) -> set[str]:
    found = {name.removeprefix(SUBMITTED) for name in term.start if SUBMITTED in name}
    return (found | {term.starts_when_due}) - {"", own}


def _circle(start: str, graph: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Return a way through the graph that leads back to its start."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop()
        for following in sorted(graph[way[-1]]):
            if following == start:
                return (*way, start)
            if following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return ()
