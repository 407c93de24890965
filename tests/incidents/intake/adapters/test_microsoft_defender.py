from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.microsoft_defender import parse

CHANGED = "The notification says that an alert has changed, but not how."


def test_alert_of_graph_is_read_whole(read):
    assert read("microsoft_defender/firing-alert").alerts == (
        ParsedAlert(
            dedup_key="defender:alert:da1",
            status="firing",
            title="Token theft",
            summary="A token was used from another country.",
            severity="high",
            started_at=datetime(2026, 11, 23, 0, 50, tzinfo=UTC),
            event_at=datetime(2026, 11, 23, 1, 5, tzinfo=UTC),
            labels={
                "alertWebUrl": "https://security.microsoft.com/alerts/da1",
                "category": "CredentialAccess",
                "createdDateTime": "2026-11-23T01:02:03Z",
                "firstActivityDateTime": "2026-11-23T00:50:00Z",
                "incident": "7",
                "incidentId": "7",
                "incidentWebUrl": "https://security.microsoft.com/incidents/7",
                "lastUpdateDateTime": "2026-11-23T01:05:00Z",
                "serviceSource": "microsoftDefenderForCloudApps",
                "severity": "high",
                "status": "new",
            },
            url="https://security.microsoft.com/alerts/da1",
            group_key="defender:incident:7",
            group_title="Token theft",
        ),
    )


def test_alerts_of_an_incident_are_in_its_group(read, outline):
    name = "microsoft_defender/list-of-alert-and-incident"
    assert outline(name) == [
        ("defender:alert:da1", "resolved", "high", "Token theft"),
        ("defender:incident:7", "resolved", "medium", "Multi-stage incident"),
    ]
    alert, incident = read(name).alerts
    assert alert.group_key == incident.group_key
    assert alert.ended_at == datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def test_incident_of_a_sentinel_playbook_is_read(outline):
    assert outline("microsoft_defender/resolved-sentinel-playbook") == [
        (
            "sentinel:/subscriptions/s1/incidents/1",
            "resolved",
            "medium",
            "Impossible travel",
        )
    ]


def test_only_alerts_among_hunting_records_fire(outline):
    assert outline("microsoft_defender/firing-hunting-records") == [
        ("defender:alert:da2", "firing", "low", "Odd loading")
    ]


def test_notification_of_a_new_alert_fires_with_what_it_has(outline, read):
    name = "microsoft_defender/firing-change-notification"
    assert outline(name) == [
        ("defender:alert:da3", "firing", "unknown", "Microsoft Defender: new alert")
    ]
    assert "not-shown" not in str(read(name))


def test_notification_of_a_change_is_ignored(read):
    delivery = read("microsoft_defender/ignored-change-notification")
    assert (delivery.alerts, delivery.ignored) == ((), CHANGED)


@pytest.mark.parametrize("word", ["inProgress", "active", "awaitingAction", ""])
def test_alert_in_progress_still_fires(word):
    body = f'{{"id": "1", "title": "x", "status": "{word}"}}'.encode()
    assert parse(body, headers={}, options={}).alerts[0].status == "firing"


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("microsoft_defender/malformed-status")
    assert str(caught.value) == (
        'status: found "wobbling"; send new, active, inProgress, resolved or closed'
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "id"),
        (b'{"value": [7]}', "value[0]"),
        (b'{"category": "AdvancedHunting-AlertInfo"}', "AlertId"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
