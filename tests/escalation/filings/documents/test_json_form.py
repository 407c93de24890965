"""The JSON has one byte form and says what is not known."""

import json

import pytest

from escalation.filings.documents.document import Due, Section
from escalation.filings.documents.json_form import as_json
from incidents.ledger.canonical import NotCanonical, parse_canonical
from tests.escalation.filings.documents.making import NAME, document


def test_json_is_canonical():
    data = as_json(document())
    assert json.loads(data) == parse_canonical(data)


def test_json_holds_everything_that_the_document_says():
    found = json.loads(as_json(document()))
    assert found["schema"] == "tocsin.filing/1"
    assert (found["reference"], found["version"]) == ("FIL-3F8Z6Q1WKD", 2)
    assert found["tlp"] == "TLP:AMBER+STRICT"
    assert found["law"]["verified_on"] == "2026-11-23"
    assert found["stage"]["id"] == "initial_cybersecurity_breach"
    assert found["due"] == {
        "operational": "2026-07-18T21:05:12Z",
        "statutory_latest": "2026-07-20T21:05:12Z",
        "rule": "5 days from model_involvement_aware",
        "flags": ["uncertain: calendar days"],
    }
    assert found["anchors"][1] == {
        "name": "discovered",
        "at": "2026-07-12T21:05:12Z",
        "written": "2026-07-12",
        "precision": "day",
        "source": "Minutes of the stand-up",
    }
    assert found["incident"]["facets"][1] == {
        "name": "harm",
        "value": ["economic", "rights"],
    }
    assert found["notice"].startswith("This is not legal advice.")


def test_sections_carry_their_state():
    found = json.loads(as_json(document()))["sections"]
    assert [(s["state"], s["is_not_yet_known"]) for s in found] == [
        ("answered", False),
        ("answered", False),
        ("not_yet_known", True),
        ("missing", False),
    ]
    assert found[2]["reason"] == "Logs are being read."


def test_what_there_is_not_has_no_key():
    made = document(due=Due(), submitted_at=None, amends="", receipt_number="")
    found = json.loads(as_json(made))
    assert found["due"] == {"flags": []}
    assert not {"submitted_at", "amends", "receipt_number"} & found.keys()


def test_text_is_exact():
    hostile = '\u202e"\\\x00漢\r\n'
    found = json.loads(as_json(document(sections=(Section("F", hostile),))))
    assert found["sections"][0]["answer"] == hostile


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(NotCanonical):
        as_json(document(sections=(Section("F", "\ud800"),)))


def test_an_incident_of_which_only_the_name_is_known_is_named():
    found = json.loads(as_json(document(incident=NAME)))["incident"]
    assert found == {
        "ref": "INC-7KQ2M9X4TB",
        "title": "A model left its evaluation sandbox",
        "category": "SXF",
        "opened_at": "2026-07-13T21:15:12Z",
    }
