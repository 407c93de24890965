import json

import pytest
from django.test import Client

from incidents.errors import BadInput, NotPossible
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.ledger.dsse import envelope_of
from incidents.ledger.party_key import POSSESSION_TYPE, parse_pins
from incidents.models import Entry, PartyKey
from incidents.signatures.keys import read_statement, retire_key
from tests import factories as make
from tests.api_world import client_of
from tests.incidents.signatures.signing import (
    envelope,
    key,
    proof,
    public_key,
    with_key,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def naisa():
    return make.agency("naisa")


@pytest.fixture
def officer(naisa):
    return make.person(naisa, "d.mueller@naisa.example", role="officer")


def page_of(person):
    client = Client()
    client.force_login(person)
    return client


def test_key_is_recorded_with_its_proof(naisa, officer):
    made = with_key(officer, naisa)
    retire_key(made, actor=Actor.of(officer, naisa), now=make.NOW)
    entries = list(Entry.objects.order_by("id"))
    fields = read_fields(entries)
    added, retired = (fields[entry.pk] for entry in entries)
    assert [entry.kind for entry in entries] == ["party_key.added", "party_key.retired"]
    assert (added["who"], added["label"]) == (officer.email, "naisa/key-1")
    assert envelope_of(added["proof"]).is_by(public_key())
    assert retired["key"] == added["key"] == made.public_text
    assert parse_pins(made.line.encode()) == {public_key(): "naisa/key-1"}


def test_key_is_registered_once(naisa, officer):
    with_key(officer, naisa)
    with pytest.raises(NotPossible):
        with_key(make.person(naisa, role="officer"), naisa)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "other@naisa.example"}, "email"),
        ({"label": "x" * 101}, "label"),
        ({"label": "two words"}, "envelope"),
        ({"public": public_key(2)}, "envelope"),
    ],
)
def test_proof_for_another_or_by_another_key_is_refused(naisa, officer, change, field):
    with pytest.raises(BadInput) as caught:
        read_statement(proof(officer, naisa, **change), officer)
    assert caught.value.field == field


def test_signature_over_something_else_proves_no_key(naisa, officer):
    payload = proof(officer, naisa).payload
    for false in (
        envelope(payload),
        envelope(payload, payload_type=POSSESSION_TYPE, by=key(2).sign),
    ):
        with pytest.raises(BadInput):
            read_statement(false, officer)


def test_page_registers_lists_and_retires(naisa, officer):
    client = page_of(officer)
    body = {"envelope": json.dumps(proof(officer, naisa).value())}
    text = client.post("/signing-keys/", body, follow=True).content.decode()
    made = PartyKey.objects.get()
    assert made.line in text
    text = client.post(
        f"/signing-keys/{made.uid}/retire/", follow=True
    ).content.decode()
    assert f"Key {made.short} is retired." in text
    answer = client.post("/signing-keys/", body)
    assert answer.status_code == 422
    assert f"Key {made.short} was registered before" in answer.content.decode()


@pytest.mark.parametrize("text", ["hello", "{}"])
def test_page_says_what_is_wrong_with_what_was_pasted(officer, text):
    answer = page_of(officer).post("/signing-keys/", {"envelope": text})
    assert answer.status_code == 422
    assert "tocsin-sign register printed" in answer.content.decode()


def test_administrator_sees_and_retires_the_keys_of_their_people(naisa, officer):
    made = with_key(officer, naisa)
    admin, colleague = (
        make.person(naisa, role="admin"),
        make.person(naisa, role="officer"),
    )
    assert made.label in page_of(admin).get("/signing-keys/").content.decode()
    assert made.label not in page_of(colleague).get("/signing-keys/").content.decode()
    address = f"/api/v1/party-keys/{made.uid}/retire/"
    assert client_of(colleague).post(address).status_code == 404
    assert client_of(admin).post(address).json()["retired_at"]


def test_key_is_registered_over_rest_for_ones_own_organisation(naisa, officer):
    client = client_of(officer)
    body = {"envelope": proof(officer, make.lab("aurora")).value()}
    answer = client.post("/api/v1/party-keys/", body, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (
        422,
        "organisation",
    )
    body = {"envelope": proof(officer, naisa).value()}
    made = client.post("/api/v1/party-keys/", body, format="json").json()
    assert client.get("/api/v1/party-keys/").json()["results"] == [made]
    assert (made["person"], made["label"]) == (officer.email, "naisa/key-1")
