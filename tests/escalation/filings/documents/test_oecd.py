"""The seven mandatory criteria are all there, known or not."""

import json
from dataclasses import replace

import pytest

from escalation.filings.documents.oecd import as_oecd
from incidents.ledger.canonical import parse_canonical
from tests.escalation.filings.documents.making import INCIDENT, NAME, document


def criteria(**changes):
    made = document(incident=replace(INCIDENT, **changes))
    found = json.loads(as_oecd(made))["criteria"]
    return {one["criterion"]: one for one in found}


def test_the_mandatory_criteria_are_there():
    assert list(criteria()) == [1, 2, 3, 4, 7, 10, 11]
    assert all(one["is_mandatory"] for one in criteria().values())


def test_form_is_canonical_and_named():
    found = parse_canonical(as_oecd(document()))
    assert found["schema"] == "tocsin.oecd/1"
    assert found["confidentiality"] == "Art. 78 of Regulation (EU) 2024/1689"


def test_what_the_incident_knows_is_answered():
    found = criteria(
        facets={"actor": "ai", "models": "Aurora 4", "harm": ("physical",)}
    )
    assert found[1]["value"] == "A model left its evaluation sandbox"
    assert found[3]["value"] == (
        "SXF Model left its sandbox\nAn AI system acted by itself.\nModels: Aurora 4"
    )
    assert found[4]["value"] == "Aurora Labs"
    assert found[11]["value"] == ["physical"]
    assert {one["state"] for n, one in found.items() if n != 10} == {"answered"}


def test_what_the_incident_does_not_know_says_so():
    found = criteria(description="", facets={"actor": "unknown"}, severity=3)
    assert {n: one["state"] for n, one in found.items()} == {
        1: "answered",
        2: "not_yet_known",
        3: "not_yet_known",
        4: "answered",
        7: "answered",
        10: "not_yet_known",
        11: "not_yet_known",
    }
    assert found[10]["reason"] == "Whether harm was done is not recorded."
    assert not any("value" in found[n] for n in (2, 3, 10, 11))


@pytest.mark.parametrize(
    ("level", "outcome", "word"),
    [
        (1, "incident", "hazard"),
        (2, "incident", "incident"),
        (2, "near-miss", "hazard"),
        (3, "incident", "serious incident"),
        (3, "hazard", "serious hazard"),
        (4, "", "serious incident"),
        (5, "hazard", "disaster"),
    ],
)
def test_severity_takes_the_words_of_the_framework(level, outcome, word):
    facets = {"outcome": outcome} if outcome else {}
    assert criteria(severity=level, facets=facets)[10]["value"] == word


def test_an_observation_is_neither_hazard_nor_incident():
    found = criteria(severity=0)[10]
    assert found["reason"] == "An observation: neither hazard nor incident."


def test_further_criteria_have_no_number_that_nobody_checked():
    further = json.loads(as_oecd(document()))["further"]
    assert not any("criterion" in one for one in further)
    states = {one["name"]: one["state"] for one in further}
    assert (states["Occurred"], states["Resolved"]) == ("answered", "not_yet_known")


def test_an_incident_of_which_only_the_name_is_known_knows_little():
    found = json.loads(as_oecd(document(incident=NAME)))["criteria"]
    states = {one["criterion"]: one["state"] for one in found}
    assert [n for n, state in states.items() if state == "answered"] == [1, 4, 7]
