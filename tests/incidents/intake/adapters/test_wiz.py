import json
from datetime import UTC, datetime

import pytest

from incidents.intake.adapters.base import ParsedAlert, Unreadable
from incidents.intake.adapters.wiz import parse

AT = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


def test_body_of_wizs_template_is_read_whole(read):
    assert read("wiz/firing-template").alerts == (
        ParsedAlert(
            dedup_key="wiz:i1",
            status="firing",
            title="Public bucket with weights on ckpt",
            summary="Anybody can read it.\n\nClose it.",
            severity="critical",
            started_at=AT,
            event_at=AT,
            labels={
                "cloud": "AWS",
                "created": "2026-11-23T01:02:03Z",
                "project": "weights",
                "resource": "ckpt",
                "resource_type": "bucket",
                "severity": "CRITICAL",
                "status": "OPEN",
                "subscription": "1111",
            },
            url="https://app.wiz.io/issues#~(issue~'i1)",
            group_key="wiz:i1",
            group_title="Public bucket with weights on ckpt",
        ),
    )


def test_issue_of_the_api_resolves_that_of_the_template(read):
    [alert] = read("wiz/resolved-issue").alerts
    assert (alert.dedup_key, alert.status) == ("wiz:i1", "resolved")
    assert alert.title == "Public bucket with weights on ckpt"
    assert alert.started_at == AT
    assert alert.ended_at == datetime(2026, 11, 23, 2, 0, 0, 597355, tzinfo=UTC)
    assert alert.labels["project"] == "weights"


@pytest.mark.parametrize(
    ("word", "status"),
    [("OPEN", "firing"), ("IN_PROGRESS", "firing"), ("REJECTED", "resolved")],
)
def test_status_of_an_issue(word, status):
    body = json.dumps({"id": "1", "status": word}).encode()
    assert parse(body, headers={}, options={}).alerts[0].status == status


def test_identity_cannot_break_out_of_the_address():
    body = json.dumps({"id": "a b'\ud800", "status": "OPEN"}).encode()
    [alert] = parse(body, headers={}, options={}).alerts
    assert alert.url == "https://app.wiz.io/issues#~(issue~'a%20b%27%3F)"


def test_malformed_payload_is_unreadable(read):
    with pytest.raises(Unreadable) as caught:
        read("wiz/malformed-status")
    assert str(caught.value) == (
        'issue.status: found "WOBBLING"; send one of OPEN, IN_PROGRESS, RESOLVED, '
        "REJECTED"
    )


def test_issue_without_identity_is_unreadable():
    with pytest.raises(Unreadable) as caught:
        parse(b'{"issue": {"status": "OPEN"}}', headers={}, options={})
    assert caught.value.field == "issue.id"
