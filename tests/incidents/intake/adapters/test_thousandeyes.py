import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.thousandeyes import parse

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)


def test_triggered_alert_is_read_whole(read):
    assert read("thousandeyes/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="thousandeyes:35541",
                status="firing",
                title="Packet loss: Lab to agency",
                summary="Packet loss ≥ 5 %",
                severity="critical",
                started_at=AT,
                event_at=AT,
                labels={
                    "rule": "Packet loss",
                    "ruleId": "173",
                    "test": "Lab to agency",
                    "type": "Network",
                    "violations": "2",
                },
                url="https://app.thousandeyes.example/alerts/35541",
                group_key="thousandeyes:35541",
                group_title="Packet loss: Lab to agency",
            ),
        ),
    )


def test_cleared_alert_ends_the_same_alert(read):
    [alert] = read("thousandeyes/resolved-in-a-list").alerts
    ended_at = datetime(2026, 11, 23, 4, 9, 51, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("thousandeyes:35541", "resolved")
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


def test_alert_of_an_agent_has_its_own_key(read):
    [alert] = read("thousandeyes/agent").alerts
    assert (alert.dedup_key, alert.status, alert.severity, alert.title) == (
        "thousandeyes:9",
        "firing",
        "low",
        "Agent is offline: lab-7",
    )


def test_test_of_the_webhook_is_a_test(read):
    assert read("thousandeyes/test") == ParsedDelivery(
        (), is_test=True, ignored="This is ThousandEyes' test of the webhook."
    )


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("thousandeyes/malformed-event") == (
        'eventType: found "ALERT_PONDERED"; send one of alert_notification_trigger, '
        "alert_notification_clear, agent_alert_notification_trigger, "
        "agent_alert_notification_clear, webhook_test"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([{"eventType": "WEBHOOK_TEST"}, {}], "[1].eventType"),
        ({"eventType": "ALERT_NOTIFICATION_CLEAR"}, "alert.alertId"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(json.dumps(body).encode(), headers={}, options={})
    assert caught.value.field == field
