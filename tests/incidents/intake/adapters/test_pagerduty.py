import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.pagerduty import parse

TITLE = "Weights read outside working hours"


def incident(**changes):
    data = {"id": "Q1", "type": "incident", "status": "triggered", "title": "Egress"}
    event = {"event_type": "incident.triggered", "data": {**data, **changes}}
    [alert] = parse(
        json.dumps({"event": event}).encode(), headers={}, options={}
    ).alerts
    return alert


def test_triggered_incident_is_read_whole(read):
    assert read("pagerduty/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="pagerduty:Q7MERIDIAN",
                status="firing",
                title=TITLE,
                severity="high",
                started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                event_at=datetime(2026, 11, 23, 4, 0, 1, 500_000, tzinfo=UTC),
                labels={
                    "escalation_policy": "Safety desk",
                    "number": "41",
                    "priority": "P2",
                    "service": "Weight store",
                    "urgency": "high",
                },
                url="https://meridian.pagerduty.example/incidents/Q7MERIDIAN",
                group_key="pagerduty:Q7MERIDIAN",
                group_title=TITLE,
            ),
        ),
    )


def test_resolved_incident_ends_the_same_alert(read):
    [alert] = read("pagerduty/resolved").alerts
    ended_at = datetime(2026, 11, 23, 5, 10, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("pagerduty:Q7MERIDIAN", "resolved")
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


def test_acknowledged_incident_still_fires():
    assert incident(status="acknowledged").status == "firing"


@pytest.mark.parametrize(
    ("priority", "urgency", "severity"),
    [
        ({"summary": "P1"}, "low", "critical"),
        ({"summary": "Hot"}, "low", "low"),
        (None, "high", "high"),
        (None, None, "unknown"),
    ],
)
def test_severity_is_the_priority_else_the_urgency(priority, urgency, severity):
    assert incident(priority=priority, urgency=urgency).severity == severity


def test_note_gives_no_alert(read):
    assert read("pagerduty/note") == ParsedDelivery(
        (), ignored="The event incident.annotated changes no incident."
    )


@pytest.mark.parametrize("kind", ["pagey.ping", "service.updated"])
def test_event_of_something_else_gives_no_alert(kind):
    body = json.dumps({"event": {"event_type": kind, "data": {"message": "Hello"}}})
    assert parse(body.encode(), headers={}, options={}) == ParsedDelivery(
        (), ignored=f"The event {kind} changes no incident."
    )


def test_older_webhook_holds_several_messages(read):
    [alert] = read("pagerduty/v2-trigger-and-note").alerts
    assert (alert.dedup_key, alert.status, alert.severity) == (
        "pagerduty:Q8",
        "firing",
        "low",
    )
    assert alert.labels == {"number": "7", "service": "Weight store", "urgency": "low"}


def test_older_webhook_with_notes_only_gives_no_alert():
    body = b'{"messages": [{"event": "incident.annotate", "incident": {"id": "Q8"}}]}'
    assert parse(body, headers={}, options={}) == ParsedDelivery(
        (), ignored="A note on an incident changes no incident."
    )


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("pagerduty/malformed-status") == (
        'event.data.status: found "snoozing"; '
        "send one of triggered, acknowledged, resolved"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "event.event_type"),
        (b'{"event": {"event_type": "invoice.paid"}}', "event.event_type"),
        (b'{"event": {"event_type": "incident.triggered"}}', "event.data.id"),
        (b'{"messages": {}}', "messages"),
        (b'{"messages": [{"event": "incident.trigger"}]}', "messages[0].incident.id"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
