"""What verifying costs in a browser: the page for officers who may install nothing."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from incidents.evidence.browser_page import page
from tests.benchmarks.figures import Row, verdict
from tests.benchmarks.running import Failed
from tests.benchmarks.verifying import filled, write
from tests.incidents.ledger.simulated_log import POLICY_TEXT
from tests.scenarios.browser import CHROMIUM, Chromium, Page

COUNT = 1000
MOST_SECONDS = 3
PATIENCE_SECONDS = 30
_RESULT = "document.getElementById('result').dataset"


def rows() -> Iterator[Row]:
    """Measure a bundle of a thousand entries in Chromium, as the page itself counts."""
    if CHROMIUM is None:
        return
    seconds = _measure()
    yield Row(
        what=f"verifying {COUNT:,} entries in a browser",
        reach=f"≤ {MOST_SECONDS} s",
        measured=f"{seconds:.1f} s: {verdict(seconds <= MOST_SECONDS)}",
        limit="—",
        ratio="—",
        how="Chromium, the page opened from a disk; deadlines compared",
    )


def _measure() -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "verify.html").write_bytes(page())
        write(filled(COUNT), folder / "bundle.zip")
        with Chromium(folder / "profile") as chromium:
            person = chromium.person(f"file://{folder}/").open("verify.html")
            person.attach("bundle", folder / "bundle.zip").fill("policy", POLICY_TEXT)
            return _verified(person)


def _verified(person: Page) -> float:
    person.run("document.getElementById('verify').click()")
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not person.run(f"{_RESULT}.ms"):
        if time.monotonic() > ends_at:
            raise Failed("the browser did not verify the bundle in time")
        time.sleep(0.05)
    code = person.run(f"{_RESULT}.code")
    # No witness bounds the first entries of a log from below, and that is a finding.
    if code != "VERIFIED_WITH_FINDINGS":
        raise Failed(f"the bundle was not verified: {code}")
    return int(str(person.run(f"{_RESULT}.ms"))) / 1000
