"""The PDF is archivable, accessible, reproducible, and hides nothing."""

import subprocess
import sys
import threading
import time
from datetime import timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.filings.documents.document import Section
from escalation.filings.documents.json_form import as_json
from escalation.filings.documents.pdf import missing_glyphs, render_pdf
from tests.escalation.filings.documents.making import NOW, answered, document
from tests.escalation.filings.documents.reading import (
    attached_file,
    catalogue,
    fonts,
    metadata,
    needs_poppler,
    text_of,
)

ROOT = Path(__file__).parents[4]
MARKUP = '#panic("x") $a^2$ @ref \\ *b* _c_ `d` <e> // f /* g */ = h - i [j] ~ ---'
# Each of them has a glyph, and in this order the typesetter finds none for the last.
FAILING_MARK = "\ufee1\u0ecc\u276b\u0363"
HARMLESS = {
    "markup": MARKUP,
    "only markup": "#",
    "control characters": "a\x00b\x07c\x1b[31m\x7f\x85",
    "order of text": "a\u202ecba\u2066\u2069\u200f",
    "right to left": "שלום עולם (abc) 123\nمرحب بكم",
    "cjk": "漢字かな한국어" * 200,
    "emoji": "😀🇩🇪👩‍💻❤️",
    "marks on letters": "e\u0338\u20e3 z\u0324\u0301 \u0301",
    "marks that fail together": FAILING_MARK,
    "private and unassigned": "\ue000\U000f0000\ufffe\U0010ffff\u0378",
    "indic and thai": "हिन्दी ไทย",
    "one long word": "x" * 100_000,
    "many lines": "line\n" * 5_000,
    "line ends": "a\r\nb\rc\u2028d\u2029e\x0bf\x0c",
    "white space": " \t\n \u00a0\u2003\u3000\u200b\u00ad\ufeff",
}


def test_pdf_claims_both_standards_and_its_language():
    pdf = render_pdf(document())
    assert pdf.startswith(b"%PDF-1.7")
    claims = metadata(pdf)
    assert "<pdfaid:part>3</pdfaid:part>" in claims
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in claims
    assert "<pdfuaid:part>1</pdfuaid:part>" in claims
    found = catalogue(pdf)
    assert b"/MarkInfo<</Marked true" in found
    assert b"/Lang(en)" in found
    assert b"/StructTreeRoot" in found
    assert b"/DisplayDocTitle true" in found


def test_pdf_names_title_and_author():
    claims = metadata(render_pdf(document()))
    assert "Initial report: cybersecurity breach: FIL-3F8Z6Q1WKD" in claims
    assert "<rdf:li>Aurora Labs</rdf:li>" in claims


def test_pdf_is_dated_to_the_second():
    pdf = render_pdf(document(made_at=NOW + timedelta(microseconds=980_751)))
    assert "<xmp:CreateDate>2026-07-16T09:30:00+00:00" in metadata(pdf)


def test_pdf_carries_the_filing_as_data():
    assert attached_file(render_pdf(document())) == as_json(document())


def test_pdf_uses_fonts_of_the_typesetter_only():
    assert fonts(render_pdf(document())) == {
        "LibertinusSerif-Regular",
        "LibertinusSerif-Bold",
    }


def test_pdf_asks_for_nothing_from_outside():
    pdf = render_pdf(document())
    for action in (b"/URI", b"/JavaScript", b"/Launch", b"/GoToR"):
        assert action not in pdf


def test_pdf_is_the_same_for_the_same_document():
    assert render_pdf(document()) == render_pdf(document())


def test_pdf_is_the_same_in_another_process_and_another_zone():
    code = (
        "import sys; from escalation.filings.documents.pdf import render_pdf\n"
        "from tests.escalation.filings.documents.making import document\n"
        "sys.stdout.buffer.write(render_pdf(document()))"
    )
    environment = {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
    )
    elsewhere = NOW.astimezone(timezone(timedelta(hours=14)))
    assert done.stdout == render_pdf(document(made_at=elsewhere))


def test_pdf_differs_when_the_document_does():
    assert render_pdf(document(version=3)) != render_pdf(document())


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS.keys())
def test_text_of_people_is_set_and_kept_whole_in_the_attachment(text):
    made = answered(text)
    assert attached_file(render_pdf(made)) == as_json(made)


@settings(max_examples=25, deadline=None)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_is_set(text):
    made = answered(text)
    assert attached_file(render_pdf(made)) == as_json(made)


def test_every_part_takes_hostile_text():
    hostile = f"{MARKUP} 漢\u202e😀\n{MARKUP}"
    made = document(
        stage_name=hostile,
        organisation=hostile,
        recipient=hostile,
        confidentiality=hostile,
        receipt_number=hostile,
        sections=(
            Section(hostile, hostile),
            Section("Unknown", is_not_yet_known=True, reason=hostile),
        ),
    )
    assert attached_file(render_pdf(made)) == as_json(made)


def test_an_empty_filing_is_set():
    made = document(sections=(), anchors=(), confidentiality="", receipt_number="")
    assert attached_file(render_pdf(made)) == as_json(made)


@needs_poppler
def test_markup_of_people_is_printed_as_they_typed_it():
    text = text_of(render_pdf(answered(MARKUP)))
    assert MARKUP in text


@needs_poppler
def test_each_page_carries_label_and_basis_of_confidentiality_twice():
    pdf = render_pdf(answered("lorem ipsum dolor sit amet\n" * 200))
    text = text_of(pdf)
    pages = pdf.count(b"/Type/Page/")
    assert pages > 3
    # Once more in the block of the title.
    assert text.count("TLP:AMBER+STRICT") == 2 * pages + 1
    assert text.count("Art. 78 of Regulation (EU) 2024/1689") == 2 * pages + 1


@needs_poppler
def test_pdf_says_what_is_not_known_and_what_is_missing():
    text = text_of(render_pdf(document()))
    assert "Chain of events NOT YET KNOWN Logs are being read." in text
    assert "Model involved NOT ANSWERED" in text


@needs_poppler
def test_pdf_says_where_its_dates_come_from_and_that_it_is_no_advice():
    text = text_of(render_pdf(document()))
    assert "This is not legal advice." in text
    assert "2026-11-23, against the text of the law" in text
    assert "2026-07-18 21:05:12 UTC (2026-07-18 23:05:12+0200 in Europe" in text
    assert "5 days from model_involvement_aware" in text
    assert "2026-07-13T23:05:12+ 02:00 Incident lead" in text
    assert "2026-07-12 (only the day is known) Minutes of the stand-up" in text


@needs_poppler
def test_characters_without_a_glyph_are_shown_by_number_and_said():
    text = text_of(render_pdf(answered("a 漢 😀 \x07 b")))
    assert "a [U+6F22] [U+1F600] [U+0007] b" in text
    assert "3 characters are not in the fonts of this file" in text


@needs_poppler
def test_marks_that_fail_only_in_their_place_are_shown_by_number():
    text = text_of(render_pdf(answered(FAILING_MARK)))
    assert "[U+0363]" in text
    assert "characters are not in the fonts of this file" in text


@needs_poppler
def test_a_long_word_is_broken_and_not_cut():
    word = "".join(f"{number:04d}" for number in range(150))
    assert word in text_of(render_pdf(answered(word))).replace(" ", "")


def test_a_fault_of_the_template_is_not_taken_for_a_missing_glyph():
    with pytest.raises(typst.TypstError) as caught:
        typst.compile(b"#nothing-of-this-name", format="pdf")
    assert missing_glyphs(caught.value) == frozenset()


def test_other_threads_go_on_while_a_pdf_is_set():
    ticks, is_done = [], threading.Event()

    def tick():
        while not is_done.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    render_pdf(answered("lorem ipsum dolor sit amet " * 4_000))
    end = time.perf_counter()
    is_done.set()
    thread.join()
    during = [at for at in ticks if start <= at <= end]
    longest = max(after - before for before, after in pairwise([*during, end]))
    assert longest < (end - start) / 2
