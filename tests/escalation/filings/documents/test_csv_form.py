"""The CSV follows RFC 4180 and runs nothing in a spreadsheet."""

import csv
import io

import pytest

from escalation.filings.documents.csv_form import HEADINGS, as_csv
from escalation.filings.documents.document import Section
from tests.escalation.filings.documents.making import answered, document


def rows(data):
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def answers(data):
    return [row for row in rows(data) if row[0] == "answer"]


def test_csv_begins_with_its_headings_and_ends_each_line_with_crlf():
    data = as_csv(document())
    assert rows(data)[0] == list(HEADINGS)
    assert data.endswith(b'"\r\n')
    assert data.count(b"\n") == data.count(b"\r\n")


def test_csv_has_a_row_for_each_answer():
    assert answers(as_csv(document())) == [
        [
            "answer",
            "Start and end, or the best approximations",
            "answered",
            "9 to 13 July 2026",
            "",
        ],
        [
            "answer",
            "Harm, and who was affected",
            "answered",
            "One company; no people were hurt.",
            "",
        ],
        ["answer", "Chain of events", "not_yet_known", "", "Logs are being read."],
        ["answer", "Model involved", "missing", "", ""],
    ]


def test_csv_has_the_heads_and_the_time_record():
    found = rows(as_csv(document()))
    assert ["filing", "tlp", "", "TLP:AMBER+STRICT", ""] in found
    assert ["filing", "due", "", "2026-07-18T21:05:12Z", ""] in found
    assert [
        "time",
        "discovered",
        "day",
        "2026-07-12T21:05:12Z",
        "2026-07-12; Minutes of the stand-up",
    ] in found


@pytest.mark.parametrize(
    "text", ['a "quoted", b', "two\nlines", "two\r\nlines", "漢 😀", ",;\t|"]
)
def test_text_is_read_back_as_it_was(text):
    assert [row[3] for row in answers(as_csv(answered(text)))] == [text]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =HYPERLINK(A1)",
        "\uff1d1",
        "\uff201",
    ],
)
def test_formulas_are_guarded(text):
    assert [row[3] for row in answers(as_csv(answered(text)))] == [f"'{text}"]


def test_every_column_is_guarded():
    made = document(
        organisation="=A",
        sections=(Section("=B", is_not_yet_known=True, reason="=C"),),
    )
    found = rows(as_csv(made))
    assert ["filing", "from", "", "'=A", ""] in found
    assert answers(as_csv(made)) == [["answer", "'=B", "not_yet_known", "", "'=C"]]


@pytest.mark.parametrize("sign", ["=", "@", "+", "-", "\uff1d"])
@pytest.mark.parametrize("mark", [";", "|", "\t", "\n", "; "])
def test_formula_behind_another_mark_is_guarded_too(mark, sign):
    (row,) = answers(as_csv(answered(f"a{mark}{sign}1+2")))
    assert row[3] == f"a{mark}'{sign}1+2"


def test_list_of_points_stays_as_it_is():
    text = "a:\n- one\n- two; and -- three\n--"
    (row,) = answers(as_csv(answered(text)))
    assert row[3] == text


def test_what_is_known_so_far_stands_beside_the_reason():
    made = document(sections=(Section("A", "3 of 5", True, "Logs are read."),))
    assert answers(as_csv(made)) == [
        ["answer", "A", "not_yet_known", "3 of 5", "Logs are read."]
    ]
