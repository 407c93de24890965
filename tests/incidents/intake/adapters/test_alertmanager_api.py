from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.alertmanager_api import parse, problems_of
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from tests.incidents.intake.adapters.conftest import PAYLOADS

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AT_NOON = {"received_at": NOON}


def parse_file(name):
    body = (PAYLOADS / f"alertmanager_api/{name}.json").read_bytes()
    return parse(body, headers={}, options=AT_NOON)


def test_alerts_are_read_whole_and_end_by_the_time_of_receipt():
    first, second = parse_file("firing-and-resolved").alerts
    assert first == ParsedAlert(
        dedup_key=first.dedup_key,
        status="firing",
        title="Weights were read on c1",
        summary="Four shards.",
        severity="critical",
        started_at=datetime(2026, 11, 23, 11, 50, tzinfo=UTC),
        event_at=NOON,
        labels={"alertname": "WeightsRead", "cluster": "c1", "severity": "critical"},
        url="https://prometheus.aurora.example/graph?g0.expr=up",
        group_key="am:name:WeightsRead",
        group_title="WeightsRead",
        expires_at=datetime(2026, 11, 23, 12, 4, tzinfo=UTC),
    )
    assert second.status == "resolved"
    assert second.ended_at == datetime(2026, 11, 23, 11, 59, tzinfo=UTC)
    assert second.expires_at is None
    assert second.dedup_key != first.dedup_key


def test_same_labels_are_the_same_alert_and_an_empty_one_is_none():
    one = b'[{"labels": {"a": "1", "b": "2", "c": ""}}]'
    other = b'[{"labels": {"b": "2", "a": "1"}, "annotations": {"x": "y"}}]'
    keys = [
        parse(body, headers={}, options=AT_NOON).alerts[0].dedup_key
        for body in (one, other)
    ]
    assert keys[0] == keys[1]


def test_good_alerts_of_a_list_are_kept_and_the_rest_is_named():
    parsed = parse_file("one-good-one-bad")
    assert [alert.title for alert in parsed.alerts] == ["WeightsRead"]
    assert parsed.refused == "at least one label pair required"


@pytest.mark.parametrize(
    ("alert", "problem"),
    [
        ({"labels": {"a": ""}}, "at least one label pair required"),
        ({"labels": {"": "x"}}, 'invalid label set: invalid name ""'),
        ({"labels": {"a": 1}}, "labels must have texts as values"),
        ({"labels": ["a"]}, "labels must be an object"),
        ("text", "an alert must be an object"),
        ({"labels": {"a": "b"}, "startsAt": "soon"}, 'invalid startsAt "soon"'),
        (
            {
                "labels": {"a": "b"},
                "startsAt": "2026-11-23T12:00:00Z",
                "endsAt": "2026-11-23T11:00:00Z",
            },
            "start time must be before end time",
        ),
    ],
)
def test_invalid_alert_says_what_is_wrong(alert, problem):
    assert problems_of([alert]) == [problem]


def test_nothing_posted_is_no_fault():
    assert parse(b"[]", headers={}, options={}) == ParsedDelivery(
        (), ignored="The list of alerts is empty."
    )


def test_object_is_not_a_list():
    with pytest.raises(Unreadable, match="send a JSON list of alerts"):
        parse(b"{}", headers={}, options={})
