import pytest

from incidents.ledger.party_key import (
    BadPins,
    Possession,
    parse_pins,
    parse_possession,
)
from incidents.ledger.vkey import BadKey, KeyType, signing_key

KEY = signing_key("naisa.example/dm", KeyType.LOG, bytes([7]) * 32).public
WITNESS = signing_key("naisa.example/w", KeyType.WITNESS, bytes([8]) * 32).public
STATEMENT = Possession("d.mueller@naisa.example", KEY.public, "dm/1", "naisa")


def test_pins_are_read_by_public_key():
    text = f"# by telephone, 12 March\n\n  {KEY.vkey()}  \n"
    assert parse_pins(text.encode()) == {KEY.public: "naisa.example/dm"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"hello", "line 1: 'hello' is not a key: name+id+base64 is needed"),
        (
            WITNESS.vkey().encode(),
            "line 1: naisa.example/w is the key of a witness",
        ),
        (
            f"{KEY.vkey()}\n{KEY.vkey()}".encode(),
            "line 2: the key is there twice, or there are too many",
        ),
    ],
)
def test_file_that_pins_no_keys_is_refused(data, why):
    with pytest.raises(BadPins) as caught:
        parse_pins(data)
    assert str(caught.value) == why


def test_file_that_is_no_text_is_refused():
    with pytest.raises(BadPins):
        parse_pins(b"\xff")


def test_statement_of_possession_is_read_back():
    assert parse_possession(STATEMENT.write()) == STATEMENT


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        STATEMENT.write() + b" ",
        STATEMENT.write().replace(b'"label"', b'"name"'),
        STATEMENT.write().replace(b'"dm/1"', b"1"),
        STATEMENT.write().replace(b"dm/1", b"dm 1"),
        STATEMENT.write().replace(b'"key":"', b'"key":"A'),
        Possession("a@b.example", bytes(32), "small-order", "naisa").write(),
    ],
)
def test_statement_of_possession_in_another_form_is_refused(data):
    with pytest.raises(BadKey):
        parse_possession(data)
