"""The tool's own word for a severity reaches the source's table of words."""

import pytest


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("checkly/degraded", "alert_degraded"),
        ("datadog/firing", "P2"),
        ("falco/firing", "error"),
        ("github/code-scanning-created", "critical"),
        ("github/dependabot-auto-dismissed", "moderate"),
        ("github/secret-leaked", ""),
        ("newrelic/firing", "HIGH"),
        ("newrelic/legacy-acknowledged", "WARNING"),
        ("opsgenie/firing", "P1"),
        ("pagerduty/firing", "P2"),
        ("pagerduty/v2-trigger-and-note", "low"),
        ("pingdom/firing", "HIGH"),
        ("sentry/event-alert", "error"),
        ("sentry/issue-created", "fatal"),
        ("sentry/legacy-plugin", "warning"),
        ("sentry/metric-alert-warning", "warning"),
        ("site24x7/firing", "DOWN"),
        ("thousandeyes/firing", "Critical"),
        ("wazuh/firing", "12"),
        ("zabbix/firing", "High"),
        ("zenduty/firing", "1"),
    ],
)
def test_word_of_the_tool_is_told(read, payload, told):
    assert read(payload).alerts[0].severity_told == told
