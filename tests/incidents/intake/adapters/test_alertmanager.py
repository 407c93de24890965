import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.alertmanager import parse
from incidents.intake.adapters.base import ParsedAlert, Unreadable


def read_one(**changes):
    alert = {"labels": {"alertname": "A"}, "fingerprint": "f1", **changes}
    body = json.dumps({"groupKey": '{}:{a="b"}', "alerts": [alert]}).encode()
    [parsed] = parse(body, headers={}, options={}).alerts
    return parsed


def test_firing_alert_is_read_whole(read):
    delivery = read("alertmanager/firing-two-of-a-group")
    assert delivery.alerts[0] == ParsedAlert(
        dedup_key="am:0a1b2c3d4e5f6071",
        status="firing",
        title="vault-1 sends Bcc: far more than usual",
        summary="Outbound traffic is 40 times\nthe weekly mean.",
        severity="critical",
        started_at=datetime(2026, 11, 23, 1, 2, 3, 123456, tzinfo=UTC),
        ended_at=None,
        event_at=datetime(2026, 11, 23, 1, 2, 3, 123456, tzinfo=UTC),
        labels={
            "alertname": "WeightStoreEgress",
            "host": "vault-1",
            "severity": "page",
            "zone": "north",
        },
        url="https://runbooks.aurora.example/egress",
        group_key='am:group:{}:{alertname="WeightStoreEgress", zone="north"}',
        group_title="WeightStoreEgress (zone north)",
    )


def test_resolved_alert_in_a_firing_group_is_resolved(read):
    resolved = read("alertmanager/firing-two-of-a-group").alerts[1]
    assert resolved.status == "resolved"
    assert resolved.title == "WeightStoreEgress"
    assert resolved.summary == "Back to the weekly mean."
    assert resolved.started_at == datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert resolved.ended_at == datetime(2026, 11, 23, 1, 10, tzinfo=UTC)
    assert resolved.event_at == resolved.ended_at
    assert resolved.url == ""


def test_alerts_of_one_group_share_key_and_title(read):
    first, second = read("alertmanager/firing-two-of-a-group").alerts
    assert (first.group_key, first.group_title) == (
        second.group_key,
        second.group_title,
    )


def test_truncated_alerts_are_counted(read):
    delivery = read("alertmanager/firing-two-of-a-group")
    assert (delivery.truncated, delivery.is_test) == (3, False)


def test_alerts_without_grouping_are_groups_of_their_own(read):
    first, second = read("alertmanager/firing-without-grouping-or-fingerprint").alerts
    assert first.group_key == first.dedup_key
    assert second.group_key == second.dedup_key
    assert first.dedup_key != second.dedup_key
    assert first.group_title == "DiskFull"


def test_group_key_of_a_child_route_without_labels_does_not_group():
    body = {
        "groupKey": '{}/{severity="page"}:{}',
        "alerts": [{"labels": {"a": "b"}, "fingerprint": "f1"}],
    }
    [alert] = parse(json.dumps(body).encode(), headers={}, options={}).alerts
    assert alert.group_key == "am:f1"


def test_end_of_a_firing_alert_is_not_its_end(read):
    first = read("alertmanager/firing-without-grouping-or-fingerprint").alerts[0]
    assert first.ended_at is None


def test_garbled_time_still_gives_the_alert(read):
    second = read("alertmanager/firing-without-grouping-or-fingerprint").alerts[1]
    assert (second.started_at, second.event_at) == (None, None)


def test_missing_fingerprint_is_made_from_labels_in_any_order():
    first = read_one(fingerprint="", labels={"a": "1", "b": "2"})
    second = read_one(fingerprint=None, labels={"b": "2", "a": "1"})
    assert first.dedup_key == second.dedup_key
    assert first.dedup_key != read_one(fingerprint="", labels={"a": "1"}).dedup_key


def test_numeric_group_key_keeps_every_digit():
    body = {
        "groupKey": 5615590933959184469,
        "alerts": [{"labels": {"alertname": "A"}, "fingerprint": "f1"}],
    }
    [alert] = parse(json.dumps(body).encode(), headers={}, options={}).alerts
    assert alert.group_key == "am:group:5615590933959184469"


def test_long_group_key_becomes_its_hash():
    body = {
        "groupKey": "{}:{" + "x" * 5_000 + "}",
        "alerts": [{"labels": {"a": "b"}, "fingerprint": "f1"}],
    }
    [alert] = parse(json.dumps(body).encode(), headers={}, options={}).alerts
    assert alert.group_key.startswith("sha256:")
    assert len(alert.group_key) == len("sha256:") + 64


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ("critical", "critical"),
        ("page", "critical"),
        ("Error", "high"),
        ("warning", "medium"),
        ("info", "info"),
        ("none", "info"),
        ("purple", "unknown"),
    ],
)
def test_severity_is_translated(severity, expected):
    labels = {"alertname": "A", "severity": severity}
    assert read_one(labels=labels).severity == expected


def test_severity_without_label_is_unknown():
    assert read_one().severity == "unknown"


def test_status_falls_back_to_the_groups():
    body = {
        "status": "resolved",
        "alerts": [{"labels": {"a": "b"}, "fingerprint": "f1"}],
    }
    [alert] = parse(json.dumps(body).encode(), headers={}, options={}).alerts
    assert alert.status == "resolved"


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("alertmanager/malformed-alert-is-text")
    assert str(caught.value) == (
        'alerts[0]: found "DiskFull"; send an object for each alert'
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"\xff\xfe", "body"),
        (b"title=x", "body"),
        (b"[]", "body"),
        (b'"text"', "body"),
        (b"[" * 100_000, "body"),
        (b"1" * 5_000, "body"),
        (b"{}", "alerts"),
        (b'{"alerts": {}}', "alerts"),
        (b'{"alerts": [{}]}', "alerts[0].labels"),
        (b'{"alerts": [{"fingerprint": "f", "status": "odd"}]}', "alerts[0].status"),
        (b'{"alerts": [{"fingerprint": "f", "status": {"a":1}}]}', "alerts[0].status"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
    assert caught.value.remedy


def test_byte_order_mark_is_no_obstacle():
    body = b'\xef\xbb\xbf{"alerts": []}'
    assert parse(body, headers={}, options={}).alerts == ()
