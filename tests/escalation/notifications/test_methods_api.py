from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.api_world import ApiWorld

METHODS = "/api/v1/contact-methods/"
MINE = {"slug": "mail", "channel": "email", "address": "me@aurora.example"}


@pytest.fixture
def api_world(db: None) -> "ApiWorld":
    from tests.api_world import make_api_world  # noqa: PLC0415  Django is set up by now

    return make_api_world()


def test_method_is_ones_own_and_not_verified(api_world: "ApiWorld") -> None:
    body = api_world.as_("staff").post(METHODS, MINE).json()
    assert body["person"] == api_world.person("staff").email
    assert (body["verified_at"], body["secret"]) == (None, None)
    assert api_world.as_("responder").get(METHODS).json()["results"] == []


def test_secret_of_a_webhook_is_shown_once(api_world: "ApiWorld") -> None:
    sent = {"slug": "hook", "channel": "webhook", "address": "https://x.example/h"}
    client = api_world.as_("admin")
    body = client.post(METHODS, {**sent, "desk": True}).json()
    assert body["secret"].startswith("whsec_")
    assert body["person"] is None
    [row] = client.get(METHODS).json()["results"]
    assert "secret" not in row


def test_desk_is_the_administrators(api_world: "ApiWorld") -> None:
    answer = api_world.as_("staff").post(METHODS, {**MINE, "desk": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("channel", "address"),
    [("email", "nobody"), ("webhook", "ftp://x.example"), ("webhook", "http://u:p@x")],
)
def test_address_that_the_channel_cannot_use_is_named(
    api_world: "ApiWorld", channel: str, address: str
) -> None:
    sent = {"slug": "m", "channel": channel, "address": address}
    [error] = api_world.as_("staff").post(METHODS, sent).json()["errors"]
    assert (error["field"], error["value"]) == ("address", address)


def test_code_that_arrived_verifies_the_method(api_world: "ApiWorld") -> None:
    from escalation.models import Notification  # noqa: PLC0415  see above
    from escalation.notifications.render import Message  # noqa: PLC0415  see above
    from escalation.notifications.verification import (  # noqa: PLC0415  see above
        fill_in_code,
    )

    client = api_world.as_("staff")
    pk = client.post(METHODS, MINE).json()["id"]
    assert client.post(f"{METHODS}{pk}/verify/").status_code == 202
    row = Notification.objects.get()
    message = Message.from_json(row.message)
    code = fill_in_code(message, dedup_key=row.dedup_key).data["code"]
    wrong = client.post(f"{METHODS}{pk}/confirm/", {"code": "x"})
    assert wrong.json()["errors"][0]["field"] == "code"
    body = client.post(f"{METHODS}{pk}/confirm/", {"code": code}).json()
    assert body["verified_at"] is not None


def test_removed_method_may_come_back_unverified(api_world: "ApiWorld") -> None:
    client = api_world.as_("staff")
    pk = client.post(METHODS, MINE).json()["id"]
    assert client.delete(f"{METHODS}{pk}/").status_code == 204
    assert client.get(METHODS).json()["results"] == []
    again = client.post(METHODS, {**MINE, "address": "new@aurora.example"}).json()
    assert (again["id"], again["address"]) == (pk, "new@aurora.example")
