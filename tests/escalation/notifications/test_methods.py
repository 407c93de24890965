import re
from typing import Any

import pytest

from escalation.models import ContactMethod, Notification
from escalation.notifications.delivery import deliver_batch
from escalation.notifications.methods import add_contact_method
from escalation.notifications.verification import confirm, start_verification
from incidents.events.actor import Actor
from incidents.ledger.keyring import open_secret
from tests.escalation.notifications.makers import NOW, make_method

pytestmark = pytest.mark.django_db


def add(organisation, channel, address) -> ContactMethod:
    method, _ = add_contact_method(
        organisation,
        user=None,
        slug="m",
        channel=channel,
        address=address,
        actor=Actor.system(organisation),
        now=NOW,
    )
    return method


def stored_texts() -> str:
    rows: list[Any] = [
        *ContactMethod.objects.values("address"),
        *Notification.objects.values("address", "message", "last_error"),
    ]
    return str(rows)


@pytest.mark.parametrize(
    ("channel", "fixture", "address", "where"),
    [
        ("sms", "fake_twilio", "+37255512345", "Body"),
        ("voice", "fake_twilio", "+37255512345", "Twiml"),
        ("slack", "fake_slack", "U0123456789", "blocks"),
        ("teams", "fake_teams", "{url}/workflow?sig=key", "attachments"),
        ("apprise", "fake_gotify", "gotify://{host}/AbCdEf123", "message"),
    ],
)
def test_code_that_arrived_by_the_channel_verifies_it(
    lab, request, channel, fixture, address, where
):
    server = request.getfixturevalue(fixture)
    host = server.url.removeprefix("http://")
    method = add(lab, channel, address.format(url=server.url, host=host))
    start_verification(method, now=NOW)
    assert deliver_batch(NOW) == 1
    said = str(server.calls[0].fields[where])
    digits = re.search(r"ode is ((?:[0-9](?:, )?){6})", said)
    assert digits is not None
    code = digits[1].replace(", ", "")
    assert (
        confirm(method, code=code, actor=Actor.system(lab), now=NOW).verified_at == NOW
    )


def test_address_that_is_a_secret_stands_in_no_table(lab, fake_teams):
    address = f"{fake_teams.url}/workflow?sig=key"
    method = add(lab, "teams", address)
    start_verification(method, now=NOW)
    deliver_batch(NOW)
    assert method.address == "http://127.0.0.1/…"
    assert "sig" not in stored_texts()
    sealed = open_secret(method.secret_sealed or b"", context="contact-method")
    assert sealed.decode() == address


def test_id_of_the_provider_is_kept_with_the_attempt(lab, fake_twilio):
    method = make_method(lab, channel="sms", address="+37255512345", verified_at=None)
    row = start_verification(method, now=NOW)
    deliver_batch(NOW)
    assert row.attempt_rows.get().provider_id == f"SM{1:032d}"
