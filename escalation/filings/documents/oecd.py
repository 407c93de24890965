"""Write what a filing tells of its incident as the OECD's common framework asks it.

The framework of February 2025 has 29 criteria, seven of them mandatory; those stand here
under their numbers. What the incident does not know is there all the same and says so. The
framework publishes no file format: this one is our own, under a name of our own.

Source: OECD, Towards a common reporting framework for AI incidents (2025).
"""

from collections.abc import Iterator
from typing import Any, Final

from escalation.filings.documents.document import FilingDocument, IncidentFacts
from escalation.filings.documents.words import category_words, rfc3339
from incidents.incident.tlp import parse_tlp
from incidents.ledger.canonical import canonical_json

SCHEMA: Final = "tocsin.oecd/1"

# Harm that nobody came to is a hazard, whatever the level. Source: own proposal.
_SEVERITY: Final = {
    (1, ""): "hazard",
    (2, "incident"): "incident",
    (2, "hazard"): "hazard",
    (2, "near-miss"): "hazard",
    (3, "incident"): "serious incident",
    (3, "hazard"): "serious hazard",
    (3, "near-miss"): "serious hazard",
    (4, ""): "serious incident",
    (5, ""): "disaster",
}
_HARMS: Final = {
    "physical": "physical",
    "psychological": "psychological",
    "rights": "human or fundamental rights",
    "economic": "economic or property",
    "environment": "environmental",
    "reputation": "reputational",
    "public-interest": "public interest or critical infrastructure",
}

Criterion = dict[str, Any]


def as_oecd(document: FilingDocument) -> bytes:
    """Return the criteria as canonical JSON in UTF-8. Raises NotCanonical."""
    return canonical_json(
        {
            "schema": SCHEMA,
            "framework": "OECD common reporting framework for AI incidents, 2025",
            "reference": document.reference,
            "version": document.version,
            "made_at": rfc3339(document.made_at),
            "tlp": parse_tlp(document.tlp).label,
            "confidentiality": document.confidentiality_line,
            "criteria": list(_mandatory(document)),
            "further": list(_further(document.incident)),
        }
    )


def _mandatory(document: FilingDocument) -> Iterator[Criterion]:
    incident = document.incident
    yield _criterion(1, "Title", incident.title)
    yield _criterion(2, "Description", incident.description)
    yield _criterion(3, "How the AI system is related", _relation(incident))
    yield _criterion(4, "Submitter", document.organisation)
    yield _criterion(7, "Supporting material", _material(document))
    yield _criterion(10, "Severity", *_severity(incident))
    yield _criterion(11, "Types of harm", _harms(incident))


def _further(incident: IncidentFacts) -> Iterator[Criterion]:
    for name, at in (
        ("Occurred", incident.occurred_at),
        ("Detected", incident.detected_at),
        ("Became known", incident.aware_at),
        ("Resolved", incident.resolved_at),
    ):
        yield _said({"name": name}, rfc3339(at) if at else "")
    for name, key in (
        ("AI models", "models"),
        ("Countries", "jurisdictions"),
        ("Intent", "intent"),
        ("Stage of the AI system's life", "timing"),
    ):
        yield _said({"name": name}, _facet(incident, key))


def _criterion(
    number: int, name: str, value: str | list[str], reason: str = ""
) -> Criterion:
    named = {"criterion": number, "name": name, "is_mandatory": True}
    return _said(named, value, reason)


def _said(named: Criterion, value: str | list[str], reason: str = "") -> Criterion:
    if value:
        return named | {"state": "answered", "value": value}
    missing = named | {"state": "not_yet_known"}
    return missing | {"reason": reason} if reason else missing


def _relation(incident: IncidentFacts) -> str:
    actor = {
        "ai": "An AI system acted by itself.",
        "human": "People acted through or on an AI system.",
        "both": "People and an AI system acted together.",
    }.get(_facet(incident, "actor"), "")
    models = _facet(incident, "models")
    parts = [category_words(incident.category), actor, models and f"Models: {models}"]
    # The category alone names a kind, not a relation.
    return "\n".join(part for part in parts if part) if actor or models else ""


def _material(document: FilingDocument) -> list[str]:
    law = document.law
    return [
        f"Filing {document.reference}, version {document.version}",
        f"Incident {document.incident.ref}",
        f"{law.name}, {law.citation}: {law.source_url}",
    ]


def _severity(incident: IncidentFacts) -> tuple[str, str]:
    """Return the framework's word, or why there is none yet."""
    outcome = _facet(incident, "outcome")
    level = incident.severity
    if level is None:
        return "", ""
    word = _SEVERITY.get((level, "")) or _SEVERITY.get((level, outcome), "")
    if word:
        return word, ""
    if level == 0:
        return "", "An observation: neither hazard nor incident."
    return "", "Whether harm was done is not recorded."


def _harms(incident: IncidentFacts) -> list[str]:
    harms = incident.facets.get("harm", ())
    named = (harms,) if isinstance(harms, str) else harms
    return [_HARMS.get(harm, harm) for harm in named]


def _facet(incident: IncidentFacts, key: str) -> str:
    value = incident.facets.get(key, "")
    text = value if isinstance(value, str) else "; ".join(value)
    return "" if text == "unknown" else text
