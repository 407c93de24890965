import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.checkly import ADAPTER, parse

AT = datetime(2026, 11, 23, 4, 0, 0, 544_000, tzinfo=UTC)
TITLE = 'Check "Refusal canary" has failed'


def alert_of(kind, **message):
    body = json.dumps({"alert_type": kind, "check_id": "1", **message}).encode()
    return parse(body, headers={}, options={}).alerts[0]


def test_check_that_failed_is_read_whole(read):
    assert read("checkly/firing") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="checkly:927a-2982",
                status="firing",
                title=TITLE,
                summary="expected a refusal",
                started_at=AT,
                event_at=AT,
                labels={
                    "check": "Refusal canary",
                    "group": "Canaries",
                    "location": "Singapore",
                    "model": "meridian-3",
                    "status_code": "200",
                    "tags": "canary",
                    "type": "API",
                },
                url="https://app.checklyhq.example/checks/927a-2982",
                group_key="checkly:927a-2982",
                group_title=TITLE,
            ),
        ),
    )


def test_recovery_ends_the_same_alert(read):
    [alert] = read("checkly/resolved").alerts
    ended_at = datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert (alert.dedup_key, alert.status) == ("checkly:927a-2982", "resolved")
    assert (alert.ended_at, alert.event_at) == (ended_at, ended_at)


@pytest.mark.parametrize(
    ("kind", "status", "severity"),
    [
        ("ALERT_DEGRADED", "firing", "low"),
        ("ALERT_FAILURE_DEGRADED", "firing", "low"),
        ("ALERT_DEGRADED_FAILURE", "firing", "unknown"),
        ("ALERT_FAILURE_REMAIN", "firing", "unknown"),
        ("ALERT_DEGRADED_RECOVERY", "resolved", "unknown"),
    ],
)
def test_type_says_state_and_severity(kind, status, severity):
    alert = alert_of(kind)
    assert (alert.status, alert.severity) == (status, severity)


def test_tag_sets_the_severity():
    assert alert_of("ALERT_DEGRADED", tags="severity:critical").severity == "critical"


def test_certificate_is_an_alert_of_its_own(read):
    [alert] = read("checkly/certificate").alerts
    assert (alert.dedup_key, alert.status) == (
        "checkly:927a-2982:certificate",
        "firing",
    )


def test_text_written_for_a_page_is_turned_back():
    alert = alert_of(
        "ALERT_FAILURE", event="Check &quot;a&quot;", link="https://a.example/?b&#x3D;1"
    )
    assert (alert.title, alert.url) == ('Check "a"', "https://a.example/?b=1")


def test_no_alert_gives_none(read):
    assert read("checkly/no-alert") == ParsedDelivery(
        (), ignored="Checkly says that this is no alert."
    )


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("checkly/malformed-type") == (
        'alert_type: found "{{ALERT_TYP}}"; send one of alert_failure, alert_fail, '
        "alert_failure_remain, alert_failure_degraded, alert_degraded, "
        "alert_degraded_remain, alert_degraded_failure, alert_recovery, "
        "alert_degraded_recovery, alert_ssl, no_alert"
    )


def test_body_without_check_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b'{"alert_type": "ALERT_FAILURE"}', headers={}, options={})
    assert caught.value.field == "check_id"


def test_template_to_copy_is_json_with_what_the_adapter_reads():
    template = json.loads(ADAPTER.snippet)
    assert template["alert_type"] == "{{ALERT_TYPE}}"
    assert template["check_id"] == "{{CHECK_ID}}"
