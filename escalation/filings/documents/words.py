"""The words that every form of a filing uses for values that the code knows by key."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from escalation.filings.documents.document import (
    FilingDocument,
    IncidentFacts,
    SectionState,
)
from incidents.incident.facets import FACETS
from incidents.incident.severity import severity_at
from incidents.incident.taxonomy import CATEGORIES

BASIS_WORDS: Final = {
    "statute": "the text of the law",
    "secondary": "secondary sources",
    "recalled": "memory, not yet checked",
}
STATE_WORDS: Final = {
    SectionState.ANSWERED: "Answered",
    SectionState.NOT_YET_KNOWN: "Not yet known",
    SectionState.MISSING: "Not answered",
}
_CATEGORY_NAMES: Final = {category.code: category.name for category in CATEGORIES}
_FACETS: Final = {facet.key: facet for facet in FACETS}


def utc_text(at: datetime) -> str:
    """Write an instant in UTC, to the second.

    >>> utc_text(datetime(2026, 11, 27, 3, 4, 5, tzinfo=UTC))
    '2026-11-27 03:04:05 UTC'
    """
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def zoned_text(at: datetime, zone: str) -> str:
    """Write an instant in UTC and, where that differs, as the clocks of `zone` show it."""
    local = at.astimezone(ZoneInfo(zone))
    if not local.utcoffset():
        return utc_text(at)
    return f"{utc_text(at)} ({local:%Y-%m-%d %H:%M:%S%z} in {zone})"


def rfc3339(at: datetime) -> str:
    """Write an instant as RFC 3339 does, in UTC, to the microsecond if it has any.

    >>> rfc3339(datetime(2026, 11, 27, 3, 4, 5, tzinfo=UTC))
    '2026-11-27T03:04:05Z'
    """
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def state_words(document: FilingDocument) -> str:
    """Return the filing's state as people read it."""
    return _words(document.state).capitalize()


def category_words(code: str) -> str:
    """Return a category's code and name."""
    return f"{code} {_CATEGORY_NAMES.get(code, '')}".strip()


def severity_words(level: int) -> str:
    """Return a level's number and name."""
    return f"{level} {severity_at(level).name}"


def facet_words(incident: IncidentFacts) -> Iterator[tuple[str, str]]:
    """Yield each facet's question and its answer, in the order of the taxonomy."""
    for key in [*(k for k in _FACETS if k in incident.facets), *_others(incident)]:
        value = incident.facets[key]
        values = (value,) if isinstance(value, str) else value
        facet = _FACETS.get(key)
        names = {c.value: c.name for c in facet.choices} if facet else {}
        answer = "; ".join(names.get(one, one) for one in values)
        yield (facet.name if facet else _words(key).capitalize()), answer


def _others(incident: IncidentFacts) -> list[str]:
    return sorted(key for key in incident.facets if key not in _FACETS)


def _words(key: str) -> str:
    return key.replace("_", " ").replace("-", " ")
