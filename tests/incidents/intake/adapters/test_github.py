import json
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.github import parse

TITLE = "Uncontrolled data used in path in aurora/evals"


def alert_of(event="code_scanning_alert", action="created", **alert):
    body = json.dumps({"action": action, "alert": {"number": 1, **alert}})
    headers = {"x-github-event": event}
    [parsed] = parse(body.encode(), headers=headers, options={}).alerts
    return parsed


def test_code_scanning_alert_is_read_whole(read):
    assert read("github/code-scanning-created") == ParsedDelivery(
        alerts=(
            ParsedAlert(
                dedup_key="github:aurora/evals:code_scanning_alert:10",
                status="firing",
                title=TITLE,
                summary="A path that a user controls\nmay reach any file.",
                severity="critical",
                started_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                event_at=datetime(2026, 11, 23, 4, tzinfo=UTC),
                labels={
                    "event": "code_scanning_alert",
                    "ref": "refs/heads/main",
                    "repository": "aurora/evals",
                    "rule": "py/path-injection",
                    "tool": "CodeQL",
                },
                url="https://github.com/aurora/evals/security/code-scanning/10",
                group_key="github:aurora/evals:code_scanning_alert:10",
                group_title=TITLE,
            ),
        ),
    )


def test_fixed_alert_ends_the_same_alert(read):
    [alert] = read("github/code-scanning-fixed").alerts
    ended_at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert alert.dedup_key == "github:aurora/evals:code_scanning_alert:10"
    assert (alert.status, alert.ended_at, alert.event_at) == (
        "resolved",
        ended_at,
        ended_at,
    )


def test_dismissed_dependency_ends(read):
    [alert] = read("github/dependabot-auto-dismissed").alerts
    assert (alert.dedup_key, alert.status, alert.severity, alert.title) == (
        "github:aurora/evals:dependabot_alert:4",
        "resolved",
        "medium",
        "Code runs when weights are loaded in aurora/evals",
    )
    assert alert.labels["package"] == "tensorloader"


def test_secret_that_leaked_publicly_is_critical(read):
    [alert] = read("github/secret-leaked").alerts
    assert (alert.status, alert.severity, alert.title) == (
        "firing",
        "critical",
        "Secret found: Object store key in aurora/evals",
    )


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        ({"severity": "note"}, "info"),
        ({"severity": "warning"}, "medium"),
        ({"severity": "error", "security_severity_level": "low"}, "low"),
        ({}, "unknown"),
    ],
)
def test_severity_of_code_scanning_is_the_security_severity_first(rule, severity):
    assert alert_of(rule=rule).severity == severity


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"state": None}, "firing"),
        ({"resolution": "revoked"}, "resolved"),
        ({"resolved_at": "2026-11-23T04:00:00Z"}, "resolved"),
    ],
)
def test_alert_without_a_state_is_open_until_it_has_an_end(fields, status):
    assert alert_of("secret_scanning_alert", **fields).status == status


def test_body_of_a_form_says_the_same(read):
    whole = read("github/code-scanning-created")
    document = {"alert": {"number": 1, "secret_type": "x"}}
    form = urlencode({"payload": json.dumps(document)}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    by_form = parse(form, headers=headers, options={})
    by_json = parse(json.dumps(document).encode(), headers={}, options={})
    assert by_form == by_json != whole


def test_ping_of_a_new_webhook_gives_no_alert(read):
    assert read("github/ping") == ParsedDelivery(
        (), ignored="The event ping gives no alert."
    )


@pytest.mark.parametrize("event", ["push", "secret_scanning_alert_location"])
def test_other_event_gives_no_alert(event):
    parsed = parse(b"{}", headers={"x-github-event": event}, options={})
    assert parsed == ParsedDelivery((), ignored=f"The event {event} gives no alert.")


def test_malformed_payload_is_unreadable(refusal):
    assert refusal("github/malformed-state") == (
        'alert.state: found "ajar"; send one of open, fixed, dismissed, auto_dismissed, '
        "resolved, closed"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "alert"),
        (b"payload=nothing", "body"),
        (b'{"alert": {"rule": {}}}', "alert.number"),
    ],
)
def test_unreadable_body_names_the_field(body, field):
    with pytest.raises(Unreadable) as caught:
        parse(body, headers={}, options={})
    assert caught.value.field == field
