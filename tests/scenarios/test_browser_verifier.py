"""The page that verifies bundles, opened from a disk by a real browser.

It must say of good and of tampered bundles what the program says.
"""

import io
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from incidents.evidence.browser_page import page as page_bytes
from incidents.ledger.canonical import NotCanonical, open_disclosure
from incidents.ledger.verify.receipts import Receipt
from tests.incidents.ledger.simulated_log import POLICY_TEXT
from tests.incidents.ledger.verify.clock_stories import (
    done_long_before_it_was_due,
    told,
)
from tests.incidents.ledger.verify.test_attacks import (
    ATTACKS,
    LOG,
    edits_a_row,
    edits_row_and_tree,
    with_photo,
)
from tests.incidents.ledger.verify.test_receipts import LOG as KEPT_LOG
from tests.incidents.ledger.verify.test_receipts import receipt as kept_receipt
from tests.incidents.ledger.verify.verifying import packed
from tests.scenarios.browser import CHROMIUM, Chromium, Page

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
PATIENCE_SECONDS = 20


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("verifier")
    (folder / "verify.html").write_bytes(page_bytes())
    with Chromium(folder / "profile") as chromium:
        yield chromium.person(f"file://{folder}/")


def verdict(
    page: Page, bundle: Any, folder: Path, receipt: Receipt | None = None
) -> str:
    file = folder / "bundle.zip"
    data = bundle if isinstance(bundle, io.BytesIO) else packed(bundle)
    file.write_bytes(data.getvalue())
    page.open("verify.html").attach("bundle", file).fill("policy", POLICY_TEXT)
    if receipt is not None:
        kept = folder / receipt.name
        kept.write_bytes(receipt.data)
        page.attach("receipts", kept)
    page.run("document.getElementById('verify').click()")
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not page.run("document.getElementById('result').dataset.ms"):
        assert time.monotonic() < ends_at, page.text
        time.sleep(0.02)
    return str(page.run("document.getElementById('result').dataset.code"))


@pytest.mark.parametrize("make", [LOG.bundle, with_photo])
def test_good_bundle_is_verified(browser: Page, tmp_path: Path, make: Any) -> None:
    assert verdict(browser, make(), tmp_path) == "VERIFIED"
    assert "are in the signed log, unaltered and in their order." in browser.text


def test_deadlines_and_receipts_are_shown(browser: Page, tmp_path: Path) -> None:
    bundle = told(done_long_before_it_was_due)
    assert verdict(browser, bundle, tmp_path) == "VERIFIED"
    assert "done in time, proved" in browser.text
    assert verdict(browser, KEPT_LOG.bundle(), tmp_path, kept_receipt()) == "VERIFIED"
    assert "1 of yours found, unchanged" in browser.text
    other = kept_receipt(index=0)
    assert verdict(browser, KEPT_LOG.bundle(), tmp_path, other) == "RECEIPT"


CODES = {attack: code for _, attack, _, code in ATTACKS}


@pytest.mark.parametrize("attack", [edits_a_row, edits_row_and_tree])
def test_tampered_bundle_is_rejected_as_the_program_does(
    browser: Page, tmp_path: Path, attack: Any
) -> None:
    assert verdict(browser, attack(), tmp_path) == CODES[attack]


def test_damaged_file_is_rejected(browser: Page, tmp_path: Path) -> None:
    data = bytearray(packed(LOG.bundle()).getvalue())
    data[len(data) // 2] ^= 1
    assert verdict(browser, io.BytesIO(bytes(data)), tmp_path) == "ARCHIVE"


VALUES = (
    *('"x"', "7", "[true, 7]", '{"a": 1, "b": {"a": 2}}', '{"a": ":"}', '"\\":-1.5"'),
    *("7.0", "7e0", "-0", "-7", "null", "1e999", "9007199254740992", "NaN"),
    *('{"a": 1, "a": 2}', '[{"a": {"b": 1, "b": 1}}]', '{"__proto__": 1}'),
    *("[" * depth + "]" * depth for depth in (31, 32, 33)),
)


def test_browser_reads_the_values_that_the_program_reads(browser: Page) -> None:
    browser.open("verify.html")
    given = {value: f'["{"A" * 43}", "text", {value}]' for value in VALUES}
    here = {value: is_read(text) for value, text in given.items()}
    script = """
    (([text]) => { try {
        const [, , value] = readStrictly(text);
        writeCanonical(value);
        return true;
    } catch { return false; } })"""
    there = {
        value: browser.run(f"{script}({json.dumps([text])})")
        for value, text in given.items()
    }
    assert there == here


def is_read(text: str) -> bool:
    try:
        open_disclosure(urlsafe_b64encode(text.encode()).decode().rstrip("="))
    except NotCanonical:
        return False
    return True
