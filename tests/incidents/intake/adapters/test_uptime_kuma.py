import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.uptime_kuma import parse

AT = datetime(2026, 11, 23, 4, 0, 0, 374_000, tzinfo=UTC)
FIRING = Path(__file__).parents[3] / "payloads/uptime_kuma/firing.json"
TITLE = "Public / Inference API is down"


def test_monitor_that_is_down_is_read_whole_without_its_password(read):
    assert read("uptime_kuma/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="kuma:4",
                status="firing",
                title=TITLE,
                summary="timeout of 16000ms exceeded",
                severity="high",
                started_at=AT,
                event_at=AT,
                labels={
                    "monitor": "Public / Inference API",
                    "severity": "high",
                    "tags": "public",
                    "type": "http",
                },
                url="https://api.meridian.example/health",
                group_key="kuma:4",
                group_title=TITLE,
            ),
        ),
    )


def test_monitor_that_is_up_ends_the_same_alert(read):
    [alert] = read("uptime_kuma/resolved").alerts
    ended_at = datetime(2026, 11, 23, 4, 7, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("kuma:4", "resolved")
    assert alert.title == "Public / Inference API is up"
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


def test_form_says_the_same_as_json(read):
    document = json.dumps(json.loads(FIRING.read_bytes())).encode()
    body = (
        b'--kuma\r\nContent-Disposition: form-data; name="data"\r\n\r\n'
        + document
        + b"\r\n--kuma--\r\n"
    )
    headers = {"content-type": "multipart/form-data; boundary=kuma"}
    parsed = parse(body, headers=headers, options={})
    assert parsed == read("uptime_kuma/firing")


def test_pending_monitor_gives_no_alert(read):
    assert read("uptime_kuma/pending") == ParsedDelivery(
        (), ignored="A monitor that is pending or in maintenance gives no alert."
    )


def test_test_button_is_a_test(read):
    assert read("uptime_kuma/test-button") == ParsedDelivery(
        (), is_test=True, ignored="This is Uptime Kuma's test button."
    )


def test_certificate_that_ends_is_one_alert_on_all_days(read):
    [today] = read("uptime_kuma/certificate-ends").alerts
    body = json.dumps({"msg": today.title.replace("14", "7")}).encode()
    [later] = parse(body, headers={}, options={}).alerts
    assert today.dedup_key == later.dedup_key
    assert (today.status, today.title.endswith("in 14 days")) == ("firing", True)


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("uptime_kuma/malformed-status") == (
        'heartbeat.status: found "9"; send one of 0, 1, 2, 3'
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [(b"{}", "heartbeat"), (b'{"heartbeat": {"status": 0}}', "monitor.id")],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
