"""Write a filing as a STIX 2.1 bundle: the incident with the core extension, and the report.

Severity becomes *criticality*; what nobody has determined stays *suspected*. Both marks
travel on every object: the TLP 2.0 label and the legal basis of confidentiality. Ids are
made from references, so the same incident has the same id in every bundle.

Source: STIX 2.1 (OASIS); Incident Core Extension 2.0, draft of 10 October 2023; TLP 2.0
marking definitions of the OASIS common object repository.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

import stix2

from escalation.duties.anchor_words import words_of
from escalation.filings.documents.document import (
    FilingDocument,
    IncidentFacts,
    SectionState,
)
from escalation.filings.documents.words import STATE_WORDS
from incidents.incident.tlp import Tlp, parse_tlp

INCIDENT_CORE: Final = "extension-definition--ef765651-680c-498d-9894-99799f2fa126"
TLP_2_0: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_MARKINGS: Final = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
# The middle of each level's range. Source: own proposal.
CRITICALITY: Final = {0: 5, 1: 20, 2: 40, 3: 62, 4: 82, 5: 95}
# Ours: ids of version 5 need a namespace that is not the one of observables.
_NAMESPACE: Final = UUID("2d513ab6-3c73-534e-97d3-f8ce998fa2e4")
_DETERMINATIONS: Final = frozenset(
    {"suspected", "confirmed", "blocked", "failed-attempt", "false-positive"}
)
# Of what has neither a beginning nor versions: organisations and the words of a law.
_SINCE: Final = "2026-01-01T00:00:00.000Z"
_FIDELITY: Final = {"day": "day", "minute": "minute"}
# Where the status is not told, work goes on: a filing is part of it.
_INVESTIGATION: Final = {
    "": "open",
    "open": "new",
    "acknowledged": "open",
    "resolved": "closed",
    "merged": "closed",
}

Object = dict[str, Any]


def as_stix(document: FilingDocument) -> bytes:
    """Return the filing as a bundle in UTF-8, read back once by the library.

    Raises a subclass of stix2.exceptions.STIXError for what the standard refuses.
    """
    bundle = {
        "type": "bundle",
        "id": _id("bundle", document.file_stem, _time(document.made_at)),
        "objects": list(_objects(document)),
    }
    parsed = stix2.parse(bundle)
    text: str = parsed.serialize(pretty=False, sort_keys=True, ensure_ascii=False)
    return text.encode()


def _objects(document: FilingDocument) -> Iterator[Object]:
    marks = list(_markings(document))
    yield from marks
    common = {
        "spec_version": "2.1",
        "created_by_ref": _identity_id(document.organisation),
        "object_marking_refs": [mark["id"] for mark in marks],
    }
    for name in dict.fromkeys((document.organisation, document.recipient)):
        yield _identity(name, common)
    yield _incident(document, common)
    yield _note(document, common)
    yield _report(document, common)


def _markings(document: FilingDocument) -> Iterator[Object]:
    tlp = parse_tlp(document.tlp)
    yield {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_MARKINGS[tlp],
        "created": "2022-10-01T00:00:00.000Z",
        "name": tlp.label,
        "extensions": {
            TLP_2_0: {"extension_type": "property-extension", "tlp_2_0": tlp.lower()}
        },
    }
    if document.confidentiality:
        yield {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": _id("marking-definition", document.confidentiality),
            "created": _SINCE,
            "definition_type": "statement",
            "definition": {"statement": document.confidentiality},
        }


def _identity(name: str, common: Object) -> Object:
    return common | {
        "type": "identity",
        "id": _identity_id(name),
        "created": _SINCE,
        "modified": _SINCE,
        "name": name,
        "identity_class": "organization",
    }


def _incident(document: FilingDocument, common: Object) -> Object:
    incident = document.incident
    found = common | {
        "type": "incident",
        "id": _id("incident", incident.ref),
        "created": _time(incident.opened_at),
        "modified": _time(max(incident.as_of or document.made_at, incident.opened_at)),
        "name": incident.title,
        "lang": document.language,
        "labels": _labels(incident),
        "external_references": [_own_reference(incident.ref)],
        "extensions": {INCIDENT_CORE: _core(document)},
    }
    if incident.description:
        found["description"] = incident.description
    return found


def _core(document: FilingDocument) -> Object:
    incident = document.incident
    determination = incident.facets.get("determination")
    core: Object = {
        "extension_type": "property-extension",
        "determination": (
            determination if determination in _DETERMINATIONS else "suspected"
        ),
        "investigation_status": _INVESTIGATION[incident.status],
    }
    if incident.severity is not None:
        core["criticality"] = CRITICALITY[incident.severity]
    if recoverability := incident.facets.get("recoverability"):
        core["recoverability"] = recoverability
    return core


def _note(document: FilingDocument, common: Object) -> Object:
    return common | {
        "type": "note",
        "id": _note_id(document),
        "created": _time(document.made_at),
        "modified": _time(document.made_at),
        "abstract": document.stage_name,
        "lang": document.language,
        "content": _content(document),
        "object_refs": [_id("incident", document.incident.ref)],
    }


def _content(document: FilingDocument) -> str:
    parts = [*_answers(document), *_times(document)]
    return "\n\n".join(parts) or "No field is asked for."


def _answers(document: FilingDocument) -> Iterator[str]:
    for section in document.sections:
        if section.state == SectionState.ANSWERED:
            yield f"{section.field}:\n{section.answer}"
        else:
            said = ": ".join(p for p in (STATE_WORDS[section.state], section.said) if p)
            yield f"{section.field}:\n[{said}]"


def _times(document: FilingDocument) -> Iterator[str]:
    """Yield the time record with the extension's words for how exactly it is known.

    The draft would have an object of the type *event* hold a time, which readers that
    hold to the standard refuse.
    """
    for row in document.anchors:
        fidelity = _FIDELITY.get(row.precision, "second")
        yield f"{words_of(row.name)}: {_time(row.at)} (fidelity: {fidelity})"


def _report(document: FilingDocument, common: Object) -> Object:
    return common | {
        "type": "report",
        "id": _id("report", document.reference, document.recipient),
        "created": _time(document.incident.opened_at),
        "modified": _time(max(document.made_at, document.incident.opened_at)),
        "name": f"{document.stage_name}: {document.reference}",
        "description": f"{document.law.name}, {document.law.citation}",
        "lang": document.language,
        "published": _time(document.submitted_at or document.made_at),
        "object_refs": [
            _id("incident", document.incident.ref),
            _note_id(document),
            _identity_id(document.recipient),
        ],
        "external_references": [
            _own_reference(document.reference),
            {
                "source_name": document.law.name,
                "url": document.law.source_url,
                "description": f"verified on {document.law.verified_on.isoformat()}",
            },
        ],
    }


def _labels(incident: IncidentFacts) -> list[str]:
    harms = incident.facets.get("harm", ())
    named = (harms,) if isinstance(harms, str) else harms
    return [f"category:{incident.category}", *(f"harm:{harm}" for harm in named)]


def _own_reference(reference: str) -> Object:
    return {"source_name": "tocsin", "external_id": reference}


def _identity_id(name: str) -> str:
    return _id("identity", name)


def _note_id(document: FilingDocument) -> str:
    at = _time(document.made_at)
    return _id("note", document.file_stem, document.recipient, at)


def _id(kind: str, *names: str) -> str:
    return f"{kind}--{uuid5(_NAMESPACE, '/'.join((kind, *names)))}"


def _time(at: datetime) -> str:
    """Write an instant as STIX does: UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
