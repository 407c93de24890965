"""What the template prints is decided before the template."""

from datetime import timedelta

from escalation.filings.documents.document import Due, Section
from escalation.filings.documents.printed import MAX_HEADER, NO_DATE, layout
from tests.escalation.filings.documents.making import (
    INCIDENT,
    NAME,
    NOW,
    answered,
    document,
)


def terms(rows):
    return {row["term"]: text(row["lines"]) for row in rows}


def text(lines):
    return "\n".join("".join(line["parts"]) for line in lines)


def test_facts_about_the_filing_leave_out_what_is_not_there():
    made = document(amends="", receipt_number="", submitted_at=None)
    about = terms(layout(made)["about"])
    assert list(about) == [
        "Reference",
        "Version",
        "State",
        "From",
        "To",
        "Act",
        "Article",
        "Duty",
        "Source",
        "Law verified on",
    ]
    assert about["State"] == "Submitted, as of 2026-07-16 09:30:00 UTC"
    assert about["Law verified on"] == "2026-11-23, against the text of the law"


def test_a_law_from_memory_says_so():
    made = document()
    from_memory = document(
        law=type(made.law)(**(fields(made.law) | {"basis": "recalled"}))
    )
    about = terms(layout(from_memory)["about"])
    assert about["Law verified on"] == "2026-11-23, against memory, not yet checked"


def fields(value):
    return {name: getattr(value, name) for name in value.__slots__}


def test_sections_say_what_they_are():
    made = document(
        sections=(
            Section("A", "yes"),
            Section("B", "so far", is_not_yet_known=True, reason="logs"),
            Section("C", "  \n "),
        )
    )
    rows = [
        (text(row["field"]), row["state"], row["words"], text(row["lines"]))
        for row in layout(made)["sections"]
    ]
    assert rows == [
        ("A", "answered", "Answered", "yes"),
        ("B", "not_yet_known", "Not yet known", "logs\n\nKnown so far: so far"),
        ("C", "missing", "Not answered", ""),
    ]


def test_due_dates_are_shown_in_utc_and_where_the_law_counts():
    due = Due(
        operational=NOW, statutory_latest=NOW + timedelta(days=1), flags=("a", "b")
    )
    found = terms(layout(document(due=due))["due"])
    assert found == {
        "Due": "2026-07-16 09:30:00 UTC (2026-07-16 11:30:00+0200 in Europe/Brussels)",
        "Latest by the law's own rule": (
            "2026-07-17 09:30:00 UTC (2026-07-17 11:30:00+0200 in Europe/Brussels)"
        ),
        "Citation": "Measure 9.3(2)",
        "Notes": "a\nb",
    }


def test_a_duty_without_a_date_says_so():
    found = terms(layout(document(due=Due(flags=("the law gives no date",))))["due"])
    assert found["Due"] == NO_DATE
    assert found["Notes"] == "the law gives no date"


def test_incident_is_told_in_the_words_of_the_taxonomy():
    found = terms(layout(document())["incident"])
    assert found["Kind"] == "SXF Model left its sandbox"
    assert found["Severity"] == "4 Critical (sets no date)"
    assert found["What kind of harm?"] == "To money or property; To fundamental rights"
    assert "Resolved" not in found


def test_facets_that_the_taxonomy_does_not_have_are_shown_by_their_key():
    changed = fields(INCIDENT) | {"facets": {"own_label": "x"}}
    found = terms(layout(document(incident=type(INCIDENT)(**changed)))["incident"])
    assert found["Own label"] == "x"


def test_header_holds_one_line_and_the_block_the_whole():
    basis = "Section 1 of the Act\nand Section 2 " * 20
    page = layout(document(confidentiality=basis))
    assert len(page["header"]) == MAX_HEADER
    assert page["header"].endswith("…")
    assert "\n" not in page["header"]
    assert text(page["confidentiality"]) == basis.strip("\n")


def test_missing_basis_of_confidentiality_is_said():
    page = layout(document(confidentiality=""))
    assert page["header"] == "No legal basis of confidentiality is on file."


def test_long_words_may_break_and_numbers_of_characters_stay_whole():
    [section] = layout(answered("to " + "x" * 60 + " and " + "漢" * 30))["sections"]
    assert section["lines"][0]["parts"] == [
        "to " + "x" * 24,
        "x" * 24,
        "x" * 12,
        " and " + "[U+6F22]" * 24,
        "[U+6F22]" * 6,
    ]


def test_ordinary_words_do_not_break():
    [section] = layout(answered("one two"))["sections"]
    assert section["lines"] == [{"rtl": False, "parts": ["one two"]}]


def test_each_line_has_its_own_direction():
    [section] = layout(answered("abc\nשל"))["sections"]
    assert [line["rtl"] for line in section["lines"]] == [False, True]


def test_note_about_characters_counts_each_once():
    assert layout(document())["glyphs"] == ""
    note = layout(answered("漢漢", "漢字"))["glyphs"]
    assert note.startswith("2 characters are not in the fonts of this file")
    assert "[U+5B57]" in note


def test_an_incident_of_which_only_the_name_is_known_is_named():
    found = terms(layout(document(incident=NAME))["incident"])
    assert found == {
        "Incident": "INC-7KQ2M9X4TB",
        "Title": "A model left its evaluation sandbox",
        "Kind": "SXF Model left its sandbox",
        "Opened here": "2026-07-13 21:15:12 UTC",
    }
