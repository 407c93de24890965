"""The bundle is STIX 2.1 that the library reads without leave for custom content."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import stix2

from escalation.filings.documents.stix import (
    CRITICALITY,
    INCIDENT_CORE,
    TLP_MARKINGS,
    as_stix,
)
from incidents.incident.tlp import Tlp
from tests.escalation.filings.documents.making import INCIDENT, NAME, NOW, document

# Source: taxonomy, severity table: what each level may become.
RANGES = {0: (0, 10), 1: (11, 29), 2: (30, 49), 3: (50, 74), 4: (75, 89), 5: (90, 100)}


def objects(made, kind):
    found = json.loads(as_stix(made))["objects"]
    return [one for one in found if one["type"] == kind]


def core(made):
    [incident] = objects(made, "incident")
    return incident["extensions"][INCIDENT_CORE]


def told(**changes):
    return document(incident=replace(INCIDENT, **changes))


def test_bundle_is_read_strictly():
    bundle = stix2.parse(as_stix(document()), allow_custom=False)
    assert [one["type"] for one in bundle.objects] == [
        "marking-definition",
        "marking-definition",
        "identity",
        "identity",
        "incident",
        "note",
        "report",
    ]


def test_incident_has_the_core_extension():
    assert core(document()) == {
        "extension_type": "property-extension",
        "determination": "confirmed",
        "investigation_status": "open",
        "criticality": 82,
        "recoverability": "supplemented",
    }


def test_what_nobody_determined_is_suspected():
    found = core(told(facets={}))
    assert found["determination"] == "suspected"
    assert "recoverability" not in found


@pytest.mark.parametrize(
    ("status", "investigation"),
    [
        ("open", "new"),
        ("acknowledged", "open"),
        ("resolved", "closed"),
        ("merged", "closed"),
    ],
)
def test_status_becomes_that_of_the_investigation(status, investigation):
    assert core(told(status=status))["investigation_status"] == investigation


@pytest.mark.parametrize("level", range(6))
def test_severity_becomes_a_criticality_within_its_range(level):
    low, high = RANGES[level]
    assert low <= CRITICALITY[level] <= high
    assert core(told(severity=level))["criticality"] == CRITICALITY[level]


@pytest.mark.parametrize("tlp", Tlp)
def test_every_object_carries_the_label_of_tlp_2(tlp):
    made = document(tlp=tlp.value, confidentiality="")
    [marking] = objects(made, "marking-definition")
    assert (marking["id"], marking["name"]) == (TLP_MARKINGS[tlp], tlp.label)
    [extension] = marking["extensions"].values()
    assert extension["tlp_2_0"] == tlp.value.lower()
    marked = [
        one["object_marking_refs"]
        for one in json.loads(as_stix(made))["objects"]
        if one["type"] != "marking-definition"
    ]
    assert marked == [[marking["id"]]] * 5


def test_basis_of_confidentiality_is_a_marking_too():
    _, statement = objects(document(), "marking-definition")
    assert statement["definition"] == {
        "statement": "Art. 78 of Regulation (EU) 2024/1689"
    }
    [incident] = objects(document(), "incident")
    assert incident["object_marking_refs"][1] == statement["id"]


def test_note_holds_the_answers_and_how_exactly_times_are_known():
    [note] = objects(document(), "note")
    assert note["abstract"] == "Initial report: cybersecurity breach"
    assert "Chain of events:\n[Not yet known: Logs are being read.]" in note["content"]
    assert "Model involved:\n[Not answered]" in note["content"]
    assert "Discovered: 2026-07-12T21:05:12.000Z (fidelity: day)" in note["content"]


def test_report_joins_the_incident_the_note_and_the_recipient():
    [report] = objects(document(), "report")
    [incident], [note] = objects(document(), "incident"), objects(document(), "note")
    _, recipient = objects(document(), "identity")
    assert recipient["name"] == "AI Office"
    assert report["object_refs"] == [incident["id"], note["id"], recipient["id"]]
    assert report["published"] == "2026-07-16T09:25:00Z"


def test_bundle_is_the_same_for_the_same_document():
    assert as_stix(document()) == as_stix(document())


def test_ids_of_incident_and_organisations_do_not_hang_on_the_filing():
    other = document(reference="FIL-0000000000", version=1, recipient="Cal OES")
    for kind in ("incident", "identity"):
        assert objects(other, kind)[0]["id"] == objects(document(), kind)[0]["id"]
    assert objects(other, "report")[0]["id"] != objects(document(), "report")[0]["id"]


def test_an_organisation_that_files_with_itself_is_there_once():
    assert len(objects(document(recipient="Aurora Labs"), "identity")) == 1


def test_an_empty_filing_is_a_bundle():
    made = document(sections=(), anchors=(), incident=replace(INCIDENT, description=""))
    [incident] = objects(made, "incident")
    assert "description" not in incident
    assert objects(made, "note")[0]["content"] == "No field is asked for."


def test_an_incident_of_which_only_the_name_is_known_has_no_criticality():
    assert core(document(incident=NAME)) == {
        "extension_type": "property-extension",
        "determination": "suspected",
        "investigation_status": "open",
    }


def test_incident_is_of_the_instant_at_which_it_was_told():
    [incident] = objects(told(as_of=NOW + timedelta(hours=1)), "incident")
    assert incident["modified"] == "2026-07-16T10:30:00.000Z"
    [note] = objects(told(as_of=NOW + timedelta(hours=1)), "note")
    assert note["modified"] == "2026-07-16T09:30:00.000Z"
