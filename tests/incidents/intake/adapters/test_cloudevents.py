from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.cloudevents import parse

AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
HEADERS = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a", "ce-type": "x.y"}


def test_event_of_falco_is_read_whole(read):
    key = "ce:https://falco.org:Shell in container:gpu-7"
    assert read("cloudevents/firing-falco").alerts == (
        ParsedAlert(
            dedup_key=key,
            status="firing",
            title="Shell in container",
            summary="A shell was spawned.",
            severity="medium",
            started_at=AT,
            event_at=AT,
            labels={
                "datacontenttype": "application/json",
                "eventsource": "syscall",
                "hostname": "gpu-7",
                "priority": "Warning",
                "rule": "Shell in container",
                "source": "https://falco.org",
                "type": "falco.rule.output.v1",
            },
            group_key=key,
            group_title="Shell in container",
        ),
    )


def test_type_may_tell_the_end(read):
    [alert] = read("cloudevents/resolved-by-type").alerts
    assert (alert.dedup_key, alert.status) == ("ce:/vault/1:egress", "resolved")
    assert (alert.severity, alert.ended_at) == ("high", AT.replace(minute=12))


def test_batch_is_read_event_by_event(outline):
    assert outline("cloudevents/batch") == [
        ("ce:key:egress", "firing", "critical", "Egress"),
        (
            "ce:/vault/1:com.aurora.alert",
            "resolved",
            "unknown",
            "com.aurora.alert.closed",
        ),
    ]


def test_data_in_the_words_of_generic_is_understood(read):
    alert = read("cloudevents/batch").alerts[0]
    assert (alert.group_key, alert.group_title) == ("ce:group:vault", "Vault")
    assert alert.started_at == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert alert.url == "https://aurora.example/1"
    assert alert.labels["team"] == "weights"


def test_binary_event_has_its_attributes_in_headers():
    headers = {**HEADERS, "ce-subject": "K%C3%B6ln", "ce-severity": "critical"}
    body = b'{"title": "Vault leaks"}'
    [alert] = parse(body, headers=headers, options={}).alerts
    assert (alert.dedup_key, alert.title, alert.severity) == (
        "ce:/a:Köln",
        "Vault leaks",
        "critical",
    )


def test_binary_event_may_hold_any_data():
    [alert] = parse(b"disk \xff full", headers=HEADERS, options={}).alerts
    assert (alert.title, alert.summary) == ("x.y", "disk � full")


def test_state_of_the_data_counts_more_than_the_type():
    body = b'{"status": "resolved"}'
    [alert] = parse(body, headers={**HEADERS, "ce-type": "x.firing"}, options={}).alerts
    assert alert.status == "resolved"


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("cloudevents/malformed-without-source")
    assert str(caught.value) == (
        "source: found nothing; send the attributes that CloudEvents 1.0 requires"
    )


def test_event_of_a_batch_is_named_by_its_place():
    body = b'[{"id": "1", "source": "a", "type": "b"}, {"id": "2"}]'
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == "body[1].source"
