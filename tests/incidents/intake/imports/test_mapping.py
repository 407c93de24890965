import pytest

from incidents.errors import BadInput
from incidents.intake.imports.mapping import OURS, own_mapping, read_mapping

FIELDS = {"Id": "external_id", "Subject": "title"}


def test_one_column_may_fill_several_of_our_fields():
    mapping = read_mapping({"fields": {**FIELDS, "Made": ["opened_at", "detected_at"]}})

    assert mapping.theirs_of == {
        "external_id": "Id",
        "title": "Subject",
        "opened_at": "Made",
        "detected_at": "Made",
    }


def test_without_fields_the_columns_have_our_names():
    assert read_mapping({"zone": "UTC"}).theirs_of == own_mapping().theirs_of
    assert set(own_mapping().theirs_of) == set(OURS)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"feilds": {}},
            "feilds: '{}' cannot be used. Use name, zone, time_format, fields, "
            "severities, categories, statuses, defaults.",
        ),
        (
            {"fields": {"Id": "external_id"}},
            "fields: 'title' cannot be used. Name the column that holds it.",
        ),
        (
            {"fields": {**FIELDS, "Name": "title"}},
            "fields.Name: 'title' cannot be used. "
            "'Subject' is mapped to it already; keep one.",
        ),
        (
            {"severities": {"P1": 9}},
            "severities.P1: '9' cannot be used. Give a whole number from 0 to 5.",
        ),
        (
            {"categories": {"Leak": "XYZ"}},
            "categories.Leak: 'XYZ' cannot be used. "
            "Use a code of the taxonomy, such as WGT or AVL.",
        ),
        (
            {"zone": "Mars/Olympus"},
            "zone: 'Mars/Olympus' cannot be used. "
            "Name a zone of the IANA list, such as Europe/Berlin.",
        ),
        (
            {"defaults": {"title": "x"}},
            "defaults.title: 'x' cannot be used. Use category, severity, tlp, status.",
        ),
    ],
)
def test_a_mapping_that_cannot_be_used_says_where_and_what_to_write(document, message):
    with pytest.raises(BadInput) as refused:
        read_mapping(document)

    assert str(refused.value) == message


def test_an_unknown_field_of_ours_names_those_there_are():
    with pytest.raises(BadInput) as refused:
        read_mapping({"fields": {**FIELDS, "Prio": "priority"}})

    assert refused.value.field == "fields.Prio"
    assert refused.value.remedy == f"Use {', '.join(OURS)} or labels.<name>."
