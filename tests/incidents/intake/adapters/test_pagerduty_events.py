import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.pagerduty_events import key_in, parse


def test_trigger_is_read_whole(read):
    assert read("pagerduty_events/trigger-with-details").alerts == (
        ParsedAlert(
            dedup_key="pd:egress/gpu-7",
            status="firing",
            title="Egress anomaly on gpu-7",
            summary="gigabytes: 1200\ndestination: unknown",
            severity="high",
            started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
            labels={
                "class": "anomaly",
                "client": "Aurora watch",
                "component": "egress",
                "destination": "unknown",
                "gigabytes": "1200",
                "group": "cluster-1",
                "source": "gpu-7.aurora.example",
            },
            url="https://watch.aurora.example/egress",
            group_key="pd:egress/gpu-7",
            group_title="Egress anomaly on gpu-7",
        ),
    )


@pytest.mark.parametrize(
    ("name", "status"), [("acknowledge", "acknowledged"), ("resolve", "resolved")]
)
def test_other_actions_name_the_same_alert(read, name, status):
    [alert] = read(f"pagerduty_events/{name}").alerts
    assert (alert.dedup_key, alert.status) == ("pd:egress/gpu-7", status)
    assert alert.event_at is None


def test_trigger_without_a_key_has_the_one_of_its_answer():
    body = b'{"event_action":"trigger","payload":{"summary":"x","source":"y","severity":"info"}}'
    [alert] = parse(body, headers={":given-key": "abc"}, options={}).alerts
    assert alert.dedup_key == "pd:abc"
    with pytest.raises(Unreadable, match="dedup_key: found nothing"):
        parse(body, headers={}, options={})


def test_change_event_is_known_and_opens_nothing():
    body = b'{"payload": {"summary": "Deployed"}}'
    parsed = parse(body, headers={":action": "change"}, options={})
    assert parsed == ParsedDelivery((), ignored="A change event opens no incident.")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{}", "'event_action' is missing or blank"),
        (
            b'{"event_action":"page"}',
            "'event_action' is invalid (must be one of the following: 'trigger', "
            "'acknowledge' or 'resolve')",
        ),
        (b'{"event_action":"resolve"}', "'dedup_key' is missing or blank"),
        (b'{"event_action":"trigger"}', "'payload' is missing or blank"),
        (
            b'{"event_action":"trigger","payload":{"severity":"low"}}',
            "'payload.summary' is missing or blank; 'payload.source' is missing or "
            "blank; 'payload.severity' is invalid (must be one of the following: "
            "'critical', 'warning', 'error' or 'info')",
        ),
    ],
)
def test_invalid_event_says_what_is_wrong_in_the_words_of_the_original(body, problem):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.value.strip('"')[:70] == problem[:70]


def trigger(**more):
    payload = {"summary": "Down", "source": "x", "severity": "critical"}
    body = {"event_action": "trigger", "payload": payload, **more}
    return json.dumps(body).encode()


def key_of(body):
    [alert] = parse(body, headers={":given-key": "g"}, options={}).alerts
    return alert.dedup_key


@pytest.mark.parametrize("blank", ["", " ", "\ufeff", "\u200e", "\x01", None])
def test_key_that_shows_nothing_is_none(blank):
    body = trigger(dedup_key=blank)
    assert key_of(body) == "pd:g"
    assert key_in(json.loads(body)) == ""


@pytest.mark.parametrize(("told", "key"), [(0, "0"), (" a ", "a"), (True, "true")])
def test_key_is_read_as_it_is_answered(told, key):
    body = trigger(dedup_key=told)
    assert (key_of(body), key_in(json.loads(body))) == (f"pd:{key}", key)


def test_resolve_with_a_blank_key_says_that_it_is_missing():
    with pytest.raises(Unreadable, match="'dedup_key' is missing or blank"):
        parse(b'{"event_action": "resolve", "dedup_key": " "}', headers={}, options={})


def test_key_that_was_given_is_the_id_of_the_delivery_that_is_kept():
    uid = UUID(int=7)
    parsed = parse(trigger(), headers={":given-key": "g"}, options={"uid": uid})
    assert parsed.alerts[0].dedup_key == f"pd:{uid.hex}"
