import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.ledger import ed25519
from incidents.ledger.ed25519 import key_pair, verifies, verifies_alone

PUBLIC, SIGN = key_pair(bytes(range(32)))
MESSAGE = b"The weights left the cluster"
SIGNATURE = SIGN(MESSAGE)
ORDER = ed25519._ORDER

# RFC 8032 §7.1: TEST 1 and TEST 3; public key, message, signature.
PUBLISHED = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def both(public, message, signature):
    """Return what the library and the arithmetic alone say."""
    return [one(public, message, signature) for one in (verifies, verifies_alone)]


@pytest.mark.parametrize("vector", PUBLISHED)
def test_published_signatures_are_verified(vector):
    assert both(*map(bytes.fromhex, vector)) == [True, True]


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_own_signatures_are_verified(seed, message):
    public, sign = key_pair(seed)
    assert both(public, message, sign(message)) == [True, True]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 511))
def test_no_changed_bit_is_verified(place):
    changed = bytearray(SIGNATURE)
    changed[place // 8] ^= 1 << place % 8
    assert both(PUBLIC, MESSAGE, bytes(changed)) == [False, False]


def test_other_message_is_not_verified():
    assert both(PUBLIC, MESSAGE + b".", SIGNATURE) == [False, False]


def test_second_spelling_of_a_signature_is_not_verified():
    scalar = int.from_bytes(SIGNATURE[32:], "little") + ORDER
    other = SIGNATURE[:32] + scalar.to_bytes(32, "little")
    assert both(PUBLIC, MESSAGE, other) == [False, False]


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_signature_of_another_length_is_not_verified(length):
    other = (SIGNATURE + b"\0")[:length]
    assert both(PUBLIC, MESSAGE, other) == [False, False]


@pytest.mark.parametrize("public", [bytes([2]) + bytes(31), b"\xff" * 32, b"short"])
def test_what_is_no_point_verifies_nothing(public):
    assert verifies_alone(public, MESSAGE, SIGNATURE) is False
