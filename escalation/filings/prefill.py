"""Propose answers from what the incident and its time record know. Free of Django.

A proposal saves typing and decides nothing: the author reads and changes it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from escalation.filings.sections import Section


@dataclass(frozen=True, slots=True)
class Known:
    """What an incident knows; `instants` are {name: instant} of its time record.

    `days` are those of which only the day is known, as they were written.
    """

    ref: str
    title: str
    description: str
    category: str
    severity: str
    organisation: str
    facts: Mapping[str, str] = field(default_factory=dict)
    instants: Mapping[str, datetime] = field(default_factory=dict)
    days: Mapping[str, str] = field(default_factory=dict)


def prefilled(sections: Sequence[Section], known: Known) -> tuple[Section, ...]:
    """Return the sections with an answer wherever the incident has one."""
    return tuple(
        Section(s.field, proposal(s.field, known), audience=s.audience)
        if not s.is_answered
        else s
        for s in sections
    )


def proposal(name: str, known: Known) -> str:
    r"""Return an answer to a field from its words, empty where nothing is known.

    >>> proposal("Short and plain statement", Known("INC-1", "T", "D", "", "", ""))
    'T\n\nD'
    """
    for words, answer in _ANSWERS:
        if words.search(name):
            return answer(known)
    return ""


def _statement(known: Known) -> str:
    return "\n\n".join(part for part in (known.title, known.description) if part)


def _severity(known: Known) -> str:
    return "\n".join(part for part in (known.severity, known.category) if part)


def _times(*names: str) -> Callable[[Known], str]:
    def answer(known: Known) -> str:
        lines = [
            f"{_TIMES[name]}: {_written(known, name)}"
            for name in names
            if name in known.instants
        ]
        return "\n".join(lines)

    return answer


def _fact(name: str) -> Callable[[Known], str]:
    return lambda known: known.facts.get(name, "")


def _written(known: Known, name: str) -> str:
    # In UTC a day elsewhere would begin on another day.
    if name in known.days:
        return f"{known.days[name]} (only the day is known)"
    return f"{known.instants[name].astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


_TIMES: Final = {
    "occurred": "Occurred",
    "detected": "Detected",
    "aware": "Became aware",
    "determined": "Determined to be reportable",
    "classified_major": "Classified as major",
    "reasonable_belief": "Reasonable belief",
    "resolved": "Resolved",
}

# The first that fits the field's words answers it.
_ANSWERS: Final[tuple[tuple[re.Pattern[str], Callable[[Known], str]], ...]] = tuple(
    (re.compile(words, re.IGNORECASE), answer)
    for words, answer in (
        (r"^reference$", lambda known: known.ref),
        (r"internal use", _fact("internal_use")),
        (r"malicious|unlawful", _fact("intent")),
        (r"member states|jurisdiction|countries|^where$", _fact("jurisdictions")),
        (r"model involved|models involved|the product|system$", _fact("models")),
        (
            r"times? of detection|detection and of classification",
            _times("detected", "classified_major"),
        ),
        (r"known to be reportable", _times("aware", "determined")),
        (r"occurrence and of recovery", _times("occurred", "resolved")),
        (
            r"^date$|date or range of the incident|start and end",
            _times("occurred", "detected"),
        ),
        (r"severity", _severity),
        (r"^classification$|type of incident", lambda known: known.category),
        (
            r"statement|description|nature|what happened|chain of events|facts",
            _statement,
        ),
    )
)
