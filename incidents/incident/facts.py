"""List what is known of an incident beside its title, for the reader's side."""

from typing import Any

from incidents.incident.facets import FACETS, Facet
from incidents.incident.models import Acknowledgement
from incidents.incident.panels import Seen
from incidents.incident.rendering import shown_acknowledgements
from incidents.ledger.party_key import short

_DANGER = {True: "Yes", False: "No", None: "Not known"}
_TIMES = (
    ("Occurred", "occurred_at"),
    ("Detected", "detected_at"),
    ("Aware", "aware_at"),
    ("Opened", "opened_at"),
    ("Resolved", "resolved_at"),
)

Fact = dict[str, Any]


def facts_of(seen: Seen) -> list[Fact]:
    """Return {label, value} or {label, at} in the order in which they are shown."""
    incident = seen.incident
    facts = [
        _fact("Category", incident.get_category_display()),
        _fact("Anyone in danger?", _DANGER[incident.is_danger]),
    ]
    if seen.is_owner:
        facts += _inner(seen)
    facts += [
        {"label": label, "at": moment}
        for label, name in _TIMES
        if (moment := getattr(incident, name))
    ]
    return [*facts, *_acknowledgements(seen), *_facets(seen)]


def _fact(label: str, value: object) -> Fact:
    return {"label": label, "value": value}


def _inner(seen: Seen) -> list[Fact]:
    """Return what stays inside the owner: who filed it, and where alerts come from."""
    incident, facts = seen.incident, []
    if incident.reported_by:
        facts.append(_fact("Filed by", str(incident.reported_by)))
    if incident.source:
        facts.append(_fact("Source", incident.source.name))
    return facts


def _acknowledgements(seen: Seen) -> list[Fact]:
    rows = seen.incident.acknowledgements.filter(ended_at=None)
    rows = rows.select_related("organisation", "user").order_by("pk")
    mine = set(seen.side_ids)
    facts = []
    for row in shown_acknowledgements(seen.incident, rows, mine):
        is_named = row.organisation_id in mine and row.user
        by = f"{row.user}, {row.organisation}" if is_named else str(row.organisation)
        said = f"{by}, {row.at:%-d %b, %H:%M} UTC; {_signed(row)}"
        facts.append(_fact("Acknowledged", said))
    return facts


def _signed(row: Acknowledgement) -> str:
    if row.signed_at is None:
        return "not signed"
    return f"signed, key {short(row.signed_by_key)}"


def _facets(seen: Seen) -> list[Fact]:
    known = seen.incident.facts
    return [
        _fact(facet.name, _facet_value(facet, known[facet.key]))
        for facet in FACETS
        if known.get(facet.key)
    ]


def _facet_value(facet: Facet, value: object) -> str:
    names = {choice.value: choice.name for choice in facet.choices}
    values = value if isinstance(value, list) else [value]
    return ", ".join(names.get(str(item), str(item)) for item in values)
