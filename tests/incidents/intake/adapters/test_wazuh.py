import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery
from incidents.intake.adapters.wazuh import parse

AT = datetime(2026, 11, 23, 4, 0, 0, 126_000, tzinfo=UTC)
TITLE = "Many failed logins, then one that worked on gpu-7"


def test_alert_is_read_whole(read):
    assert read("wazuh/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="wazuh:40112:003:203.0.113.9",
                status="firing",
                title=TITLE,
                summary="sshd: accepted for root",
                severity="high",
                started_at=AT,
                event_at=AT,
                labels={
                    "agent": "gpu-7",
                    "agent_ip": "198.51.100.20",
                    "dstuser": "root",
                    "groups": "syslog, authentication",
                    "level": "12",
                    "location": "journald",
                    "manager": "siem",
                    "mitre": "T1078, T1110",
                    "rule": "40112",
                    "srcip": "203.0.113.9",
                },
                group_key="wazuh:40112:003:203.0.113.9",
                group_title=TITLE,
            ),
        ),
    )


def test_envelope_of_the_shuffle_integration_says_the_same(read):
    assert read("wazuh/firing-in-an-envelope") == read("wazuh/firing")


@pytest.mark.parametrize(
    ("level", "severity"),
    [
        (16, "critical"),
        (15, "critical"),
        (14, "high"),
        ("12", "high"),
        (7, "medium"),
        (4, "low"),
        (3, "info"),
        (0, "info"),
        (-1, "unknown"),
        (True, "unknown"),
        ("²", "unknown"),
        (None, "unknown"),
    ],
)
def test_severity_is_the_level(level, severity):
    body = json.dumps({"rule": {"id": "1", "level": level}}).encode()
    assert parse(body, headers={}, options={}).alerts[0].severity == severity


def test_key_names_the_user_where_there_is_no_address():
    body = b'{"rule": {"id": 1}, "agent": {"id": 2}, "data": {"dstuser": "root"}}'
    [alert] = parse(body, headers={}, options={}).alerts
    assert (alert.dedup_key, alert.title) == ("wazuh:1:2:root", "Wazuh rule 1")


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("wazuh/malformed-no-rule") == (
        "rule.id: found nothing; send one alert of alerts.json, with alert_format json"
    )
