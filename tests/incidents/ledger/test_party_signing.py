import json

import pytest

from incidents.ledger.dsse import envelope_of
from incidents.ledger.party_key import (
    POSSESSION_TYPE,
    Possession,
    parse_pins,
    parse_possession,
)
from incidents.ledger.party_signing import DONE, IMPOSSIBLE, main
from tests.incidents.ledger import vectors

PAYLOAD = vectors.own("ledger_dsse")["S19"]["payload_utf8"]


@pytest.fixture
def key(tmp_path, capsys):
    path = tmp_path / "key"
    assert main(["new", str(path), "--name", "naisa.example/dm"]) == DONE
    capsys.readouterr()
    return path


def printed(capsys, *words):
    assert main([str(word) for word in words]) == DONE
    return capsys.readouterr()


def public_of(key, capsys):
    line = printed(capsys, "show", key).out.splitlines()[0]
    return next(iter(parse_pins(line.encode())))


def test_new_key_is_nobody_elses_and_never_replaced(key, capsys):
    assert key.stat().st_mode & 0o777 == 0o600
    assert main(["new", str(key), "--name", "x"]) == IMPOSSIBLE
    assert capsys.readouterr().err == (
        f"{key} is there already; a key is never replaced\n"
    )


def test_registration_proves_possession(key, capsys):
    words = ("--email", "d@naisa.example", "--organisation", "naisa")
    out = printed(capsys, "register", key, *words).out
    envelope, public = envelope_of(json.loads(out)), public_of(key, capsys)
    assert (envelope.payload_type, envelope.is_by(public)) == (POSSESSION_TYPE, True)
    assert parse_possession(envelope.payload) == Possession(
        "d@naisa.example", public, "naisa.example/dm", "naisa"
    )


def test_acknowledgement_is_shown_and_signed(key, tmp_path, capsys):
    request = tmp_path / "request"
    request.write_text(json.dumps({"payloads": [PAYLOAD], "more": 1}))
    told = printed(capsys, "ack", key, request)
    (envelope,) = [envelope_of(one) for one in json.loads(told.out)]
    assert envelope.is_by(public_of(key, capsys))
    assert envelope.payload == PAYLOAD.encode()
    assert told.err.startswith("D. Müller acknowledged at 2026-11-23T15:31:40.000Z")


@pytest.mark.parametrize(
    "request_text", ["", "[]", '{"payloads": [1]}', '{"payloads": ["{}"]}']
)
def test_nothing_else_is_signed(key, tmp_path, capsys, request_text):
    request = tmp_path / "request"
    request.write_text(request_text)
    assert main(["ack", str(key), str(request)]) == IMPOSSIBLE
    assert capsys.readouterr().out == ""


def test_key_that_others_can_read_is_not_used(key, capsys):
    key.chmod(0o644)
    assert main(["show", str(key)]) == IMPOSSIBLE
