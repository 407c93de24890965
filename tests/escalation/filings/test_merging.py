import pytest

from escalation.filings.merging import Merged, changed_fields, merge_sections
from escalation.filings.sections import Section


def a(answer: str) -> Section:
    return Section("A", answer)


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        (a("1"), a("1"), a("1"), Merged(a("1"))),
        (a("1"), a("2"), a("2"), Merged(a("2"))),
        (a("1"), a("2"), a("1"), Merged(a("2"))),
        (a("1"), a("1"), a("3"), Merged(a("3"), is_taken_over=True)),
        (a("1"), a("2"), a("3"), Merged(a("2"), theirs=a("3"))),
    ],
)
def test_who_alone_changed_a_section_is_followed(
    base: Section, mine: Section, theirs: Section, merged: Merged
):
    assert merge_sections([base], [mine], [theirs]) == [merged]


def test_section_that_only_one_has_is_kept():
    own, new = Section("Own", "x"), Section("New", "y")
    assert merge_sections([a("1")], [a("1"), own], [a("1"), new]) == [
        Merged(a("1")),
        Merged(new, is_taken_over=True),
        Merged(own, is_own=True),
    ]


def test_section_that_was_left_out_stays_out_unless_it_was_written_in():
    base = [a("1"), Section("B", "1")]
    assert merge_sections(base, [a("1"), Section("B", "1")], [a("1")]) == [
        Merged(a("1"))
    ]
    assert merge_sections(base, [a("1"), Section("B", "2")], [a("1")]) == [
        Merged(a("1")),
        Merged(Section("B", "2"), is_own=True),
    ]


def test_audience_and_reason_are_changes_too():
    base = Section("A", "1", audience=("x", "y"))
    narrow = Section("A", "1", audience=("x",))
    assert changed_fields([base], [narrow]) == ["A"]


def test_changed_fields_are_in_the_order_of_the_newer_version():
    before = [a("1"), Section("B", "1"), Section("C", "1")]
    after = [Section("B", "2"), a("1"), Section("D", "1")]
    assert changed_fields(before, after) == ["B", "D", "C"]
