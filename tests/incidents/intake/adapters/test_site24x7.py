import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.site24x7 import parse

AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
FIRING = Path(__file__).parents[3] / "payloads/site24x7/firing.json"


def alert_of(**message):
    body = json.dumps({"STATUS": "DOWN", "MONITORNAME": "API", **message}).encode()
    return parse(body, headers={}, options={}).alerts[0]


def test_monitor_that_is_down_is_read_whole(read):
    assert read("site24x7/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="site24x7:4471",
                status="firing",
                title="Inference API: DOWN",
                summary="Internal Server Error",
                started_at=AT,
                event_at=AT,
                labels={
                    "MONITORURL": "https://api.meridian.example",
                    "group": "Public",
                    "locations": "Oslo,Lyon",
                    "monitor": "Inference API",
                    "type": "URL",
                },
                url="https://www.site24x7.example/rca.do?id=1",
                group_key="site24x7:4471",
                group_title="Inference API: DOWN",
            ),
        ),
    )


def test_monitor_that_is_up_ends_the_same_alert(read):
    [alert] = read("site24x7/resolved").alerts
    ended_at = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("site24x7:4471", "resolved")
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


def test_form_says_the_same_as_json(read):
    form = urlencode(json.loads(FIRING.read_bytes())).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert parse(form, headers=headers, options={}) == read("site24x7/firing")


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ({"STATUS": "TROUBLE"}, "medium"),
        ({"STATUS": "CRITICAL"}, "high"),
        ({"STATUS": "DOWN"}, "unknown"),
        ({"STATUS": "TROUBLE", "TAGS": "severity:critical"}, "critical"),
    ],
)
def test_severity_is_a_tag_else_the_state(message, severity):
    assert alert_of(**message).severity == severity


def test_key_is_our_field_else_the_name():
    assert alert_of(MONITOR_ID=9).dedup_key == "site24x7:9"
    assert alert_of().dedup_key == "site24x7:API"


def test_suspended_monitor_gives_no_alert(read):
    assert read("site24x7/suspended") == ParsedDelivery(
        (), ignored="The state SUSPENDED decides nothing."
    )


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("site24x7/malformed-state") == (
        'STATUS: found "SIDEWAYS"; send one of down, critical, trouble, up, suspended, '
        "maintenance, discovery in progress, configuration error"
    )


def test_body_without_monitor_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b'{"STATUS": "UP"}', headers={}, options={})
    assert caught.value.field == "MONITORNAME"
