import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.azure_monitor import parse
from incidents.intake.adapters.base import ParsedAlert, Unreadable

ALERT = "/subscriptions/s1/providers/Microsoft.AlertsManagement/alerts/a1"
AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def with_severity(value):
    essentials = {"alertId": "a", "monitorCondition": "Fired", "severity": value}
    body = {"schemaId": "azureMonitorCommonAlertSchema"}
    body["data"] = {"essentials": essentials}
    return parse(json.dumps(body).encode(), headers={}, options={}).alerts[0]


def test_alert_of_the_common_schema_is_read_whole(read):
    assert read("azure_monitor/firing-common").alerts == (
        ParsedAlert(
            dedup_key=f"azure:{ALERT}",
            status="firing",
            title="Egress",
            summary="Forty times the weekly mean.",
            severity="high",
            started_at=AT.replace(microsecond=123456),
            event_at=AT.replace(microsecond=123456),
            labels={
                "context.condition.windowSize": "PT5M",
                "context.conditionType": "SingleResourceMultipleMetricCriteria",
                "dimension.Host": "vault-1",
                "essentialsVersion": "1.0",
                "firedDateTime": "2026-11-23T01:02:03.1234567Z",
                "item": "vault-1",
                "metric": "Network Out",
                "monitorCondition": "Fired",
                "originAlertId": "o1",
                "rule": "Egress",
                "service": "Platform",
                "severity": "Sev1",
                "signal": "Metric",
                "target": "/subscriptions/s1/vm/vault-1",
                "team": "weights",
            },
            url="https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetails"
            "/alertId/%2Fsubscriptions%2Fs1%2Fproviders%2F"
            "Microsoft.AlertsManagement%2Falerts%2Fa1",
            group_key=f"azure:{ALERT}",
            group_title="Egress",
        ),
    )


def test_resolved_alert_has_the_same_key_and_both_times(read):
    [alert] = read("azure_monitor/resolved-common").alerts
    assert (alert.dedup_key, alert.status) == (f"azure:{ALERT}", "resolved")
    assert alert.started_at == AT.replace(microsecond=123456)
    assert alert.ended_at == alert.event_at == AT.replace(minute=12)


def test_test_of_the_action_group_is_one(read):
    assert read("azure_monitor/test-of-the-action-group").is_test is True
    assert read("azure_monitor/firing-common").is_test is False


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("Sev0", "critical"),
        ("Sev1", "high"),
        ("sev2", "medium"),
        ("3", "low"),
        (4, "info"),
        ("Sev9", "unknown"),
        ("Error", "high"),
        (None, "unknown"),
    ],
)
def test_severity_counts_from_the_worst(value, word):
    assert with_severity(value).severity == word


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "resolved-service-health",
            (
                "azure:health:T-123",
                "resolved",
                "info",
                "Virtual machines in West Europe",
            ),
        ),
        (
            "resolved-resource-health",
            (
                "azure:resource:VM health:/subscriptions/s1/vm/vault-1",
                "resolved",
                "info",
                "VM health",
            ),
        ),
        (
            "resolved-metric",
            (
                "azure-metric:/subscriptions/s1/metricAlerts/Egress:"
                "/subscriptions/s1/vm/vault-1:vault-1:Network Out",
                "resolved",
                "medium",
                "Egress",
            ),
        ),
        (
            "resolved-classic",
            ("azure-metric:/r/rule1:/s/site1", "resolved", "unknown", "rule1"),
        ),
        (
            "firing-activity-log",
            (
                "azure-activity:Microsoft.KeyVault/vaults/delete:"
                "/subscriptions/s1/vaults/keys",
                "firing",
                "medium",
                "Microsoft.KeyVault/vaults/delete Succeeded",
            ),
        ),
        (
            "firing-log-search",
            ("azure-log:w1:Refusals fall", "firing", "medium", "Refusals fall"),
        ),
    ],
)
def test_each_older_schema_is_read(outline, name, expected):
    assert outline(f"azure_monitor/{name}") == [expected]


def test_end_by_a_stage_is_the_moment_of_the_message(read):
    [alert] = read("azure_monitor/resolved-service-health").alerts
    assert alert.started_at is None
    assert alert.ended_at == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def test_claims_of_the_caller_are_no_label(read):
    [alert] = read("azure_monitor/firing-activity-log").alerts
    assert alert.labels["caller"] == "eve@aurora.example"
    assert not [name for name in alert.labels if "claims" in name]


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("azure_monitor/malformed-condition")
    assert str(caught.value) == (
        'data.essentials.monitorCondition: found "Wobbling"; send Fired, Activated, '
        "Resolved or Deactivated"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "schemaId"),
        (b'{"schemaId": "other"}', "schemaId"),
        (
            b'{"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": '
            b'{"monitorCondition": "Fired"}}}',
            "data.essentials.alertId",
        ),
        (b'{"context": {"id": "r"}}', "status"),
        (b'{"context": {}, "status": "Activated"}', "context.id"),
        (b'{"schemaId": "Microsoft.Insights/LogAlert"}', "data.AlertRuleName"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
