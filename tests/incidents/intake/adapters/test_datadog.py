import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.datadog import ADAPTER, parse

REMEDY = (
    "put the payload template from this source's page into the webhook, with Use custom "
    "payload on"
)


def alert_of(**message):
    [alert] = parse(json.dumps(message).encode(), headers={}, options={}).alerts
    return alert


def test_triggered_monitor_is_read_whole(read):
    assert read("datadog/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="datadog:8248:host:gpu-7",
                status="firing",
                title="GPU memory near its end",
                summary="More than 95 % for 15 minutes.",
                severity="high",
                started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                event_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                labels={
                    "host": "gpu-7",
                    "priority": "P2",
                    "scope": "host:gpu-7",
                    "tags": "gpu",
                    "team": "weights",
                },
                url="https://app.datadoghq.example/monitors/8248",
                group_key="datadog:8248:host:gpu-7",
                group_title="GPU memory near its end",
            ),
        ),
    )


def test_recovered_monitor_ends_the_same_alert(read):
    [alert] = read("datadog/resolved").alerts
    ended_at = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("datadog:8248:host:gpu-7", "resolved")
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


def test_default_body_takes_state_and_key_from_its_texts(read):
    [alert] = read("datadog/default-body").alerts
    assert (alert.dedup_key, alert.status, alert.severity, alert.title) == (
        "datadog:8248:host:gpu-7",
        "firing",
        "critical",
        "GPU memory near its end",
    )


def test_default_body_without_a_link_is_keyed_by_name_and_group():
    fired = alert_of(title="[Triggered on {host:a}] Load", body="")
    ended = alert_of(title="[Recovered on {host:a}] Load", body="")
    assert fired.dedup_key == ended.dedup_key == "datadog:Load:host:a"
    assert (fired.status, ended.status) == ("firing", "resolved")


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ({"transition": "Warn", "type": "warning"}, "medium"),
        ({"transition": "Triggered", "type": "error"}, "high"),
        ({"transition": "No Data", "priority": "P4"}, "low"),
        ({"transition": "Triggered", "title": "[P1] [Triggered] x"}, "critical"),
        ({"transition": "Renotify"}, "unknown"),
    ],
)
def test_severity_is_the_priority_else_the_kind(message, severity):
    assert alert_of(dedup_key="1:", **message).severity == severity


def test_test_notification_is_a_test():
    body = json.dumps({"title": "[TEST] [P1] [Triggered on {host:a}] Load"}).encode()
    parsed = parse(body, headers={}, options={})
    assert parsed.is_test is True
    assert parsed.alerts[0].title == "Load"


def test_event_that_is_no_monitor_gives_no_alert(read):
    assert read("datadog/no-monitor") == ParsedDelivery(
        (), ignored="An event that is no monitor gives no alert."
    )


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("datadog/malformed-no-template") == (
        f'title: found "Deployment finished"; {REMEDY}'
    )


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"transition": "Triggered"}, "dedup_key"),
        ({"transition": "$ALERT_TRANSITION", "dedup_key": "1"}, "transition"),
        ({"title": "[Deployed] x"}, "title"),
    ],
)
def test_unreadable_body_names_the_field(message, field):
    with pytest.raises(Unreadable) as caught:
        parse(json.dumps(message).encode(), headers={}, options={})
    assert caught.value.field == field


def test_template_to_copy_is_json_with_what_the_adapter_reads():
    template = json.loads(ADAPTER.snippet)
    assert template["dedup_key"] == "$ALERT_ID:$AGGREG_KEY"
    assert {"transition", "priority", "type", "title", "date"} <= set(template)
