"""The page that comes with a bundle, by who made it."""

from dataclasses import replace

from incidents.ledger.canonical import disclose
from incidents.ledger.report.made import Telling
from tests.incidents.ledger.report.told import Read, told_bundle
from tests.incidents.ledger.simulated_log import POLICY, small_log
from tests.incidents.ledger.verify.clock_stories import Story as Clocks
from tests.incidents.ledger.verify.clock_stories import at
from tests.incidents.ledger.verify.verifying import files_of, outcome_of, packed

COPY = [("Handed out by", "Aurora"), ("To", "Court of Somewhere")]


def telling_of(bundle):
    told = Telling(bundle.head, POLICY)
    for one in bundle.earlier:
        told.see_head(one.first, one.last)
    for seq, one in enumerate(bundle.entries, start=bundle.from_seq):
        told.see(one.line, seq)
    return told


def page_of(bundle):
    told = telling_of(bundle)
    return b"".join(told.page(copy=COPY, counted=(0, 0), files=set())).decode()


def test_page_names_its_maker_and_claims_no_verification():
    text = Read(page_of(told_bundle())).text
    assert text[text.index("This page is not evidence.") + 1].startswith(
        "It was written, for reading, by whoever made the bundle."
    )
    assert text[text.index("To") + 1] == "Court of Somewhere"
    assert not [one for one in text if one.startswith("Verifier:")]
    assert len([one for one in text if one.endswith("; not checked here")]) == 3


def test_page_bounds_times_as_the_verifier_does():
    bundle, heard = told_bundle(), []
    outcome_of(bundle, listen=lambda _, bounds: heard.append(bounds))
    bounds, _ = telling_of(bundle)._begin()
    assert [bounds.of(one.line.index) for one in bundle.entries] == heard


def test_page_comes_last_into_the_bundle_and_is_listed():
    bundle = told_bundle()
    told = Telling(bundle.head, POLICY)
    page = (one for one in told.page(copy=COPY, counted=(0, 0), files=set()))
    file = packed(replace(bundle, telling=[("report.html", page)]))
    assert list(files_of(file))[-2:] == ["report.html", "MANIFEST.json"]
    outcome = outcome_of(replace(bundle, telling=[("report.html", [b"All is well"])]))
    assert (outcome.exit_code, outcome.documents) == (0, ["report.html"])


def test_entry_that_a_verifier_will_refuse_is_shown_as_such():
    bundle = small_log().bundle()
    first, *others = bundle.entries
    forged = {**first.line.disclosed, "title": disclose("title", "Nothing")[0]}
    first = replace(first, line=replace(first.line, disclosed=forged))
    page = page_of(replace(bundle, entries=[first, *others]))
    assert "<h2>To be looked at</h2>" in page
    assert "cannot be read: a content is not the one that was recorded" in page


def test_deadline_that_a_verifier_will_refuse_is_told():
    story = Clocks()
    story.clock("breached", late_ms=0)
    page = page_of(story.ends())
    assert "the record says of a deadline what it contradicts elsewhere" in page


def test_deadline_that_passed_in_silence_is_told():
    story = Clocks()
    story.until(story.now + 3000)
    story.clock("started", clock=8, started_at=at(story.now))
    assert "a deadline passed, and the record does not say so" in page_of(story.ends())
