import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.crowdstrike import parse

AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def read_event(**event):
    body = json.dumps({"CompositeId": "c", **event}).encode()
    [alert] = parse(body, headers={}, options={}).alerts
    return alert


def test_event_of_the_stream_is_read_whole(read):
    assert read("crowdstrike/firing-event-stream").alerts == (
        ParsedAlert(
            dedup_key="crowdstrike:c1:ind:a:1",
            status="firing",
            title="Known malware on gpu-7",
            summary="A process wrote a known file.",
            severity="high",
            started_at=AT,
            event_at=AT,
            labels={
                "Severity": "70",
                "SeverityName": "High",
                "file": "pip",
                "host": "gpu-7",
                "sha256": "00ff",
                "tactic": "Execution",
                "technique": "User Execution",
                "user": "trainer",
            },
            url="https://falcon.aurora.example/d/1",
            group_key="crowdstrike:c1:ind:a:1",
            group_title="Known malware on gpu-7",
        ),
    )


def test_workflow_resolves_the_detection_of_the_stream(read):
    [alert] = read("crowdstrike/resolved-by-workflow").alerts
    assert (alert.dedup_key, alert.status) == ("crowdstrike:c1:ind:a:1", "resolved")
    assert alert.ended_at == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("new", "firing"),
        ("in_progress", "firing"),
        ("True Positive", "firing"),
        ("reopened", "firing"),
        ("closed", "resolved"),
        ("ignored", "resolved"),
    ],
)
def test_status_of_a_detection(word, status):
    assert read_event(Status=word).status == status


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"Severity": 80}, "critical"),
        ({"Severity": 79}, "high"),
        ({"Severity": 40}, "medium"),
        ({"Severity": 20}, "low"),
        ({"Severity": 19}, "info"),
        ({"Severity": 5}, "critical"),
        ({"Severity": 2}, "low"),
        ({"Severity": 2, "SeverityName": "High"}, "high"),
        ({"Severity": "high"}, "high"),
        ({"Severity": True}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_severity_is_a_name_or_a_number_of_two_scales(fields, word):
    assert read_event(**fields).severity == word


def test_event_for_audit_is_ignored(read):
    delivery = read("crowdstrike/ignored-audit")
    assert delivery.alerts == ()
    assert delivery.ignored == (
        "AuthActivityAuditEvent is kept for audit and tells of no detection."
    )


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("crowdstrike/malformed-status")
    assert str(caught.value) == (
        'Status: found "wobbling"; send one of new, in_progress, true_positive, '
        "reopened, closed, false_positive, ignored, or none"
    )


def test_event_without_identity_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b'{"Name": "x"}', headers={}, options={})
    assert caught.value.field == "CompositeId"
