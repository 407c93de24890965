"""The packet for filing by hand: what is in it, and that it can be checked."""

import hashlib
import io
import zipfile

import pytest

from escalation.filings.documents.csv_form import as_csv
from escalation.filings.documents.document import Due, Section
from escalation.filings.documents.json_form import as_json
from escalation.filings.documents.packet import as_packet
from escalation.filings.documents.pdf import render_pdf
from escalation.filings.documents.stix import as_stix
from tests.escalation.filings.documents.making import document
from tests.escalation.filings.documents.reading import text_of


def files(made):
    with zipfile.ZipFile(io.BytesIO(as_packet(made))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def readme(made):
    return files(made)["README.txt"].decode()


def test_packet_holds_each_form_of_the_filing():
    found = files(document())
    assert list(found) == [
        "FIL-3F8Z6Q1WKD-v2.pdf",
        "FIL-3F8Z6Q1WKD-v2.json",
        "FIL-3F8Z6Q1WKD-v2.csv",
        "README.txt",
        "SHA256SUMS",
    ]
    assert found["FIL-3F8Z6Q1WKD-v2.pdf"] == render_pdf(document())
    assert found["FIL-3F8Z6Q1WKD-v2.json"] == as_json(document())
    assert found["FIL-3F8Z6Q1WKD-v2.csv"] == as_csv(document())


def test_packet_is_the_same_for_the_same_document():
    assert as_packet(document()) == as_packet(document())


def test_sums_are_those_of_the_files():
    found = files(document())
    lines = found.pop("SHA256SUMS").decode().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert sums == {n: hashlib.sha256(data).hexdigest() for n, data in found.items()}
    text = found["README.txt"].decode()
    for name in list(found)[:3]:
        assert f"{name}\n  {sums[name]}" in text


def test_readme_says_what_to_type_where():
    text = readme(document())
    assert text.startswith("TLP:AMBER+STRICT\nConfidentiality: Art. 78 of Regulation")
    assert "Due: 2026-07-18 21:05:12 UTC" in text
    assert (
        "[1] Start and end, or the best approximations\n\n9 to 13 July 2026\n" in text
    )
    assert "[3] Chain of events\n\nNot yet known: Logs are being read.\n" in text
    assert "The clock stops only then" in text
    assert "This is not legal advice." in text


def test_readme_names_what_is_still_missing():
    assert "STILL MISSING" in readme(document())
    assert "  - Model involved\n" in readme(document())
    whole = document(sections=(Section("A", "b"),))
    assert "STILL MISSING" not in readme(whole)


def test_readme_of_a_duty_without_a_date_says_why():
    made = document(due=Due(flags=("the law gives no date",)))
    assert "Due: no date. the law gives no date" in readme(made)


def test_answers_are_exact_in_the_readme():
    answer = "=1+1 漢\u202e #x"
    assert answer in readme(document(sections=(Section("A", answer),)))


def test_what_is_known_so_far_is_in_every_form():
    made = document(sections=(Section("A", "3 of 5 hosts", True, "Logs are read."),))
    said = "Not yet known: Logs are read.\n\nKnown so far: 3 of 5 hosts\n"
    assert said in readme(made)
    assert "Known so far: 3 of 5 hosts" in text_of(render_pdf(made))
    assert "Known so far: 3 of 5 hosts" in as_stix(made).decode()


@pytest.mark.parametrize(
    ("state", "is_to_file"),
    [("draft", False), ("in_review", False), ("withdrawn", False), ("approved", True)],
)
def test_readme_of_what_is_not_approved_says_so(state, is_to_file):
    text = readme(document(state=state))
    assert ("DO NOT FILE THIS: version 2 is not approved." not in text) is is_to_file
