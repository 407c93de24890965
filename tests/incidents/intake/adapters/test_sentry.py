import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.sentry import parse

TITLE = "RefusalFilterOff: policy not loaded"
SENT = {"sentry-hook-timestamp": "1795410000"}
SENT_AT = datetime(2026, 11, 23, 5, tzinfo=UTC)


def test_created_issue_is_read_whole(read):
    assert read("sentry/issue-created", headers=SENT) == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="sentry:issue:81",
                status="firing",
                title=TITLE,
                summary="serving.filter in load",
                severity="critical",
                started_at=datetime(2026, 11, 23, 4, 0, 0, 250_000, tzinfo=UTC),
                event_at=SENT_AT,
                labels={
                    "level": "fatal",
                    "platform": "python",
                    "project": "serving",
                    "short_id": "EVAL-4",
                },
                url="https://sentry.meridian.example/organizations/meridian/issues/81/",
                group_key="sentry:issue:81",
                group_title=TITLE,
            ),
        ),
    )


def test_resolved_issue_ends_what_an_alert_rule_opened(read):
    [opened] = read("sentry/event-alert").alerts
    [ended] = read("sentry/issue-resolved", headers=SENT).alerts
    assert opened.dedup_key == ended.dedup_key == "sentry:issue:81"
    assert (opened.status, ended.status) == ("firing", "resolved")
    assert (ended.ended_at, ended.event_at) == (SENT_AT, SENT_AT)


@pytest.mark.parametrize(
    ("action", "status"),
    [("unresolved", "firing"), ("archived", "resolved"), ("ignored", "resolved")],
)
def test_action_on_an_issue_is_its_state(action, status):
    body = json.dumps({"action": action, "data": {"issue": {"id": 1, "title": "x"}}})
    [alert] = parse(body.encode(), headers={}, options={}).alerts
    assert alert.status == status


def test_issue_alert_has_its_tags_and_its_rule(read):
    [alert] = read("sentry/event-alert").alerts
    assert alert.severity == "high"
    assert alert.labels == {
        "environment": "production",
        "level": "error",
        "model": "meridian-3",
        "platform": "python",
        "region": "eu",
        "rule": "Filter trouble",
    }


def test_metric_alert_is_keyed_by_its_rule(read):
    [fired] = read("sentry/metric-alert-warning").alerts
    [ended] = read("sentry/metric-alert-resolved").alerts
    assert fired.dedup_key == ended.dedup_key == "sentry:metric:12"
    assert (fired.status, fired.severity) == ("firing", "medium")
    assert fired.started_at == datetime(2026, 11, 23, 4, tzinfo=UTC)
    assert (ended.status, ended.ended_at) == (
        "resolved",
        datetime(2026, 11, 23, 6, tzinfo=UTC),
    )


def test_legacy_plugin_shares_the_key_of_the_issue(read):
    [alert] = read("sentry/legacy-plugin").alerts
    assert (alert.dedup_key, alert.status, alert.severity, alert.title) == (
        "sentry:issue:81",
        "firing",
        "medium",
        TITLE,
    )
    assert alert.summary == "serving.filter in load\npolicy not loaded"
    assert alert.labels == {
        "environment": "production",
        "level": "warning",
        "project": "serving",
    }


def test_assignment_gives_no_alert(read):
    assert read("sentry/issue-assigned") == ParsedDelivery(
        (), ignored="Who is assigned to an issue changes nothing here."
    )


@pytest.mark.parametrize("resource", ["comment", "error", "installation", "seer"])
def test_resource_that_is_no_alert_gives_none(resource):
    headers = {"sentry-hook-resource": resource}
    assert parse(b'{"action": "created"}', headers=headers, options={}) == (
        ParsedDelivery(
            (), ignored=f"Sentry's {resource} webhooks give no alert; issue does."
        )
    )


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("sentry/malformed-action") == (
        'action: found "pondered"; send one of created, unresolved, resolved, archived, '
        "ignored, assigned"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{}", "data"),
        (b'{"data": {"error": {}}}', "data"),
        (b'{"action": "created", "data": {"issue": {}}}', "data.issue.id"),
        (b'{"action": "triggered", "data": {"event": {}}}', "data.event.issue_id"),
        (b'{"action": "x", "data": {"event": {"issue_id": 1}}}', "action"),
        (
            b'{"action": "warning", "data": {"metric_alert": {}}}',
            "data.metric_alert.alert_rule.id",
        ),
        (b'{"event": {}}', "id"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
