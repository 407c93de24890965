"""How a source's senders prove who they are: what may be chosen, told and recorded."""

import json
from datetime import timedelta

import pytest

from incidents.errors import BadInput
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.intake.trust import change_trust, proof_of
from incidents.ledger.keyring import open_secret
from incidents.models import Entry
from tests.api_world import ApiWorld, make_api_world
from tests.incidents.intake.intake_world import NOW

SOURCES = "/api/v1/sources/"
SECRET = "correct horse battery"


def change(source, **changes):
    keep = changes.pop("keep_old_secret", timedelta(0))
    actor = Actor.system(source.organisation)
    return change_trust(
        source, changes=changes, actor=actor, now=NOW, keep_old_secret=keep
    )


def test_source_says_what_it_can_prove(source):
    assert proof_of(source) == (
        "URL secret only. Anyone who knows the address can post."
    )
    change(source, verification="hmac_github", secret=SECRET)
    assert proof_of(source) == "Signed by GitHub with HMAC-SHA256."
    change(
        source,
        verification="hmac_grafana",
        options={"timestamp_header": "X-Time"},
        address_ranges=["192.0.2.0/24"],
    )
    assert proof_of(source) == (
        "Signed by Grafana with HMAC-SHA256. The instant of sending is signed too: an "
        "old message is refused. Only from 1 address range."
    )


def test_secret_is_made_where_it_is_free_to_choose_and_stored_sealed(source):
    secret = change(source, verification="bearer")
    assert len(secret) >= 43
    source.refresh_from_db()
    sealed = bytes(source.secret_sealed)
    assert secret.encode() not in sealed
    assert open_secret(sealed, context="source-trust") == secret.encode()
    assert change(source, verification="bearer") == ""
    assert change(source, secret="") not in ("", secret)


def test_given_secret_is_not_told_again(source):
    assert change(source, verification="bearer", secret=SECRET) == ""


def test_record_holds_no_secret(source):
    secret = change(source, verification="header", options={"header": "X-Token"})
    change(source, secret=SECRET)
    told = json.dumps(list(read_fields(Entry.objects.all()).values()))
    assert told.count("replaced") == 2
    assert secret not in told
    assert SECRET not in told


def test_another_kind_forgets_the_secret_and_options_of_the_former(source):
    change(source, verification="header", options={"header": "X-A"}, secret=SECRET)
    change(source, verification="none")
    source.refresh_from_db()
    assert (source.secret_sealed, source.verification_options) == (None, {})
    assert source.trust_version == 0


def test_each_change_has_another_version_and_no_change_none(source):
    change(source, verification="bearer", secret=SECRET)
    first = source.trust_version
    change(source, verification="bearer")
    assert source.trust_version == first
    change(source, address_ranges=["192.0.2.1"])
    assert source.trust_version not in (0, first)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"verification": "magic"}, "verification"),
        ({"verification": "hmac_sentry"}, "secret"),
        ({"verification": "none", "secret": SECRET}, "secret"),
        ({"verification": "bearer", "secret": "short"}, "secret"),
        ({"verification": "bearer", "secret": "äöü" * 9}, "secret"),
        ({"verification": "standard_webhooks", "secret": "whsec_abc"}, "secret"),
        ({"verification": "header"}, "header"),
        ({"verification": "header", "options": {"header": "a b"}}, "header"),
        ({"verification": "bearer", "options": {"header": "a"}}, "header"),
        ({"verification": "header", "options": {"header": "X-Request-Id"}}, "header"),
        ({"verification": "basic", "options": {"username": "a:b"}}, "username"),
        ({"verification": "hmac", "options": {"header": "a", "encoding": "x"}}, None),
        ({"address_ranges": ["192.0.2.1/24"]}, "address_ranges"),
        ({"address_ranges": ["here"]}, "address_ranges"),
        ({"key": "x"}, "key"),
        ({"keep_old_secret": timedelta(days=31)}, "keep_old_secret"),
    ],
)
def test_what_cannot_be_used_is_named_and_changes_nothing(source, changes, field):
    with pytest.raises(BadInput) as caught:
        change(source, **changes)
    assert caught.value.field == (field or "encoding")
    assert SECRET not in caught.value.message
    source.refresh_from_db()
    assert (source.verification, source.trust_version) == ("none", 0)


@pytest.fixture
def api_world(db: None) -> ApiWorld:
    return make_api_world()


def made(api_world):
    new = {"tool": "generic", "slug": "probe", "name": "Probe"}
    return SOURCES + api_world.as_("admin").post(SOURCES, new).json()["id"] + "/"


def test_api_tells_a_made_secret_once(api_world):
    place = made(api_world) + "trust/"
    client = api_world.as_("admin")
    sent = {"verification": "basic", "options": {"username": "desk"}}
    changed = client.patch(place, sent).json()
    assert len(changed["secret"]) >= 43
    opened = client.get(place).json()
    assert opened == {
        "verification": "basic",
        "options": {"username": "desk"},
        "address_ranges": [],
        "proves": "Sent with a user name and password (HTTP Basic), which whoever "
        "reads one request can use again.",
        "secret": "",
        "old_secret_ends_at": None,
        "old_key_ends_at": None,
        "old_key_last_used_at": None,
        "refusals": [],
    }


def test_api_keeps_a_former_key_and_ends_it(api_world):
    place = made(api_world)
    client = api_world.as_("admin")
    client.post(place + "rotate-key/", {"keep_old_minutes": 60})
    assert client.get(place + "trust/").json()["old_key_ends_at"] is not None
    client.post(place + "end-old-key/")
    assert client.get(place + "trust/").json()["old_key_ends_at"] is None


def test_only_an_administrator_changes_trust(api_world):
    place = made(api_world) + "trust/"
    answer = api_world.as_("responder").patch(place, {"verification": "bearer"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert api_world.as_("responder").get(place).json()["verification"] == "none"
