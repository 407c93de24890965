import json
import re
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.newrelic import ADAPTER, parse


def test_activated_issue_is_read_whole(read):
    assert read("newrelic/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="newrelic:9844-1886",
                status="firing",
                title="Checkpoint store unreachable",
                severity="high",
                started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                event_at=datetime(2026, 11, 23, 4, 0, 1, tzinfo=UTC),
                labels={
                    "condition": "Store answers",
                    "entities": "store-1, store-2",
                    "isCorrelated": "false",
                    "policy": "Storage",
                    "trigger": "STATE_CHANGE",
                    "workflow": "Tocsin",
                },
                url="https://one.newrelic.example/issues/9844-1886",
                group_key="newrelic:9844-1886",
                group_title="Checkpoint store unreachable",
            ),
        ),
    )


def test_closed_issue_ends_the_same_alert(read):
    [alert] = read("newrelic/resolved").alerts
    ended_at = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("newrelic:9844-1886", "resolved")
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


@pytest.mark.parametrize("state", ["CREATED", "ACKNOWLEDGED"])
def test_issue_that_is_not_closed_fires(state):
    body = json.dumps({"id": 1, "state": state, "title": "x"}).encode()
    assert parse(body, headers={}, options={}).alerts[0].status == "firing"


def test_acknowledged_incident_of_the_older_channels_still_fires(read):
    [alert] = read("newrelic/legacy-acknowledged").alerts
    assert (alert.dedup_key, alert.status, alert.severity, alert.title) == (
        "newrelic:incident:77",
        "firing",
        "medium",
        "Store answers",
    )
    assert alert.summary == "No answer for 5 minutes"


def test_test_button_of_the_older_channels_is_a_test(read):
    assert read("newrelic/legacy-test").is_test is True


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("newrelic/malformed-state") == (
        'state: found "SIMMERING"; send one of created, activated, acknowledged, closed'
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "id"),
        (b'{"id": 1}', "state"),
        (b'{"current_state": "open"}', "incident_id"),
        (b'{"current_state": "ajar", "incident_id": 1}', "current_state"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field


def test_template_to_copy_becomes_json_that_is_read():
    filled = re.sub(r"{{ (json )?[^}]+ }}", '"x"', ADAPTER.snippet)
    filled = filled.replace('"state": "x"', '"state": "CLOSED"')
    [alert] = parse(filled.encode(), headers={}, options={}).alerts
    assert (alert.dedup_key, alert.status, alert.title) == (
        "newrelic:x",
        "resolved",
        "x",
    )
