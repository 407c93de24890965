from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.sentinelone import parse

AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def test_alert_of_a_rule_is_read_whole(read):
    assert read("sentinelone/firing-rule-alert").alerts == (
        ParsedAlert(
            dedup_key="sentinelone:alert:a1",
            status="firing",
            title="Weights copied",
            summary="Alert created for sshd.",
            severity="critical",
            started_at=AT,
            event_at=AT,
            labels={
                "account": "Aurora",
                "activity": "3608",
                "detectedat": "2026-11-23T01:02:03Z",
                "host": "gpu-7",
                "rulename": "Weights copied",
                "severity": "E_CRITICAL",
                "site": "North",
            },
            group_key="sentinelone:alert:a1",
            group_title="Weights copied",
        ),
    )


@pytest.mark.parametrize(
    ("name", "status", "severity"),
    [
        ("firing-threat-mitigated", "firing", "medium"),
        ("resolved-threat-activity", "resolved", "unknown"),
        ("resolved-threat", "resolved", "low"),
    ],
)
def test_threat_fires_until_an_analyst_resolves_it(outline, name, status, severity):
    assert outline(f"sentinelone/{name}") == [
        ("sentinelone:threat:t1", status, severity, "miner.exe on gpu-7")
    ]


def test_threat_that_is_resolved_has_both_times(read):
    [alert] = read("sentinelone/resolved-threat").alerts
    assert alert.started_at == AT
    assert alert.ended_at == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_threat_that_was_not_mitigated_is_as_severe_as_it_is_sure():
    body = b'{"activityType": 19, "threatId": "t", "data": {"confidenceLevel": "malicious"}}'
    assert parse(body, headers={}, options={}).alerts[0].severity == "high"


def test_activity_about_no_threat_is_ignored(read):
    delivery = read("sentinelone/ignored-sign-in")
    assert delivery.alerts == ()
    assert delivery.ignored == "The activity is about no threat and no alert."


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("sentinelone/malformed-no-activity")
    assert str(caught.value) == (
        "activityType: found nothing; send an activity, or a threat with its threatInfo"
    )


def test_threat_without_number_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b'{"threatInfo": {"threatName": "x"}}', headers={}, options={})
    assert caught.value.field == "threatInfo.threatId"
