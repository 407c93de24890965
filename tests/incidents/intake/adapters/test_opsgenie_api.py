import pytest

from incidents.intake.adapters.base import ParsedAlert, ParsedDelivery, Unreadable
from incidents.intake.adapters.opsgenie_api import parse


def test_create_is_read_whole(read):
    assert read("opsgenie_api/create-complete").alerts == (
        ParsedAlert(
            dedup_key="og:refusals/meridian-3",
            status="firing",
            title="Refusals collapsed",
            summary="Under 1 %\nfor ten minutes.",
            severity="critical",
            labels={
                "entity": "meridian-3",
                "rate": "0.8",
                "source": "watch",
                "tags": "safety, model",
            },
            group_key="og:refusals/meridian-3",
            group_title="Refusals collapsed",
        ),
    )


def test_priority_left_out_is_p3():
    [alert] = parse(b'{"message": "x"}', headers={}, options={}).alerts
    assert alert.severity == "medium"


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("close", "resolved"),
        ("delete", "resolved"),
        ("acknowledge", "acknowledged"),
        ("notes", "noted"),
    ],
)
def test_action_names_the_alert_of_the_address(action, status):
    headers = {":action": action, ":alert": "disk-7", ":alert-by": "alias"}
    body = b'{"user": "Ada", "note": "On it"}'
    assert parse(body, headers=headers, options={}).alerts == (
        ParsedAlert(
            "og:disk-7",
            status,
            f"disk-7 {status}",
            summary="Ada: On it",
            group_key="og:disk-7",
            is_bare=True,
        ),
    )


def test_id_is_the_digest_under_which_the_alert_is_stored():
    headers = {":action": "close", ":alert": "ab" * 32}
    [alert] = parse(b"", headers=headers, options={}).alerts
    assert (alert.dedup_digest, alert.status) == ("ab" * 32, "resolved")


def test_id_of_a_request_is_the_alias_that_its_alert_got():
    headers = {":given-key": "0d6b-7c"}
    [fired] = parse(b'{"message": "x"}', headers=headers, options={}).alerts
    headers = {":action": "close", ":alert": "0d6b-7c", ":alert-by": "id"}
    [closed] = parse(b"", headers=headers, options={}).alerts
    assert closed.dedup_key == fired.dedup_key
    assert closed.dedup_digest == ""


def test_other_actions_are_known_and_change_nothing():
    headers = {":action": "snooze", ":alert": "disk-7", ":alert-by": "alias"}
    assert parse(b"{}", headers=headers, options={}) == ParsedDelivery(
        (), ignored="The action snooze changes nothing here."
    )


def test_tiny_id_cannot_be_told_apart():
    headers = {":action": "close", ":alert": "7", ":alert-by": "tiny"}
    with pytest.raises(Unreadable, match="name the alert by its id or its alias"):
        parse(b"", headers=headers, options={})
