import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.zenduty import parse


def alert_of(event="triggered", **incident):
    payload = {"event_type": event, "incident": {"unique_id": "v", **incident}}
    body = json.dumps({"payload": payload}).encode()
    return parse(body, headers={}, options={}).alerts[0]


def test_triggered_incident_is_read_whole(read):
    assert read("zenduty/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="zenduty:vuwt-99",
                status="firing",
                title="Pod keeps crashing",
                summary="checkout-api restarted 5 times",
                severity="high",
                started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                labels={
                    "incident_key": "prom-crash",
                    "number": "99",
                    "service": "Serving",
                },
                group_key="zenduty:vuwt-99",
                group_title="Pod keeps crashing",
            ),
        ),
    )


def test_resolved_incident_ends_the_same_alert(read):
    [alert] = read("zenduty/resolved").alerts
    assert (alert.dedup_key, alert.status) == ("zenduty:vuwt-99", "resolved")


@pytest.mark.parametrize(
    ("event", "incident", "status"),
    [
        ("resolved", {"status": 2}, "firing"),
        ("resolved", {}, "resolved"),
        ("acknowledged", {"status": None}, "firing"),
    ],
)
def test_status_counts_before_the_event(event, incident, status):
    assert alert_of(event, **incident).status == status


@pytest.mark.parametrize(
    ("incident", "severity"),
    [
        ({"urgency": 0}, "low"),
        ({"urgency": 2}, "high"),
        ({"urgency": 1, "team_priority": {"name": "P1"}}, "critical"),
        ({"urgency": -1}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_severity_is_the_priority_else_the_urgency(incident, severity):
    assert alert_of(**incident).severity == severity


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("zenduty/malformed-status") == (
        'payload.incident.status: found "9"; send one of 1, 2, 3, triggered, '
        "acknowledged, resolved"
    )


def test_body_without_incident_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b"{}", headers={}, options={})
    assert caught.value.field == "payload.incident.unique_id"
