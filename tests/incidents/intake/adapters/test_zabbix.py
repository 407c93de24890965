import json
from datetime import UTC, datetime

import pytest
import yaml

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.zabbix import ADAPTER, parse

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)


def alert_of(**message):
    body = json.dumps({"event_id": "1", "event_value": "1", **message}).encode()
    return parse(body, headers={}, options={}).alerts[0]


def test_problem_is_read_whole(read):
    assert read("zabbix/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="zabbix:411",
                status="firing",
                title="Disk is full on store-1",
                summary="Problem started at 04:00:00.\nHost: store-1",
                severity="high",
                started_at=AT,
                event_at=AT,
                labels={
                    "data": "97 %",
                    "host": "store-1",
                    "host_ip": "198.51.100.4",
                    "tags": "scratch",
                    "team": "weights",
                    "trigger": "77",
                },
                group_key="zabbix:trigger:77",
                group_title="Disk is full on store-1",
            ),
        ),
    )


def test_recovery_ends_the_same_alert(read):
    [alert] = read("zabbix/resolved").alerts
    ended_at = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("zabbix:411", "resolved")
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


def test_update_fires_with_its_new_severity(read):
    [alert] = read("zabbix/updated").alerts
    assert (alert.status, alert.severity, alert.started_at, alert.event_at) == (
        "firing",
        "critical",
        AT,
        datetime(2026, 11, 23, 4, 10, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("number", "severity"),
    [("3", "medium"), ("2", "low"), ("1", "info"), ("0", "unknown"), ("9", "unknown")],
)
def test_severity_is_the_number(number, severity):
    assert alert_of(severity=number).severity == severity


def test_macro_that_zabbix_left_standing_counts_as_empty():
    alert = alert_of(name="Down", host="*UNKNOWN*", trigger_id="{TRIGGER.ID}")
    assert (alert.title, alert.labels, alert.group_key) == ("Down", {}, "zabbix:1")


def test_discovery_gives_no_alert(read):
    assert read("zabbix/discovery") == ParsedDelivery(
        (), ignored="An event of discovery gives no alert."
    )


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("zabbix/malformed-macro") == (
        'event_value: found "{EVENT.VALUE}"; send one of 1, 0'
    )


def test_body_without_event_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b'{"event_id": "{EVENT.ID}"}', headers={}, options={})
    assert str(caught.value) == (
        'event_id: found "{EVENT.ID}"; import the media type from this source\'s page and '
        "send with it"
    )


def test_media_type_to_import_sends_what_the_adapter_reads():
    address = "https://tocsin.example/hooks/zabbix/KEY"
    [media_type] = yaml.safe_load(ADAPTER.example(url=address, key="KEY"))[
        "zabbix_export"
    ]["media_types"]
    parameters = {one["name"]: one["value"] for one in media_type["parameters"]}
    assert parameters.pop("address") == address
    assert parameters["event_id"] == "{EVENT.ID}"
    assert {"event_value", "severity", "trigger_id", "ended_at"} <= set(parameters)
