import json
from base64 import b64encode

import pytest

from incidents.ledger.dsse import BadEnvelope, pae, read_envelope, sign
from incidents.ledger.party_ack import ACK_TYPE, BadAck, parse_ack
from incidents.ledger.party_key import fingerprint
from incidents.ledger.vkey import KeyType, signing_key
from tests.incidents.ledger import vectors

S19 = vectors.own("ledger_dsse")["S19"]
KEY = signing_key("naisa.example/dm", KeyType.LOG, bytes.fromhex(S19["seed_hex"]))
PUBLIC = KEY.public.public
PAYLOAD = S19["payload_utf8"].encode()
ENVELOPE = sign(ACK_TYPE, PAYLOAD, public=PUBLIC, by=KEY.sign)


def changed(*, signature=None, **members):
    value = ENVELOPE.value()
    if signature is not None:
        value["signatures"] = [{**value["signatures"][0], **signature}]
    return json.dumps({**value, **members})


def test_published_vector_is_signed_and_verified():
    assert PUBLIC.hex() == S19["public_hex"]
    assert pae(ACK_TYPE, PAYLOAD).hex() == S19["pae_hex"]
    assert ENVELOPE.signature.hex() == S19["sig_hex"]
    value = ENVELOPE.value()
    assert value == {
        **S19["envelope"],
        "signatures": [
            {
                "keyid": fingerprint(PUBLIC),
                "sig": b64encode(ENVELOPE.signature).decode(),
            }
        ],
    }
    read = read_envelope(json.dumps(value, indent=2))
    assert (read, read.is_by(PUBLIC)) == (ENVELOPE, True)
    assert parse_ack(read.payload).by == "D. Müller"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"payload": "", "payload": "", "payloadType": "", "signatures": []}',
        changed(more=1),
        changed(payload="eyJ9"[:-1]),
        changed(payload=b64encode(b"x" * 8193).decode()),
        changed(payload=None),
        changed(payloadType="ü"),
        changed(signatures=[]),
        changed(signatures=ENVELOPE.value()["signatures"] * 2),
        changed(signatures=[{}]),
        changed(signature={"sig": b64encode(bytes(63)).decode()}),
        changed(signature={"sig": ENVELOPE.signature.hex()}),
        changed(signature={"keyid": 7}),
        changed(signature={"cert": "x"}),
    ],
)
def test_what_is_not_an_envelope_is_refused(text):
    with pytest.raises(BadEnvelope):
        read_envelope(text)


@pytest.mark.parametrize(
    "text",
    [
        changed(payloadType="application/vnd.incident-ack.v2+json"),
        changed(payload=b64encode(PAYLOAD + b" ").decode()),
        changed(signature={"keyid": "0" * 64}),
        changed(signature={"sig": b64encode(bytes(64)).decode()}),
    ],
)
def test_signature_over_something_else_is_false(text):
    assert not read_envelope(text).is_by(PUBLIC)


def test_signature_of_another_key_is_false():
    other = signing_key("other", KeyType.LOG, bytes(32))
    signed = sign(ACK_TYPE, PAYLOAD, public=PUBLIC, by=other.sign)
    assert not signed.is_by(PUBLIC)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        PAYLOAD + b"\n",
        PAYLOAD.replace(b'"by"', b'"who"'),
        PAYLOAD.replace(b"{", b'{"a":"b",'),
        PAYLOAD.replace(b'"D. M\xc3\xbcller"', b"7"),
        PAYLOAD.replace(b"8c80", b"8C80"),
        PAYLOAD.replace(b"8c80", b"80"),
        PAYLOAD.replace(b"7f3d0c52-", b"7f3d0c52"),
        PAYLOAD.replace(b"7f3d0c52-", b"7f3d"),
    ],
)
def test_statement_in_another_form_is_refused(payload):
    with pytest.raises(BadAck):
        parse_ack(payload)


def test_statement_is_written_as_it_was_read():
    assert parse_ack(PAYLOAD).write() == PAYLOAD
