import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.otlp import parse

AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def severities_of(number):
    record = {"severityNumber": number, "body": {"stringValue": "x"}}
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    parsed = parse(json.dumps(body).encode(), headers={}, options={})
    return [alert.severity for alert in parsed.alerts]


def test_errors_among_records_are_read_whole(read):
    assert read("otlp/errors-and-others").alerts == (
        ParsedAlert(
            dedup_key="otlp:trainer:ckpt:checkpoint.lost",
            status="firing",
            title="Checkpoint 812 lost",
            summary="Checkpoint 812 lost\nat step 9",
            severity="high",
            started_at=AT,
            event_at=AT,
            labels={
                "attempt": "3",
                "host.name": "gpu-7",
                "is_last": "true",
                "scope": "ckpt",
                "service.name": "trainer",
                "traceId": "5B8E",
            },
            group_key="otlp:service:trainer",
            group_title="Errors of trainer",
        ),
        ParsedAlert(
            dedup_key="otlp:trainer:ckpt:OutOfMemory",
            status="firing",
            title="Out of memory",
            summary="a\nb",
            severity="critical",
            started_at=AT,
            event_at=AT,
            labels={
                "exception.type": "OutOfMemory",
                "host.name": "gpu-7",
                "scope": "ckpt",
                "service.name": "trainer",
            },
            group_key="otlp:service:trainer",
            group_title="Errors of trainer",
        ),
    )


@pytest.mark.parametrize(
    ("number", "severities"),
    [
        (16, []),
        (17, ["high"]),
        ("20", ["high"]),
        (21, ["critical"]),
        (24, ["critical"]),
        (25, []),
        ("SEVERITY_NUMBER_WARN4", []),
        ("SEVERITY_NUMBER_ERROR", ["high"]),
        ("SEVERITY_NUMBER_FATAL", ["critical"]),
        (None, []),
        ("²", []),
    ],
)
def test_records_from_error_on_fire(number, severities):
    assert severities_of(number) == severities


def test_export_below_error_is_ignored(read):
    delivery = read("otlp/ignored-below-error")
    assert delivery.alerts == ()
    assert delivery.ignored == "All records are below the severity ERROR."


def test_export_without_records_is_ignored():
    delivery = parse(b'{"resourceLogs": []}', headers={}, options={})
    assert delivery.ignored == "There are no log records in it."


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("otlp/malformed-records")
    assert str(caught.value) == (
        "scopeLogs.logRecords: found a list of 1; send a list of objects"
    )


def test_body_in_protobuf_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b"\n\x1f\n\x08", headers={}, options={})
    assert caught.value.field == "body"
