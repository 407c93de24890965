import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.aws_eventbridge import alarm_url, parse
from incidents.intake.adapters.base import ParsedAlert, Unreadable


def finding_of_severity(value):
    detail = {"id": "f", "title": "x", "severity": value}
    body = {"detail-type": "GuardDuty Finding", "detail": detail}
    return parse(json.dumps(body).encode(), headers={}, options={}).alerts[0]


def test_guardduty_finding_is_read_whole(read):
    assert read("aws_eventbridge/firing-guardduty").alerts == (
        ParsedAlert(
            dedup_key="guardduty:c0ffee01",
            status="firing",
            title="Unusual reads from the checkpoint bucket.",
            summary="trainer read 400 checkpoints.",
            severity="high",
            started_at=datetime(2026, 11, 23, 0, 50, tzinfo=UTC),
            event_at=datetime(2026, 11, 23, 1, 5, tzinfo=UTC),
            labels={
                "account": "111122223333",
                "action.actionType": "AWS_API_CALL",
                "arn": "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/"
                "c0ffee01",
                "count": "3",
                "region": "eu-west-1",
                "resource.accessKeyDetails.accessKeyId": "AKIAEXAMPLE",
                "resource.accessKeyDetails.userName": "trainer",
                "resource.resourceType": "AccessKey",
                "type": "Exfiltration:S3/AnomalousBehavior",
            },
            group_key="guardduty:c0ffee01",
            group_title="Unusual reads from the checkpoint bucket.",
        ),
    )


def test_archived_finding_is_resolved(read):
    [alert] = read("aws_eventbridge/resolved-guardduty-archived").alerts
    assert (alert.dedup_key, alert.status) == ("guardduty:c0ffee01", "resolved")
    assert alert.ended_at == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_sample_finding_is_a_test(read):
    assert read("aws_eventbridge/test-guardduty-sample").is_test is True
    assert read("aws_eventbridge/firing-guardduty").is_test is False


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (9, "critical"),
        (8.9, "high"),
        (7, "high"),
        (6.9, "medium"),
        (4.0, "medium"),
        (3.9, "low"),
        (1, "low"),
        ("8", "unknown"),
        (True, "unknown"),
        (None, "unknown"),
    ],
)
def test_severity_of_guardduty_is_a_number(value, word):
    assert finding_of_severity(value).severity == word


def test_each_finding_of_security_hub_has_its_own_state(outline):
    assert outline("aws_eventbridge/security-hub-three-findings") == [
        (
            "securityhub:arn:aws:securityhub:eu-west-1::f/1",
            "firing",
            "critical",
            "Bucket is public",
        ),
        ("securityhub:f/2", "resolved", "critical", "Bucket is public"),
        ("securityhub:f/3", "resolved", "info", "Bucket is public"),
    ]


def test_closed_event_of_health_is_resolved(read):
    [alert] = read("aws_eventbridge/resolved-health").alerts
    assert alert.dedup_key == "health:arn:aws:health:eu-west-1::event/EC2/E1"
    assert (alert.status, alert.severity) == ("resolved", "unknown")
    assert alert.title == "EC2: AWS_EC2_OPERATIONAL_ISSUE"
    assert alert.summary == "Solved.\nNothing is left to do."
    assert alert.started_at == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def test_alarm_fires_from_the_moment_of_its_change(read):
    [alert] = read("aws_eventbridge/firing-alarm").alerts
    assert alert.started_at == datetime(2026, 11, 23, 1, 2, 3, 123000, tzinfo=UTC)
    assert (
        alert.summary == "More leaves the weight store than usual.\nThreshold Crossed"
    )


def test_any_other_event_fires_for_its_resources(outline):
    kind = "EC2 Instance State-change Notification"
    place = "111122223333:eu-west-1:aws.ec2"
    resource = "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"
    assert outline("aws_eventbridge/firing-other-event") == [
        (
            f"eventbridge:{place}:{kind}:{resource}",
            "firing",
            "unknown",
            f"{kind} (aws.ec2)",
        )
    ]


def test_insight_is_ignored(read):
    delivery = read("aws_eventbridge/ignored-insight")
    assert delivery.alerts == ()
    assert delivery.ignored == "An insight groups findings that were sent already."


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("aws_eventbridge/malformed-finding-without-id")
    assert str(caught.value) == (
        "detail.id: found nothing; send the whole event: this names what it is about"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "detail-type"),
        (b'{"detail-type": "x"}', "detail"),
        (
            b'{"detail-type": "Security Hub Findings - Imported", "detail": {}}',
            "findings",
        ),
        (
            b'{"detail-type": "Security Hub Findings - Imported", '
            b'"detail": {"findings": [{}]}}',
            "detail.findings[0].Id",
        ),
        (
            b'{"detail-type": "CloudWatch Alarm State Change", "detail": {}}',
            "detail.state.value",
        ),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field


def test_page_of_an_alarm_needs_a_region():
    assert alarm_url("", "egress") == ""
    assert alarm_url("arn:aws:cloudwatch", "egress") == ""
    assert alarm_url("arn:aws:cloudwatch:eu-west-1:1:alarm:a b", "a b") == (
        "https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#alarmsV2:alarm/a%20b"
    )
