"""Read what Amazon SNS posts to an HTTPS subscription, CloudWatch alarms above all.

SNS sends JSON with the content type text/plain. The message inside a *Notification* is
a text of its own:

- a CloudWatch alarm is keyed by AlarmArn, or by account, region and name where an old
  one has none. ALARM fires, OK resolves, INSUFFICIENT_DATA is ignored: the alarm keeps
  its state. AWS states no severity.
- an event of EventBridge is read as `aws_eventbridge` reads it.
- any other text fires. Its subject, or its first line, is the title; topic, subject and
  text are the key, so that the same message again counts up. It never resolves.

*SubscriptionConfirmation* and *UnsubscribeConfirmation* are ignored here; how the first
is answered is a matter of the source's verification. With raw message delivery the body is
the message alone; the header that says so is not signed, and not believed of a body that
is a message as SNS wraps and signs it.

>>> alarm = '{"AlarmName": "Egress", "AWSAccountId": "1", "NewStateValue": "OK"}'
>>> body = json.dumps({"Type": "Notification", "Message": alarm}).encode()
>>> alert = parse(body, headers={}, options={}).alerts[0]
>>> alert.title, alert.status, alert.dedup_key
('Egress', 'resolved', 'cloudwatch:1::Egress')
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from incidents.intake.adapters import aws_eventbridge, base
from incidents.intake.adapters.adapter import (
    TRIAL_KEY,
    TRIAL_SUMMARY,
    TRIAL_TITLE,
    Adapter,
)
from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.times import read_instant
from incidents.intake.sns_signature import read_envelope

_KINDS = ("Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation")


def parse(
    body: bytes, *, headers: Mapping[str, str], options: Mapping[str, object]
) -> ParsedDelivery:
    """Return the alerts of one message. Raises Unreadable."""
    is_raw = headers.get("x-amz-sns-rawdelivery", "").lower() == "true"
    if is_raw and read_envelope(body) is None:
        return _parse_raw(body, topic=headers.get("x-amz-sns-topic-arn", ""))
    envelope = base.read_object(body)
    kind = envelope.get("Type")
    topic = base.one_line(base.first_text(envelope.get("TopicArn")))
    if kind == "SubscriptionConfirmation":
        reason = f"Amazon SNS asks to confirm the subscription to {topic}."
        return ParsedDelivery(alerts=(), ignored=reason)
    if kind == "UnsubscribeConfirmation":
        reason = f"The subscription to {topic} has ended: no more alerts come from it."
        return ParsedDelivery(alerts=(), ignored=reason)
    if kind != "Notification":
        raise Unreadable("Type", kind, f"send one of {', '.join(_KINDS)}")
    message = envelope.get("Message")
    if not isinstance(message, str):
        raise Unreadable("Message", message, "send the message as text")
    return _parse_message(message, envelope, topic=topic)


def _parse_raw(body: bytes, *, topic: str) -> ParsedDelivery:
    try:
        message = body.decode("utf-8-sig")
    except ValueError as error:
        remedy = f"send text in UTF-8 ({error})"
        raise Unreadable("body", body[: base.MAX_SHOWN], remedy) from None
    return _parse_message(message, {}, topic=topic)


def _parse_message(
    message: str, envelope: Mapping[str, Any], *, topic: str
) -> ParsedDelivery:
    content = _object_in(message)
    if "AlarmName" in content and "NewStateValue" in content:
        return _parse_alarm(content, envelope, topic=topic)
    if "detail-type" in content:
        return aws_eventbridge.parse_event(content)
    return ParsedDelivery(alerts=(_parse_text(message, envelope, topic=topic),))


def _object_in(message: str) -> dict[str, Any]:
    try:
        content = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _parse_alarm(
    alarm: Mapping[str, Any], envelope: Mapping[str, Any], *, topic: str
) -> ParsedDelivery:
    field = "Message.NewStateValue"
    status = aws_eventbridge.read_alarm_state(alarm["NewStateValue"], field=field)
    if status is None:
        return ParsedDelivery(alerts=(), ignored=aws_eventbridge.NO_DATA)
    name = base.first_text(alarm["AlarmName"])
    if not name:
        raise Unreadable("Message.AlarmName", alarm["AlarmName"], "name the alarm")
    arn = base.first_text(alarm.get("AlarmArn"))
    place = [base.as_text(alarm.get(part)) for part in ("AWSAccountId", "Region")]
    changed_at = read_instant(alarm.get("StateChangeTime"))
    changed_at = changed_at or read_instant(envelope.get("Timestamp"))
    alert = ParsedAlert(
        dedup_key=base.key_of("cloudwatch", *([arn] if arn else [*place, name])),
        status=status,
        title=name,
        summary=aws_eventbridge.lines(
            alarm.get("AlarmDescription"), alarm.get("NewStateReason")
        ),
        started_at=changed_at if status == "firing" else None,
        ended_at=changed_at if status == "resolved" else None,
        event_at=changed_at,
        labels=_alarm_labels(alarm, topic=topic),
        url=aws_eventbridge.alarm_url(arn, name),
    )
    return ParsedDelivery(alerts=(base.tidied(alert),))


def _alarm_labels(alarm: Mapping[str, Any], *, topic: str) -> dict[str, str]:
    trigger = base.mapping_at(alarm, "Trigger")
    dimensions = trigger.get("Dimensions")
    known: dict[str, object] = {
        "account": alarm.get("AWSAccountId"),
        "region": alarm.get("Region"),
        "namespace": trigger.get("Namespace"),
        "metric": trigger.get("MetricName"),
        "topic": topic,
    }
    for dimension in dimensions if isinstance(dimensions, list) else ():
        if isinstance(dimension, dict):
            known.setdefault(
                base.as_text(dimension.get("name")), dimension.get("value")
            )
    rest = base.without(
        alarm, "AlarmDescription", "NewStateReason", "AWSAccountId", "Region"
    )
    return base.labels_of(known, rest)


def _parse_text(
    message: str, envelope: Mapping[str, Any], *, topic: str
) -> ParsedAlert:
    subject = base.first_text(envelope.get("Subject"))
    sent_at = read_instant(envelope.get("Timestamp"))
    first_line = message.strip().partition("\n")[0]
    key = base.fingerprint_of({"topic": topic, "subject": subject, "text": message})
    alert = ParsedAlert(
        dedup_key=base.key_of("sns", key),
        status="firing",
        title=subject or first_line,
        summary=message,
        started_at=sent_at,
        event_at=sent_at,
        labels=base.labels_of({"topic": topic}),
    )
    return base.tidied(alert)


def trial(now: datetime) -> dict[str, object]:
    """Return a message of Security Hub, as the test button posts it.

    An alarm of CloudWatch would have no severity.
    """
    return {
        "Type": "Notification",
        "MessageId": TRIAL_KEY,
        "TopicArn": "arn:aws:sns:eu-west-1:000000000000:tocsin-trial",
        "Subject": TRIAL_TITLE,
        "Message": json.dumps(aws_eventbridge.trial(now)),
        "Timestamp": now.isoformat(),
        "note": TRIAL_SUMMARY,
    }


ADAPTER = Adapter(
    "aws_sns",
    "Amazon SNS (CloudWatch alarms)",
    parse,
    setup="Subscribe the address below to the topic, protocol HTTPS, and choose the topic "
    "as action of the alarm for both the states In alarm and OK.",
    docs_url="https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-"
    "subscriber.html",
    snippet="aws sns subscribe --topic-arn TOPIC_ARN --protocol https \\\n"
    "  --notification-endpoint {url}",
    trial=trial,
    headers=("x-amz-sns-message-id", "x-amz-sns-rawdelivery", "x-amz-sns-topic-arn"),
)
