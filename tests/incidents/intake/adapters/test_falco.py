import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery
from incidents.intake.adapters.falco import parse

AT = datetime(2026, 11, 23, 4, 0, 0, 123_456, tzinfo=UTC)


def alert_of(**message):
    body = json.dumps({"rule": "R", **message}).encode()
    return parse(body, headers={}, options={}).alerts[0]


def test_event_is_read_whole(read):
    assert read("falco/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="falco:Weights read by a shell:serving/m3-0",
                status="firing",
                title="Weights read by a shell in serving/m3-0",
                summary="04:00:00.123456789: Error Weights copied "
                "(user=root file=/weights/m3)",
                severity="high",
                started_at=AT,
                event_at=AT,
                labels={
                    "container.id": "ee97d9c4186f",
                    "hostname": "gpu-7",
                    "k8s.ns.name": "serving",
                    "k8s.pod.name": "m3-0",
                    "priority": "Error",
                    "proc.cmdline": "cp /weights/m3 /tmp",
                    "source": "syscall",
                    "tags": "container, exfiltration",
                    "user.name": "root",
                },
                group_key="falco:Weights read by a shell:serving/m3-0",
                group_title="Weights read by a shell in serving/m3-0",
            ),
        ),
    )


def test_event_with_a_garbled_time_still_fires(read):
    [alert] = read("falco/firing-on-a-host").alerts
    assert (alert.dedup_key, alert.severity, alert.event_at) == (
        "falco:Shell on a host:gpu-7",
        "low",
        None,
    )


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        (
            {"ka.target.name": "default", "ka.target.namespace": "evals"},
            "evals/default",
        ),
        ({"container.id": "ee97", "k8s.pod.name": None}, "ee97"),
        ({}, "gpu-7"),
    ],
)
def test_key_names_the_place(fields, place):
    alert = alert_of(hostname="gpu-7", output_fields=fields)
    assert alert.dedup_key == f"falco:R:{place}"


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("Emergency", "critical"),
        ("Alert", "critical"),
        ("Warning", "medium"),
        ("Informational", "info"),
        ("Loud", "unknown"),
        (None, "unknown"),
    ],
)
def test_severity_is_the_priority(priority, severity):
    assert alert_of(priority=priority).severity == severity


def test_test_of_falcosidekick_is_a_test(read):
    assert read("falco/test").is_test is True


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("falco/malformed-no-rule") == (
        "rule: found nothing; send Falco's JSON with the name of the rule"
    )
