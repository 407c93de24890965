import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.opsgenie import parse


def test_created_alert_is_read_whole(read):
    assert read("opsgenie/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="opsgenie:7f3a-11",
                status="firing",
                title="Egress from the training subnet",
                summary="14 GB in ten minutes.\nNo job was due.",
                severity="critical",
                started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                event_at=datetime(2026, 11, 23, 4, 0, 1, 250_000, tzinfo=UTC),
                labels={
                    "alias": "egress-train-2",
                    "entity": "train-2",
                    "priority": "P1",
                    "region": "eu-north",
                    "source": "netwatch",
                    "tags": "exfiltration",
                    "team": "Safety desk",
                    "tiny_id": "18",
                },
                group_key="opsgenie:7f3a-11",
                group_title="Egress from the training subnet",
            ),
        ),
    )


def test_closed_alert_ends_the_same_alert(read):
    [alert] = read("opsgenie/resolved").alerts
    ended_at = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("opsgenie:7f3a-11", "resolved")
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


def test_note_gives_no_alert(read):
    assert read("opsgenie/note") == ParsedDelivery(
        (), ignored="The action AddNote changes nothing here."
    )


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("Acknowledge", "firing"),
        ("UnAcknowledge", "firing"),
        ("Escalate", "firing"),
        ("UpdatePriority", "firing"),
        ("An action of our own", "firing"),
        ("Delete", "resolved"),
    ],
)
def test_action_says_whether_the_alert_is_open(action, status):
    body = json.dumps({"action": action, "alert": {"alertId": "1"}}).encode()
    [alert] = parse(body, headers={}, options={}).alerts
    assert (alert.status, alert.title) == (status, "Opsgenie alert 1")


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("opsgenie/malformed-no-id") == (
        "alert.alertId: found nothing; send the alert's id"
    )


def test_body_without_action_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b'{"alert": {"alertId": "1"}}', headers={}, options={})
    assert caught.value.field == "action"
