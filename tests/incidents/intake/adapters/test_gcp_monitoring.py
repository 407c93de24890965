import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.gcp_monitoring import parse

AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def read_incident(**changes):
    incident = {"incident_id": "1", "state": "open", **changes}
    body = json.dumps({"incident": incident}).encode()
    return parse(body, headers={}, options={}).alerts[0]


def test_open_incident_is_read_whole(read):
    assert read("gcp_monitoring/firing").alerts == (
        ParsedAlert(
            dedup_key="gcp:0.n1",
            status="firing",
            title="Weight store egress: Bytes out",
            summary="Bytes out is above 1 GB.\n\nRead the runbook.",
            severity="critical",
            started_at=AT,
            event_at=AT,
            labels={
                "condition": "Bytes out",
                "instance_id": "vault-1",
                "observed_value": "40.0",
                "policy": "Weight store egress",
                "project": "aurora-train",
                "resource": "gce_instance",
                "severity": "Critical",
                "team": "weights",
                "threshold_value": "1.0",
                "zone": "europe-west4-a",
            },
            url="https://console.cloud.google.com/alerting/0.n1",
            group_key="gcp:0.n1",
            group_title="Weight store egress: Bytes out",
        ),
    )


def test_closed_incident_is_resolved(read):
    [alert] = read("gcp_monitoring/resolved").alerts
    assert (alert.dedup_key, alert.status) == ("gcp:0.n1", "resolved")
    assert alert.started_at == AT
    assert alert.ended_at == alert.event_at == AT.replace(minute=32)


def test_test_of_the_channel_is_one_and_has_no_times(read):
    delivery = read("gcp_monitoring/test-of-the-channel")
    [alert] = delivery.alerts
    assert delivery.is_test is True
    assert (alert.started_at, alert.ended_at) == (None, None)


def test_severity_may_be_a_label_of_the_policy(read):
    [alert] = read("gcp_monitoring/test-of-the-channel").alerts
    assert alert.severity == "low"


def test_acknowledged_incident_still_fires():
    assert read_incident(state="acknowledged").status == "firing"


def test_subject_of_the_documentation_is_the_title():
    alert = read_incident(documentation={"subject": "Vault leaks"}, policy_name="p")
    assert alert.title == "Vault leaks"


def test_documentation_may_be_text():
    assert read_incident(documentation="Look here", summary="s").summary == (
        "s\n\nLook here"
    )


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("gcp_monitoring/malformed-state")
    assert str(caught.value) == (
        'incident.state: found "wobbling"; send open, acknowledged, closed'
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "incident"),
        (b'{"incident": {"state": "open"}}', "incident.incident_id"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
