from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.intake.imports.converting import ImportedRow, convert
from incidents.intake.imports.mapping import OURS, own_mapping, read_mapping
from incidents.intake.imports.reading import Problem, Row

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LEAST = {"external_id": "7", "title": "Badge found", "severity": "2", "category": "INS"}

THEIRS = read_mapping(
    {
        "zone": "Europe/Berlin",
        "fields": {
            "Id": "external_id",
            "Subject": "title",
            "Priority": "severity",
            "Kind": "category",
            "State": "status",
            "Created": "opened_at",
            "Closed": "resolved_at",
            "meta.team": "labels.team",
        },
        "severities": {"P1": 4},
        "categories": {"Data leak": "PDB"},
        "statuses": {"Erledigt": "resolved"},
        "defaults": {"category": "GOV", "severity": 1},
    }
)


def read(values, mapping=None):
    return convert(Row(2, values), mapping or own_mapping(), now=NOW)


def problems(**changes):
    return read({**LEAST, **changes})


def test_a_row_with_our_names_needs_no_mapping():
    assert read(LEAST) == ImportedRow(
        line=2,
        external_id="7",
        title="Badge found",
        description="",
        category="INS",
        severity=2,
        tlp="AMBER+STRICT",
        status="open",
        is_danger=None,
        instants=dict.fromkeys(
            (
                "opened_at",
                "occurred_at",
                "detected_at",
                "aware_at",
                "acknowledged_at",
                "resolved_at",
            )
        ),
    )


def test_their_words_become_ours():
    row = read(
        {
            "Id": 12,
            "Subject": " Mail to\nthe wrong list ",
            "Priority": "p1",
            "Kind": "data LEAK",
            "State": "erledigt",
            "Created": "2026-07-01 09:30",
            "Closed": "2026-07-02T10:00:00Z",
            "meta": {"team": "privacy"},
        },
        THEIRS,
    )

    assert (row.external_id, row.title) == ("12", "Mail to the wrong list")
    assert (row.severity, row.category, row.status) == (4, "PDB", "resolved")
    assert row.instants["opened_at"] == datetime(2026, 7, 1, 7, 30, tzinfo=UTC)
    assert row.instants["resolved_at"] == datetime(2026, 7, 2, 10, tzinfo=UTC)
    assert row.labels == {"team": "privacy"}


def test_what_a_row_leaves_out_takes_the_default():
    row = read({"Id": "1", "Subject": "x", "Priority": "", "Kind": ""}, THEIRS)

    assert (row.severity, row.category) == (1, "GOV")


def test_a_time_in_another_form_is_read_by_the_mappings_format():
    mapping = read_mapping({"time_format": "%d/%m/%Y %H:%M", "zone": "Asia/Tokyo"})

    row = read({**LEAST, "occurred_at": "03/02/2026 08:00"}, mapping)

    assert row.instants["occurred_at"] == datetime(2026, 2, 2, 23, tzinfo=UTC)


def test_a_row_with_an_end_and_no_status_is_closed():
    row = read({**LEAST, "resolved_at": "2026-01-02T00:00:00Z"})

    assert row.status == "resolved"


def test_facets_are_read_from_text_and_from_a_list():
    from_text = read({**LEAST, "facts.harm": "rights; economic"})
    from_list = read({**LEAST, "facts.harm": ["rights", "economic"]})

    assert from_text.facts == from_list.facts == {"harm": ["economic", "rights"]}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"title": " "},
            Problem("title", " ", "It is empty; fill it or leave the row out."),
        ),
        (
            {"title": "x" * 301},
            Problem("title", "x" * 200, "It has 301 characters; shorten it to 300."),
        ),
        (
            {"severity": "urgent-ish"},
            Problem(
                "severity",
                "urgent-ish",
                "Add it to [severities] as a whole number from 0 to 5.",
            ),
        ),
        (
            {"category": ""},
            Problem(
                "category",
                "",
                "Add it to [defaults] as a code of the taxonomy, such as WGT.",
            ),
        ),
        (
            {"status": "parked"},
            Problem(
                "status",
                "parked",
                "Add it to [statuses] as one of open, acknowledged, resolved.",
            ),
        ),
        (
            {"occurred_at": "last Tuesday"},
            Problem(
                "occurred_at",
                "last Tuesday",
                "Write 2026-11-23T15:04:05+01:00 or an epoch number, "
                "or set time_format in the mapping.",
            ),
        ),
        (
            {"aware_at": "2026-11-28T00:00:00Z"},
            Problem(
                "aware_at",
                "2026-11-28T00:00:00Z",
                "It lies in the future; mend the time or the zone.",
            ),
        ),
        (
            {"aware_at": "1980-01-01"},
            Problem(
                "aware_at",
                "1980-01-01",
                "Write a time from 1990-01-01 to 2028-11-27; mend the year.",
            ),
        ),
        (
            {"opened_at": "2026-02-02", "resolved_at": "2026-02-01"},
            Problem("resolved_at", "2026-02-01", "It lies before opened_at; mend one."),
        ),
        (
            {"is_danger": "perhaps"},
            Problem("is_danger", "perhaps", "Write yes, no or unknown."),
        ),
        (
            {"facts.intent": "boredom"},
            None,
        ),
    ],
)
def test_a_value_that_cannot_be_taken_names_its_remedy(changes, problem):
    found = problems(**changes)

    if problem is None:
        assert [p.field for p in found] == list(changes)
    else:
        assert found == (problem,)


def test_all_problems_of_a_row_are_told_at_once():
    found = read({"Id": "", "Subject": "", "Priority": "?"}, THEIRS)

    assert [p.field for p in found] == [
        "Id (external_id)",
        "Subject (title)",
        "Priority (severity)",
    ]


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(OURS), _JSON))
def test_no_row_raises(values):
    found = read({**LEAST, **values})

    assert isinstance(found, ImportedRow | tuple)


@pytest.mark.parametrize(
    ("said", "plain"),
    [("1 - Critical", "critical"), ("3 - Moderate", "medium"), ("4: low", "low")],
)
def test_a_number_before_a_severity_word_does_not_count(said, plain):
    numbered, word = problems(severity=said), problems(severity=plain)
    assert isinstance(numbered, ImportedRow)
    assert numbered == word


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("In Progress", "acknowledged"),
        ("On Hold", "acknowledged"),
        ("Triggered", "open"),
        ("Cancelled", "resolved"),
    ],
)
def test_usual_words_of_other_tools_need_no_mapping(said, status):
    row = problems(
        status=said, opened_at="2026-01-01T00:00Z", resolved_at="2026-01-02T00:00Z"
    )
    assert isinstance(row, ImportedRow)
    assert row.status == status
