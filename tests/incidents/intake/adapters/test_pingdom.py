import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.pingdom import parse


def alert_of(**message):
    body = json.dumps({"check_id": 1, "current_state": "DOWN", **message}).encode()
    return parse(body, headers={}, options={}).alerts[0]


def test_check_that_went_down_is_read_whole(read):
    assert read("pingdom/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="pingdom:803318",
                status="firing",
                title="Inference API is down",
                summary="HTTP Server Error 503",
                severity="high",
                started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                event_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                labels={
                    "check": "Inference API",
                    "hostname": "api.meridian.example",
                    "probe": "Lyon, France",
                    "tags": "public",
                    "type": "HTTP",
                },
                url="https://api.meridian.example/",
                group_key="pingdom:803318",
                group_title="Inference API is down",
            ),
        ),
    )


def test_check_that_is_up_ends_the_same_alert(read):
    [alert] = read("pingdom/resolved").alerts
    ended_at = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("pingdom:803318", "resolved")
    assert (alert.title, alert.ended_at) == ("Inference API is up", ended_at)


@pytest.mark.parametrize(
    ("state", "status"), [("FAILING", "firing"), ("SUCCESS", "resolved")]
)
def test_transaction_check_has_words_of_its_own(state, status):
    assert alert_of(current_state=state).status == status


@pytest.mark.parametrize(
    ("message", "severity"),
    [
        ({"importance_level": "LOW"}, "low"),
        ({"importance_level": "LOW", "tags": ["severity-critical"]}, "critical"),
        ({}, "unknown"),
    ],
)
def test_severity_is_a_tag_else_the_importance(message, severity):
    assert alert_of(**message).severity == severity


def test_state_that_decides_nothing_gives_no_alert(read):
    assert read("pingdom/unknown") == ParsedDelivery(
        (), ignored="The state UNKNOWN decides nothing."
    )


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("pingdom/malformed-state") == (
        'current_state: found "SIDEWAYS"; send one of down, failing, up, success, '
        "unknown, unconfirmed_down, paused"
    )


def test_check_without_a_number_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b'{"current_state": "UP"}', headers={}, options={})
    assert caught.value.field == "check_id"
