"""Write a filing as canonical JSON: one document, one byte form.

What is not known is said, never left to be guessed: a required field has a state, and a
date that there is not has no key.
"""

from typing import Any, Final

from escalation.filings.documents.document import (
    NOT_ADVICE,
    FilingDocument,
    IncidentFacts,
)
from escalation.filings.documents.words import rfc3339
from incidents.incident.tlp import parse_tlp
from incidents.ledger.canonical import canonical_json

SCHEMA: Final = "tocsin.filing/1"

Members = dict[str, Any]


def as_json(document: FilingDocument) -> bytes:
    """Return the filing as canonical JSON in UTF-8. Raises NotCanonical."""
    return canonical_json(members_of(document))


def members_of(document: FilingDocument) -> Members:
    """Return the members of the JSON form."""
    return _known(
        schema=SCHEMA,
        notice=NOT_ADVICE,
        reference=document.reference,
        version=document.version,
        state=document.state,
        amends=document.amends,
        language=document.language,
        made_at=rfc3339(document.made_at),
        organisation=document.organisation,
        recipient=document.recipient,
        tlp=parse_tlp(document.tlp).label,
        confidentiality=document.confidentiality,
        law=_law(document),
        stage=_known(id=document.stage_id, name=document.stage_name),
        sections=_sections(document),
        anchors=_anchors(document),
        due=_due(document),
        submitted_at=document.submitted_at,
        receipt_number=document.receipt_number,
        portal_reference=document.portal_reference,
        incident=_incident(document),
    )


def _law(document: FilingDocument) -> Members:
    law = document.law
    return _known(
        id=law.id,
        name=law.name,
        act=law.act,
        article=law.article,
        citation=law.citation,
        source_url=law.source_url,
        verified_on=law.verified_on.isoformat(),
        basis=law.basis,
        zone=law.zone,
        uncertain=list(law.uncertain),
    )


def _sections(document: FilingDocument) -> list[Members]:
    return [
        _known(
            field=section.field,
            state=section.state.value,
            answer=section.answer,
            is_not_yet_known=section.is_not_yet_known,
            reason=section.reason,
        )
        for section in document.sections
    ]


def _anchors(document: FilingDocument) -> list[Members]:
    return [
        _known(
            name=row.name,
            at=row.at,
            written=row.written,
            precision=row.precision,
            source=row.source,
        )
        for row in document.anchors
    ]


def _due(document: FilingDocument) -> Members:
    due = document.due
    return _known(
        operational=due.operational,
        statutory_latest=due.statutory_latest,
        rule=due.rule,
        flags=list(due.flags),
    )


def _incident(document: FilingDocument) -> Members:
    incident = document.incident
    return _known(
        ref=incident.ref,
        title=incident.title,
        description=incident.description,
        category=incident.category,
        severity=incident.severity,
        status=incident.status,
        facets=_facets(incident) or None,
        occurred_at=incident.occurred_at,
        detected_at=incident.detected_at,
        aware_at=incident.aware_at,
        opened_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        as_of=incident.as_of,
    )


def _facets(incident: IncidentFacts) -> list[Members]:
    return [
        {"name": name, "value": value if isinstance(value, str) else list(value)}
        for name, value in sorted(incident.facets.items())
    ]


def _known(**members: Any) -> Members:
    """Return the members that say something, instants written out."""
    said = {name: value for name, value in members.items() if value not in (None, "")}
    return {
        name: rfc3339(value) if hasattr(value, "astimezone") else value
        for name, value in said.items()
    }
