"""Acknowledgements are signed by who gave them: on the page, over REST, and in the record."""

import json

import pytest
from django.test import Client

from incidents.errors import BadInput, NotPossible
from incidents.events.feed import read_fields
from incidents.incident.access import actor_for
from incidents.incident.shares import share
from incidents.ledger.dsse import envelope_of
from incidents.ledger.party_ack import parse_ack
from incidents.models import Acknowledgement, Entry, Organisation
from incidents.signatures.signing import sign, to_sign
from tests import factories as make
from tests.api_world import client_of
from tests.incidents.signatures.signing import (
    acknowledged,
    envelope,
    key,
    public_key,
    with_key,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return make.lab("aurora", name="Aurora")


@pytest.fixture
def responder(lab):
    return make.person(lab, "ana@aurora.example")


@pytest.fixture
def incident(lab, responder):
    made = make.incident(lab)
    for slug in ("naisa", "other"):
        share(
            made,
            agency=make.agency(slug),
            reason="x",
            user=responder,
            actor=actor_for(responder, lab),
            now=make.NOW,
        )
    acknowledged(made, responder, lab)
    return made


def signed(incident, person, organisation, *, number=1):
    payloads = to_sign(incident, person).payloads.values()
    return sign(
        incident,
        [envelope(payload, number=number) for payload in payloads],
        user=person,
        actor=actor_for(person, organisation),
        now=make.NOW,
    )


def test_each_stream_that_has_the_acknowledgement_is_asked_for(incident, responder):
    entries = Entry.objects.filter(kind="incident.acknowledged")
    asked = to_sign(incident, responder).payloads
    acks = [parse_ack(payload) for payload in asked.values()]
    assert {ack.ack_of for ack in acks} == {bytes(e.leaf_hash) for e in entries}
    assert [ack.by for ack in acks] == [responder.email, *["Aurora, responder"] * 2]


def test_signature_is_recorded_in_each_stream_and_names_nobody_to_the_other_side(
    incident, lab, responder
):
    made = with_key(responder, lab)
    row = signed(incident, responder, lab)
    assert (row.signed_by_key, to_sign(incident, responder)) == (made.fingerprint, None)
    entries = Entry.objects.filter(kind="acknowledgement.signed").order_by("id")
    fields = read_fields(entries)
    assert len(entries) == 3
    for entry in entries:
        read = envelope_of(fields[entry.pk]["envelope"])
        assert (read.is_by(public_key()), parse_ack(read.payload).stream) == (
            True,
            entry.stream_id,
        )
        assert fields[entry.pk]["key"] == made.public_text
        assert (responder.email in read.payload.decode()) == (
            "name" in fields[entry.pk]["actor"]
        )


def test_share_made_since_has_no_acknowledgement_and_gets_no_signature(
    incident, lab, responder
):
    with_key(responder, lab)
    share(
        incident,
        agency=make.agency("late"),
        reason="x",
        user=responder,
        actor=actor_for(responder, lab),
        now=make.NOW,
    )
    signed(incident, responder, lab)
    assert Entry.objects.filter(kind="acknowledgement.signed").count() == 3


def refusal(incident, person, lab, envelopes):
    with pytest.raises(BadInput) as caught:
        sign(
            incident,
            envelopes,
            user=person,
            actor=actor_for(person, lab),
            now=make.NOW,
        )
    assert Acknowledgement.objects.get().signed_at is None
    return caught.value.remedy


def test_other_or_fewer_or_falsely_signed_payloads_are_refused(
    incident, lab, responder
):
    with_key(responder, lab)
    payloads = list(to_sign(incident, responder).payloads.values())
    anew = "Sign exactly what is asked for now, all of it, with one key."
    whole = [envelope(one) for one in payloads]
    other = [envelope(payloads[0].replace(b"ana@", b"bob@")), *whole[1:]]
    assert refusal(incident, responder, lab, whole[:1]) == anew
    assert refusal(incident, responder, lab, other) == anew
    forged = [envelope(one, by=key(2).sign) for one in payloads]
    assert (
        refusal(incident, responder, lab, forged) == f"The signature is false. {anew}"
    )
    mixed = [envelope(payloads[0], number=2), *whole[1:]]
    assert refusal(incident, responder, lab, mixed).startswith("Sign with one of your")
    typed = [envelope(one, payload_type="text/plain") for one in payloads]
    assert refusal(incident, responder, lab, typed).startswith("Sign them as ")


@pytest.mark.parametrize("whose", ["retired", "colleague"])
def test_key_that_may_not_sign_is_refused(incident, lab, responder, whose):
    made = with_key(responder if whose == "retired" else make.person(lab), lab)
    if whose == "retired":
        made.retire(make.NOW)
    payloads = to_sign(incident, responder).payloads.values()
    envelopes = [envelope(payload) for payload in payloads]
    remedy = refusal(incident, responder, lab, envelopes)
    assert remedy == "Sign with one of your keys for Aurora that is not retired."


def test_only_who_acknowledged_signs_and_only_once(incident, lab, responder):
    colleague = make.person(lab)
    assert to_sign(incident, colleague) is None
    with_key(responder, lab)
    envelopes = [
        envelope(one) for one in to_sign(incident, responder).payloads.values()
    ]
    signed(incident, responder, lab)
    with pytest.raises(NotPossible):
        sign(
            incident,
            envelopes,
            user=responder,
            actor=actor_for(responder, lab),
            now=make.NOW,
        )


def page_of(person):
    client = Client()
    client.force_login(person)
    return client


def test_page_offers_whoever_has_a_key_to_sign(incident, lab, responder):
    client, address = page_of(responder), f"/incidents/{incident.ref}/"
    before = client.get(address).content.decode()
    with_key(responder, lab)
    offered = client.get(address).content.decode()
    said = "Your acknowledgement is not signed yet."
    assert [said in text for text in (before, offered)] == [False, True]
    assert "03:00 UTC; not signed" in before


def test_officer_is_offered_it_where_they_triage(incident):
    naisa = Organisation.objects.get(slug="naisa")
    officer = make.person(naisa, role="officer")
    acknowledged(incident, officer, naisa)
    with_key(officer, naisa)
    page, said = page_of(officer), "Your acknowledgement is not signed yet."
    assert said in page.get(f"/triage/{incident.ref}/").content.decode()
    listed = f'href="/incidents/{incident.ref}/sign/"'
    assert listed in page.get("/signing-keys/").content.decode()
    signed(incident, officer, naisa)
    assert listed not in page.get("/signing-keys/").content.decode()


def test_page_takes_signatures_and_says_whose_they_are(incident, lab, responder):
    made, client = with_key(responder, lab), page_of(responder)
    asked = to_sign(incident, responder).payloads.values()
    body = json.dumps([envelope(payload).value() for payload in asked])
    address = f"/incidents/{incident.ref}/sign/"
    for bad in ("", "hello", "{}", "[1]"):
        assert client.post(address, {"envelopes": bad}).status_code == 422
    text = client.post(address, {"envelopes": body}, follow=True).content.decode()
    assert "Your acknowledgement is signed." in text
    assert f"03:00 UTC; signed, key {made.short}" in text
    assert (
        "Nothing of yours is left to sign here." in client.get(address).content.decode()
    )


def test_machine_signs_over_rest(incident, lab, responder):
    made, client = with_key(responder, lab), client_of(responder)
    address = f"/api/v1/incidents/{incident.ref}/signature/"
    asked = client.get(address).json()
    envelopes = [envelope(text.encode()).value() for text in asked["payloads"]]
    body = client.post(address, {"envelopes": envelopes}, format="json").json()
    assert body["acknowledgements"][0]["signed_by_key"] == made.fingerprint
    assert client.get(address).json()["payloads"] == []
    again = client.post(address, {"envelopes": envelopes}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "not_possible")
    assert client.post(address, {"envelopes": [{}]}, format="json").status_code == 422
