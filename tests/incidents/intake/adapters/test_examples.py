import pytest

from incidents.intake.adapters.examples import document_for
from incidents.intake.adapters.generic import records_of

RECORD = {"title": "Egress", "severity": "info", "dedup_key": "k"}


@pytest.mark.parametrize(
    "mapping",
    [
        {"title": "event.name", "severity": "event.level", "dedup_key": "ids[2]"},
        {"title": "$.event['name', 'id']", "severity": "$['a b']", "dedup_key": "$.k"},
        {"alerts": "$.items", "title": "$.n", "severity": "$.s", "dedup_key": "$.k"},
        {"alerts": "$.items[*]", "title": "n", "severity": "s", "dedup_key": "k"},
        {"alerts": "$[1:]", "title": "n", "severity": "s[0]", "dedup_key": "k"},
        {
            "alerts": "$.items[?@.kind.name == 'alert' && @.open == true]",
            "title": "$.n",
            "severity": '$.tags[?@.key == "severity"].value',
            "dedup_key": "$.k",
        },
        {"title": "$..name", "severity": "$.s[-1]", "dedup_key": "$.k[3]"},
    ],
)
def test_mapping_finds_the_record_in_the_document_made_for_it(mapping):
    [record] = records_of(document_for(RECORD, mapping), mapping)
    assert {field: record[field] for field in RECORD} == RECORD


def test_record_without_a_mapped_field_leaves_it_out():
    assert document_for(RECORD, {"title": "a.b", "url": "a.c"}) == {
        "a": {"b": "Egress"}
    }
