"""Read the search queries of Opsgenie's Alert API, as far as they are answered here.

Terms of one field and one value that all must hold; each may be turned round by NOT:

>>> parse_query('status: open AND NOT tag = "on call" priority:P1')
[Term(field='status', value='open', is_not=False), Term(field='tag', value='on call', \
is_not=True), Term(field='priority', value='p1', is_not=False)]

What is not understood is refused, for a query that is widened in silence finds too much.
Source: https://support.atlassian.com/opsgenie/docs/search-queries-for-alerts/
"""

import re
from dataclasses import dataclass
from typing import Final

# In these the case of letters counts.
_AS_WRITTEN: Final = ("alias",)
FIELDS: Final = (
    "status",
    "priority",
    "tag",
    "alias",
    "message",
    "acknowledged",
    "entity",
    "source",
    "tinyId",
)
MAX_TERMS: Final = 20
_NAMES: Final = {
    **{field.lower(): field for field in FIELDS},
    "tags": "tag",
    "tinyid": "tinyId",
}
_TERM: Final = re.compile(
    r"\s*(?:AND\s+)?(?P<no>NOT\s+)?(?P<field>[A-Za-z]+)\s*[:=]\s*"
    r"(?:\"(?P<quoted>[^\"]*)\"|(?P<plain>[^\s\"()]+))",
)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. The value is in small letters where case does not count."""

    field: str
    value: str
    is_not: bool = False


def parse_query(text: str) -> list[Term]:
    """Return the terms of a query. Raises ValueError, whose text names the part."""
    terms: list[Term] = []
    place = 0
    while text[place:].strip():
        found = _TERM.match(text, place)
        field = _NAMES.get(found["field"].lower()) if found else None
        if found is None or field is None:
            part = text[place:].strip()[:60]
            raise ValueError(
                f"{part!r} is not understood here. Write field: value, joined by AND; "
                f"fields are {', '.join(FIELDS)}."
            )
        value = found["plain"] if found["quoted"] is None else found["quoted"]
        told = value if field in _AS_WRITTEN else value.lower()
        terms.append(Term(field, told, bool(found["no"])))
        place = found.end()
    if len(terms) > MAX_TERMS:
        raise ValueError(f"It has {len(terms)} terms; write at most {MAX_TERMS}.")
    return terms
