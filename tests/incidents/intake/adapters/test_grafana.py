import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.grafana import parse


def test_unified_alert_is_read_whole(read):
    delivery = read("grafana/firing-with-panel")
    assert delivery.alerts == (
        ParsedAlert(
            dedup_key="grafana:4:c0ffee0011223344",
            status="firing",
            title="Refusals collapsed",
            summary="Refusal rate under 1 %\nMeasured over ten minutes.",
            severity="critical",
            started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
            event_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
            labels={
                "alertname": "Refusals collapsed",
                "model": "meridian-3",
                "severity": "critical",
            },
            url="https://grafana.meridian.example/d/safety?viewPanel=2",
            group_key='grafana:group:{alertname="Refusals collapsed"}',
            group_title="Refusals collapsed",
        ),
    )
    assert delivery.is_test is False


def test_no_data_is_low_and_keyed_by_the_rule(read):
    [alert] = read("grafana/no-data").alerts
    assert alert.severity == "low"
    assert alert.dedup_key == "grafana:1:DatasourceNoData:Refusals collapsed"
    assert alert.title == "Refusals collapsed: no data"


def test_test_button_is_a_test(read):
    assert read("grafana/test-button").is_test is True


def test_name_of_an_alert_that_is_no_text_is_no_name():
    alert = {"labels": {"alertname": [], "rulename": "r"}, "fingerprint": "a1"}
    body = json.dumps({"alerts": [alert]}).encode()
    [parsed] = parse(body, headers={}, options={}).alerts
    assert (parsed.dedup_key, parsed.severity, parsed.title) == (
        "grafana::a1",
        "unknown",
        "Alert without a name",
    )


def test_empty_list_of_alerts_is_no_test():
    assert parse(b'{"alerts": []}', headers={}, options={}).is_test is False


def test_legacy_alert_is_read_whole(read):
    assert read("grafana/legacy-no-data").alerts == (
        ParsedAlert(
            dedup_key="grafana-legacy:grafana.aurora.example:3000:2:31",
            status="firing",
            title="GPU load",
            summary="The query returned nothing.",
            severity="low",
            labels={"host": "gpu-7", "severity": "critical", "team": "platform"},
            url="",
            group_key="grafana-legacy:grafana.aurora.example:3000:2:31",
            group_title="GPU load",
        ),
    )


def test_legacy_state_that_changes_nothing_gives_no_alert(read):
    assert read("grafana/legacy-pending").alerts == ()


def test_legacy_firing_and_ok_are_one_alert():
    rule = {"ruleId": 7, "ruleUrl": "https://g.example/d?orgId=3"}
    keys = []
    for state, status in [("alerting", "firing"), ("ok", "resolved")]:
        body = json.dumps({**rule, "state": state}).encode()
        [alert] = parse(body, headers={}, options={}).alerts
        assert alert.status == status
        keys.append(alert.dedup_key)
    assert keys == ["grafana-legacy:g.example:3:7"] * 2


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("grafana/malformed-legacy-state")
    assert str(caught.value) == (
        'state: found "sideways"; send one of alerting, no_data, ok, pending, paused'
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"not json", "body"),
        (b"[]", "body"),
        (b"{}", "alerts"),
        (b'{"alerts": null}', "alerts"),
        (b'{"ruleName": "", "state": "ok"}', "ruleId"),
        (b'{"ruleId": 1}', "state"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
