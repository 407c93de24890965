import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.generic import parse
from incidents.intake.adapters.mapping import MappingError, check_mapping

OTHER_SHAPE = {
    "alerts": "events",
    "title": "name",
    "status": "condition.state",
    "severity": "condition.level",
    "started_at": "when.from",
    "ended_at": "when.to",
    "labels": "tags",
    "labels.host": "hosts[1].id",
    "labels.rack": "hosts.0.rack",
    "dedup_key": "hosts[0].id",
}


def read_one(**document):
    body = json.dumps({"title": "Disk full", **document}).encode()
    [alert] = parse(body, headers={}, options={}).alerts
    return alert


def test_complete_document_is_read_whole(read):
    assert read("generic/firing-complete").alerts == (
        ParsedAlert(
            dedup_key="key:egress/gpu-7",
            status="firing",
            title="Egress anomaly on gpu-7",
            summary="Twelve gigabytes in a minute.",
            severity="high",
            started_at=datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC),
            event_at=datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC),
            labels={"attempt": "2", "internal": "true", "parts": "", "team": "weights"},
            url="https://monitor.aurora.example/a/1",
            group_key="group:egress",
            group_title="Egress anomalies",
        ),
    )


def test_title_alone_is_enough():
    alert = read_one()
    assert (alert.status, alert.severity, alert.title) == (
        "firing",
        "unknown",
        "Disk full",
    )
    assert alert.group_key == alert.dedup_key


def test_batch_pairs_alerts_by_title_and_labels(read):
    firing, resolved, other = read("generic/batch").alerts
    assert firing.dedup_key == resolved.dedup_key
    assert other.dedup_key != firing.dedup_key
    assert resolved.status == "resolved"
    assert resolved.event_at == datetime(2026, 11, 23, 15, 4, 5, tzinfo=UTC)


def test_mapping_reads_another_tools_document(read):
    [alert] = read("generic/other-shape", mapping=OTHER_SHAPE).alerts
    assert alert == ParsedAlert(
        dedup_key="key:h-1",
        status="resolved",
        title="Classifier offline",
        severity="high",
        started_at=datetime(2026, 11, 23, 15, 4, 5, 123000, tzinfo=UTC),
        ended_at=datetime(2026, 11, 23, 15, 5, 5, 500000, tzinfo=UTC),
        event_at=datetime(2026, 11, 23, 15, 5, 5, 500000, tzinfo=UTC),
        labels={"env": "prod", "host": "h-2", "rack": ""},
        group_key="key:h-1",
        group_title="Classifier offline",
    )


def test_jsonpath_picks_alerts_out_of_a_list():
    body = b"""[{"kind": "log"}, {"kind": "alert", "rule": {"id": "r7"},
        "hosts": [{"n": "a"}, {"n": "b"}], "state": "ok", "site": "north"}]"""
    mapping = {
        "alerts": "$[?@.kind == 'alert']",
        "title": "$.rule['title', 'id']",
        "status": "state",
        "dedup_key": "$['site', 'nowhere', 'kind']",
        "labels.host": "$.hosts[*].n",
    }
    [alert] = parse(body, headers={}, options={"mapping": mapping}).alerts
    assert (alert.title, alert.status) == ("r7", "resolved")
    assert alert.dedup_key == "key:north/alert"
    assert alert.labels == {"host": "a, b"}


def test_jsonpath_to_the_list_itself_means_its_items():
    mapping = {"alerts": "$.data.items", "title": "$.n"}
    body = b'{"data": {"items": [{"n": "A"}, {"n": "B"}]}}'
    alerts = parse(body, headers={}, options={"mapping": mapping}).alerts
    assert [alert.title for alert in alerts] == ["A", "B"]


def test_list_without_mapped_alerts_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b"[1]", headers={}, options={"mapping": {"title": "$.a"}})
    assert str(caught.value) == (
        "body: found a list of 1; send a JSON object, or map alerts to the items of the "
        "list"
    )


def test_mapping_that_looks_at_too_much_is_unreadable():
    body = json.dumps({"a": [[1] * 100] * 100}).encode()
    mapping = {f"labels.{n}": "$..x" for n in range(60)} | {"title": "$.a"}
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={"mapping": mapping})
    assert str(caught.value) == (
        "mapping: found an empty value; name the places that its paths look at: they look "
        "at too many values"
    )


def test_document_marked_as_test_is_one():
    body = b'{"title": "Trial", "test": true}'
    assert parse(body, headers={}, options={}).is_test is True
    assert parse(b'{"title": "Trial"}', headers={}, options={}).is_test is False


@pytest.mark.parametrize("word", ["resolved", "OK", "closed", "Recovered", "up"])
def test_words_for_the_end_are_understood(word):
    assert read_one(status=word).status == "resolved"


@pytest.mark.parametrize("word", ["firing", "Alerting", "triggered", "open", "", None])
def test_words_for_trouble_are_understood(word):
    assert read_one(status=word).status == "firing"


def test_end_of_a_firing_alert_is_ignored():
    assert read_one(ended_at="2026-11-23T01:00:00Z").ended_at is None


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("generic/malformed-status")
    assert str(caught.value) == 'status: found "wobbling"; send firing or resolved'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "title: found nothing; send a title, or map one"),
        (b'{"title": "  "}', "title: found an empty value; send a title"),
        (b'{"title": ["x"]}', "title: found a list of 1; send a title"),
        (b'{"title": "x", "labels": [1]}', "labels: found a list of 1; send an object"),
        (
            b'{"title": "x", "started_at": "yesterday"}',
            'started_at: found "yesterday"; send an RFC 3339 time',
        ),
        (b'{"alerts": "x"}', 'alerts: found "x"; send a list of alerts'),
        (b'{"alerts": [{"title": "x"}, {}]}', "alerts[1].title: found nothing; send"),
    ],
)
def test_unreadable_body_names_field_value_and_remedy(body, message):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"colour": "a"}, "mapping.colour: not a field; use title, status"),
        ({"labels.": "a"}, "mapping.labels.: not a field; use title, status"),
        ({"title": 3}, "mapping.title: 3 is not text; write a path"),
        ({"title": ""}, "mapping.title: '' is not a path such as event.tags[0]"),
        ({"title": "a..b"}, "mapping.title: 'a..b' is not a path"),
        ({"title": "a[x]"}, "mapping.title: 'a[x]' is not a path"),
        ({"title": "$.a["}, "mapping.title: '$.a[' is not a JSONPath: "),
        ({"title": "$..a..b"}, "mapping.title: a path may have .. once"),
        ({"title": ".".join("a" * 21)}, "mapping.title: a path has at most 20 steps"),
        ({f"labels.{n}": "a" for n in range(81)}, "mapping: 81 fields; map at most 80"),
    ],
)
def test_check_mapping_names_field_value_and_remedy(mapping, message):
    with pytest.raises(MappingError) as caught:
        check_mapping(mapping)
    assert str(caught.value).startswith(message)


def test_source_with_a_bad_mapping_keeps_its_deliveries_unreadable():
    with pytest.raises(Unreadable, match="mend the source's mapping"):
        parse(b"{}", headers={}, options={"mapping": {"colour": "a"}})
