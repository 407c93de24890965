"""A regime in plain words: what a period is, what it runs from, what a fact rests on.

>>> of_days = Term(start=("aware",), length=15, unit=Unit.DAYS)
>>> term_words(of_days, {})
'15 days after becoming aware'
"""

from collections.abc import Mapping, Sequence
from typing import Final

from escalation.regimes.regime import (
    SUBMITTED,
    Basis,
    Delay,
    DelayKind,
    Grant,
    NoDate,
    Pick,
    Regime,
    Stage,
    Status,
    Term,
    Unit,
)
from escalation.regimes.rules import RULES

REOPENED: Final = "reopened"
# What a reopening makes undone: who counts from these has to know of it.
_CAN_BE_UNDONE: Final = frozenset({"handled", "resolved"})

# As the end of "72 hours after …".
_AFTER: Final[Mapping[str, str]] = {
    "aware": "becoming aware",
    "model_involvement_aware": "becoming aware that a model was involved",
    "discovered": "discovering it",
    "imminent_risk_discovered": "discovering that there is an imminent risk",
    "reasonable_belief": "reasonably believing that it happened",
    "determined": "determining that it happened",
    "causal_link": "establishing a causal link",
    "material": "determining that it is material",
    "classified_major": "classifying it as major",
    "fix_available": "a fix is available",
    "ransom_paid": "paying a ransom",
    "authority_request": "an authority asked",
    "handled": "its handling ended",
    "resolved": "it was resolved",
    "reopened": "it was reopened",
}
_SINGULAR: Final[Mapping[Unit, str]] = {
    Unit.HOURS: "hour",
    Unit.DAYS: "day",
    Unit.WEEKS: "week",
    Unit.MONTHS: "month",
    Unit.BUSINESS_DAYS: "business day",
}
BASIS_WORDS: Final[Mapping[Basis, str]] = {
    Basis.STATUTE: "the text was read",
    Basis.SECONDARY: "secondary sources only",
    Basis.RECALLED: "as recalled: look it up",
}
STATUS_WORDS: Final[Mapping[Status, str]] = {
    Status.IN_FORCE: "in force",
    Status.PENDING: "not in effect yet",
    Status.NOT_IN_EFFECT: "not in effect",
    Status.DRAFT: "a draft, not in effect",
    Status.VOLUNTARY: "voluntary",
    Status.PROFILE: "no clock",
}
_NO_DATE_WORDS: Final[Mapping[NoDate, str]] = {
    NoDate.UNDUE_DELAY: "without undue delay",
    NoDate.ON_REQUEST: "on request",
}
Names = Mapping[str, str]
"""Stage id to the stage's name."""


def names_of(regime: Regime) -> Names:
    """Return what the stages are called."""
    return {stage.id: stage.name for stage in regime.stages}


def stage_words(stage: Stage, names: Names) -> tuple[str, ...]:
    """Return when a stage is due, a sentence's part for each of its periods."""
    if stage.no_date is None:
        return tuple(term_words(term, names) for term in stage.terms)
    after = _first_of(stage.anchors, names, "or")
    return (f"{_NO_DATE_WORDS[stage.no_date]}, after {after}; the law gives no date",)


def term_words(term: Term, names: Names) -> str:
    """Return a period in words."""
    if term.starts_when_due:
        return f"when “{names.get(term.starts_when_due, term.starts_when_due)}” is due"
    count = f"{term.length} {_SINGULAR[term.unit]}{'s' if term.length > 1 else ''}"
    words = f"{count} after {_started(term, names)}"
    words += "".join(f", if {_known(name, names)}" for name in term.when)
    words += "".join(f", unless {_known(name, names)}" for name in term.unless)
    if term.lapses_before:
        late = _known(term.lapses_before, names)
        words += f"; not counted when {late} only after its end"
    return words


def _started(term: Term, names: Names) -> str:
    if len(term.start) == 1:
        word = "the latest time of " if term.pick == Pick.LATEST else ""
        return f"{word}{after_words(term.start[0], names)}"
    which = "the last" if term.pick == Pick.LATEST else "the first"
    return f"{which} of: {_first_of(term.start, names, 'or')}"


def after_words(name: str, names: Names) -> str:
    """Return an anchor as what something comes after.

    >>> after_words("submitted:initial", {"initial": "Initial notification"})
    'submitting “Initial notification”'
    """
    if name.startswith(SUBMITTED):
        stage = name.removeprefix(SUBMITTED)
        return f"submitting “{names.get(stage, stage)}”"
    return _AFTER.get(name, name)


def _known(name: str, names: Names) -> str:
    """Return an anchor as a condition: it is known."""
    if name.startswith(SUBMITTED):
        stage = name.removeprefix(SUBMITTED)
        return f"“{names.get(stage, stage)}” was submitted"
    return f"there is an instant of “{name.replace('_', ' ')}”"


def _first_of(anchors: Sequence[str], names: Names, word: str) -> str:
    """Join what things come after: a, b or c."""
    *others, last = (after_words(name, names) for name in anchors)
    return f"{', '.join(others)} {word} {last}" if others else last


def rule_words(stage: Stage) -> tuple[str, str]:
    """Return where the law's own rule of extension stands, and what it does.

    Both are empty where a file declares none: then the latest date is not known.
    """
    if not stage.statutory:
        return "", ""
    if stage.statutory == "as_counted":
        return "No holiday rule moves it", _as_counted_words(stage)
    first, _, rest = (RULES[stage.statutory].__doc__ or "").strip().partition("\n")
    where, _, what = first.partition(": ")
    return where.rstrip("."), " ".join([what, *rest.split()]).strip()


def _as_counted_words(stage: Stage) -> str:
    units = {term.unit for term in stage.terms}
    if units <= {Unit.HOURS}:
        return "an hour is an elapsed hour, on any day."
    if units <= {Unit.BUSINESS_DAYS}:
        return "the days that do not count are left out in counting."
    return "it ends on the day that is counted, whatever day that is."


def delay_words(delay: Delay) -> str:
    """Return what it does to a date."""
    if delay.kind == DelayKind.NOTICE:
        until = (
            "only before the limit has passed" if delay.is_before_limit else "always"
        )
        return f"moves no date; taken {until}"
    if delay.suspends:
        return "suspends the duty: both dates move"
    return "moves the latest date only; alarms keep to the earliest"


def grant_words(grant: Grant) -> str:
    """Return who extends a period and by how much.

    >>> grant_words(Grant("the Attorney General", days=30))
    'up to 30 days, granted by the Attorney General'
    """
    if not grant.days:
        return f"for the time that it names, granted by {grant.by}"
    return f"up to {grant.days} days, granted by {grant.by}"


def anchors_of(regime: Regime) -> tuple[str, ...]:
    """Return every instant that any stage of a regime asks for, each once."""
    names = [name for stage in regime.stages for name in _asked(stage)]
    if _CAN_BE_UNDONE & set(names):
        names.append(REOPENED)
    return tuple(dict.fromkeys(names))


def _asked(stage: Stage) -> list[str]:
    found = list(stage.ends)
    for term in stage.terms:
        found += [*term.start, *term.when, *term.unless]
        found += [term.lapses_before] if term.lapses_before else []
    # Own submissions last: the instants of the incident come first.
    return sorted(found, key=lambda name: name.startswith(SUBMITTED))
