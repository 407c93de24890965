import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.aws_sns import parse
from incidents.intake.adapters.base import ParsedAlert, Unreadable

ARN = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:weight-store-egress"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:weights-ops"
AT = datetime(2026, 11, 23, 1, 2, 3, 123000, tzinfo=UTC)


def test_alarm_is_read_whole(read):
    assert read("aws_sns/firing-alarm").alerts == (
        ParsedAlert(
            dedup_key=f"cloudwatch:{ARN}",
            status="firing",
            title="weight-store-egress",
            summary="More leaves the weight store than usual.\nThreshold Crossed: "
            "1 datapoint [12.0] was greater than the threshold (1.0).",
            started_at=AT,
            event_at=AT,
            labels={
                "AlarmArn": ARN,
                "AlarmName": "weight-store-egress",
                "Host": "vault-1",
                "NewStateValue": "ALARM",
                "OldStateValue": "OK",
                "StateChangeTime": "2026-11-23T01:02:03.123+0000",
                "Trigger.MetricName": "BytesOut",
                "Trigger.Namespace": "Aurora/Vault",
                "Trigger.Threshold": "1.0",
                "account": "111122223333",
                "metric": "BytesOut",
                "namespace": "Aurora/Vault",
                "region": "EU (Ireland)",
                "topic": TOPIC,
            },
            url="https://console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
            "#alarmsV2:alarm/weight-store-egress",
            group_key=f"cloudwatch:{ARN}",
            group_title="weight-store-egress",
        ),
    )


def test_ok_resolves_the_same_alarm(read):
    [alert] = read("aws_sns/resolved-alarm").alerts
    assert (alert.dedup_key, alert.status) == (f"cloudwatch:{ARN}", "resolved")
    assert alert.started_at is None
    assert alert.ended_at == datetime(2026, 11, 23, 1, 32, 3, 123000, tzinfo=UTC)


def test_alarm_is_the_same_through_eventbridge(read):
    [through_sns] = read("aws_sns/firing-alarm").alerts
    [through_eventbridge] = read("aws_eventbridge/firing-alarm").alerts
    assert through_sns.dedup_key == through_eventbridge.dedup_key
    assert through_sns.url == through_eventbridge.url


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("too-little-data", "The alarm has too little data and keeps its last state."),
        (
            "subscription-confirmation",
            f"Amazon SNS asks to confirm the subscription to {TOPIC}.",
        ),
        (
            "unsubscribe-confirmation",
            f"The subscription to {TOPIC} has ended: no more alerts come from it.",
        ),
    ],
)
def test_message_without_an_alert_says_why(read, name, reason):
    delivery = read(f"aws_sns/ignored-{name}")
    assert (delivery.alerts, delivery.ignored) == ((), reason)


def test_plain_text_fires_with_the_subject_as_title(read):
    [alert] = read("aws_sns/firing-plain-text").alerts
    assert (alert.title, alert.status, alert.severity) == ("Disk", "firing", "unknown")
    assert alert.summary == "Evaluation cluster runs out of disk.\nNode 7 is at 98 %."
    assert alert.labels == {"topic": TOPIC}


def test_same_text_is_the_same_alert_and_another_is_not(read):
    keys = {
        parse(
            f'{{"Type": "Notification", "Message": "{text}"}}'.encode(),
            headers={},
            options={},
        )
        .alerts[0]
        .dedup_key
        for text in ("a", "a", "b")
    }
    assert len(keys) == 2


def test_event_of_eventbridge_inside_is_read_as_such():
    body = (
        rb'{"Type": "Notification", "Message": "{\"detail-type\": \"GuardDuty Finding\",'
        rb' \"detail\": {\"id\": \"f1\", \"title\": \"x\", \"severity\": 9.1}}"}'
    )
    [alert] = parse(body, headers={}, options={}).alerts
    assert (alert.dedup_key, alert.severity) == ("guardduty:f1", "critical")


def test_raw_delivery_is_the_message_alone():
    headers = {"x-amz-sns-rawdelivery": "true", "x-amz-sns-topic-arn": TOPIC}
    [alert] = parse(b"Disk is full", headers=headers, options={}).alerts
    assert (alert.title, alert.labels) == ("Disk is full", {"topic": TOPIC})


def test_signed_message_is_not_read_otherwise_for_an_unsigned_header():
    alarm = {"AlarmName": "Egress", "AWSAccountId": "1", "NewStateValue": "OK"}
    signed = {"Type": "Notification", "Message": "Disk full", "TopicArn": TOPIC}
    body = json.dumps({**signed, **alarm}).encode()
    [alert] = parse(body, headers={"x-amz-sns-rawdelivery": "true"}, options={}).alerts
    assert (alert.title, alert.status) == ("Disk full", "firing")


def test_raw_delivery_that_is_no_text_is_unreadable():
    headers = {"x-amz-sns-rawdelivery": "true"}
    with pytest.raises(Unreadable, match=r"^body: found .*; send text"):
        parse(b"\xff\xfe", headers=headers, options={})


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("aws_sns/malformed-alarm-state")
    assert str(caught.value) == (
        'Message.NewStateValue: found "WOBBLING"; send one of ALARM, OK, '
        "INSUFFICIENT_DATA"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "Type"),
        (b'{"Type": "Notification"}', "Message"),
        (b'{"Type": "Notification", "Message": {"a": 1}}', "Message"),
        (
            rb'{"Type": "Notification", "Message": "{\"AlarmName\": \"\",'
            rb' \"NewStateValue\": \"OK\"}"}',
            "Message.AlarmName",
        ),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
