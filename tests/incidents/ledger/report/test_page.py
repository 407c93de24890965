import hashlib
import re
from base64 import b64encode
from itertools import pairwise

import pytest

from incidents.ledger.report.page import write_page
from incidents.ledger.report.story import Story
from incidents.ledger.report.style import STYLE
from incidents.ledger.report.verified import frame_of
from tests.incidents.ledger.report.told import (
    LOST_SHA256,
    TRACE_SHA256,
    Read,
    told_bundle,
    told_log,
)
from tests.incidents.ledger.simulated_log import (
    OTHER_STREAM,
    POLICY,
    STREAM,
    SimulatedLog,
)
from tests.incidents.ledger.verify.verifying import outcome_of

HOSTILE = "</title><script>alert(1)</script><img src=x onerror=y>\"'\u202e\x1b[2J"


def page_of(bundle, story=None):
    story = story or Story()
    outcome = outcome_of(bundle, listen=story.see)
    return b"".join(write_page(frame_of(outcome, POLICY), story)).decode()


def rows_of(page, title):
    """Return the texts of the rows of a section."""
    section = page.split(f"<h2>{title}</h2>")[1].split("</section>")[0]
    rows = re.findall("<tr>(<td.*?)</tr>", section, re.DOTALL)
    return [re.findall("<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]


@pytest.fixture(scope="module")
def page():
    return page_of(told_bundle())


def test_page_says_first_that_it_is_no_evidence(page):
    body = Read(page.split("<body>")[1]).text
    assert body[0] == "This page is not evidence."
    assert body[1].startswith("It was written by the verifier, from entries that it")


def test_page_tells_the_incident_as_it_came_to_be(page):
    facts = dict(pairwise(Read(page.split("<h2>Deadlines")[0]).text))
    assert (facts["Reference"], facts["State"]) == (
        "INC-4TB0GPP7X2 (entry 1)",
        "acknowledged (entry 5)",
    )
    assert facts["Severity, 0 to 5"] == "5 (entry 7)"
    assert facts["Complete to"] == "entry 10, as counted 2026-11-23 15:03:40 UTC"
    assert facts["Record"] == str(STREAM)
    assert facts["Policy"] == POLICY.fingerprint()


def test_page_lists_deadlines_with_how_they_ended(page):
    assert rows_of(page, "Deadlines") == [
        ["2", "Acknowledge", "2026-11-23 15:15:20 UTC", "done in time, proved"]
    ]


def test_page_lists_acknowledgements_with_the_bounds_of_their_time(page):
    assert rows_of(page, "Acknowledgements") == [
        [
            "5",
            "incident",
            "Ana, responder, Aurora",
            "on the page",
            "2026-11-23 15:01:40 UTC",
            "2026-11-23 15:01:25 UTC\nand 2026-11-23 15:01:46 UTC",
            "not signed",
        ]
    ]


def test_page_lists_each_message_once_with_what_became_of_it(page):
    became = "queued 2026-11-23 15:01:00 UTC\nsent 2026-11-23 15:01:20 UTC"
    assert rows_of(page, "Notifications") == [
        ["3", "email", "ana@aurora.example", "page", became]
    ]


def test_page_lists_what_is_withheld_and_why(page):
    assert rows_of(page, "Withheld") == [
        ["9", "actor", "redacted by FOIA b(6)"],
        ["10", "the whole entry", "FOIA b(5)"],
    ]


def test_page_lists_files_and_whether_they_are_there(page):
    assert rows_of(page, "Files") == [
        ["8", "trace.txt", "22", TRACE_SHA256, "in attachments/"],
        ["8", "lost.txt", "7", LOST_SHA256, "left out"],
    ]


def test_timeline_holds_each_entry_in_its_order(page):
    assert re.findall('<tr id="entry-([0-9]+)">', page) == [
        str(n) for n in range(1, 11)
    ]
    assert "<strong>Incident: severity changed</strong>" in page
    assert "<dt>text</dt><dd>See\nboth</dd>" in page


def test_same_bundle_gives_the_same_bytes():
    bundle = told_bundle()
    assert page_of(bundle) == page_of(bundle)


def test_hostile_text_becomes_no_markup():
    log = SimulatedLog()
    log.happen(stream=OTHER_STREAM)
    log.happen(
        "incident.opened",
        {
            "title": HOSTILE,
            "body": {"ref": HOSTILE, HOSTILE[:30]: [HOSTILE, {"a": HOSTILE}]},
            "actor": {"name": HOSTILE},
        },
    )
    log.happen("notification.sent", {"body": {"channel": HOSTILE}})
    log.happen("incident.acknowledged", {"body": {"how": HOSTILE}})
    log.happen("clock.started", {"body": {"clock": 1, "what": HOSTILE}})
    named = {"name": HOSTILE, "sha256": "0" * 64, "size": HOSTILE}
    log.happen(fields={"attachments": [named]})
    log.write_heads()
    hostile, honest = Read(page_of(log.bundle())), Read(page_of(told_bundle()))
    assert hostile.elements <= honest.elements
    assert hostile.attributes <= honest.attributes
    assert "script" not in honest.elements
    seen = HOSTILE.replace("\u202e", "\\u202e").replace("\x1b", "\\x1b")
    assert {f"{seen} (entry 1)", seen} <= set(hostile.text)


def test_page_loads_nothing_and_runs_nothing(page):
    digest = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    assert re.findall(r"(?:src|href|url)\b *[=(]|https?:|@import", page) == []


def test_record_without_an_end_is_told_up_to_a_limit():
    log = told_log("x" * 30_000)
    page = page_of(log.bundle(), Story(room=45_000))
    assert "x… (cut after 20000 characters; the bundle holds all of it)" in page
    assert "The first 10 of 10." not in page
    short = page_of(log.bundle(), Story(room=22_000))
    shown = len(re.findall('<tr id="entry-', short))
    assert f"The first {shown} of 10. The verifier lists all" in short
    assert 0 < shown < 10
