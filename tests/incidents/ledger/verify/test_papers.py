import hashlib
import subprocess
import sys

import pytest

from incidents.ledger.bundle import write_bundle
from incidents.ledger.verifier_file import build
from incidents.ledger.verify.__main__ import main
from incidents.ledger.version import VERSION
from tests.incidents.ledger.report.told import Read, told_bundle
from tests.incidents.ledger.simulated_log import POLICY, POLICY_TEXT, small_log


@pytest.fixture
def place(tmp_path):
    (tmp_path / "policy").write_text(POLICY_TEXT)
    write(tmp_path, told_bundle())
    return tmp_path


def write(place, bundle):
    with (place / "b.zip").open("w+b") as file:
        return write_bundle(file, bundle)


def run(place, *more):
    return main([str(place / "b.zip"), str(place / "policy"), *map(str, more)])


def test_report_tells_what_was_verified(place):
    assert run(place, "--report", place / "page.html") == 0
    text = Read((place / "page.html").read_text()).text
    assert text[text.index("Verifier: VERIFIED") + 1] == "No findings."
    assert "Weights copied (entry 1)" in text


def test_certificate_is_filled_in_by_what_was_verified(place):
    manifest = write(place, told_bundle())
    run(place, "--certificate", place / "form.txt")
    lines = (place / "form.txt").read_text().splitlines()
    rows = {line[4:22].strip(): line[22:] for line in lines}
    assert (rows["Incident"], rows["Entries"]) == ("INC-4TB0GPP7X2", "1 to 10")
    assert (rows["Manifest"], rows["Policy"]) == (manifest, POLICY.fingerprint())
    said = " ".join(line.strip() for line in lines)
    assert f"with tocsin-verify, version {VERSION}, by a policy" in said
    assert "It reported: VERIFIED." in said


def test_rejected_bundle_gives_no_papers(place):
    write(place, small_log().bundle(completeness=None))
    papers = place / "page.html", place / "form.txt"
    assert run(place, "--report", papers[0], "--certificate", papers[1]) == 1
    assert [path.exists() for path in papers] == [False, False]


def test_older_page_is_not_taken_for_this_one(place, capsys):
    page = place / "page.html"
    page.write_text("All is well")
    assert run(place, "--report", page) == 2
    assert capsys.readouterr().err == f"{page} is there already; name a new file\n"
    assert page.read_text() == "All is well"


def test_certificate_names_the_program_that_verified(place):
    digest = build(place / "verify.pyz")
    command = [sys.executable, place / "verify.pyz", place / "b.zip", place / "policy"]
    more = ["--certificate", place / "form.txt"]
    subprocess.run([*command, *more], capture_output=True, check=True)
    assert hashlib.sha256((place / "verify.pyz").read_bytes()).hexdigest() == digest
    assert f"    Program           {digest}" in (place / "form.txt").read_text()
