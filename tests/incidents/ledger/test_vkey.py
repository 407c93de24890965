from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from incidents.ledger import vkey
from incidents.ledger.ed25519 import CURVE_D
from incidents.ledger.vkey import (
    BadKey,
    KeyType,
    VerificationKey,
    cosignature_time,
    cosigned_message,
    decode_base64,
    is_key_name,
    parse_vkey,
    signing_key,
    timed_signature,
)
from tests.incidents.ledger import vectors

NOTES = vectors.own("ledger_notes")
LOG_SEED = bytes.fromhex(NOTES["S13"]["log_seed_hex"])
WITNESS_SEED = bytes.fromhex(NOTES["S14"]["witness_seed_hex"])
LOG_VKEY, WITNESS_VKEY = NOTES["S13"]["log_vkey"], NOTES["S14"]["witness_vkey"]
PRIME = 2**255 - 19


def with_y(y, *, sign=0):
    return (y | sign << 255).to_bytes(32, "little")


@pytest.mark.parametrize(
    "text", [LOG_VKEY, WITNESS_VKEY, *NOTES["S09"]["vkeys"]], ids=["S13", "S14", "S09"]
)
def test_vkey_is_read_and_written_the_same(text):
    assert parse_vkey(text).vkey() == text


def test_vkey_of_a_seed_is_that_of_the_vectors():
    log = signing_key("log.example/incidents", KeyType.LOG, LOG_SEED)
    witness = signing_key("witness.agency.example/w1", KeyType.WITNESS, WITNESS_SEED)
    assert (log.public.vkey(), witness.public.vkey()) == (LOG_VKEY, WITNESS_VKEY)


def test_same_key_has_another_id_as_another_type():
    log = signing_key("a.example", KeyType.LOG, LOG_SEED).public
    witness = signing_key("a.example", KeyType.WITNESS, LOG_SEED).public
    assert log.public == witness.public
    assert log.id != witness.id


NAME, KEY_ID, CODE = LOG_VKEY.split("+", 2)
BAD_VKEYS = {
    "empty": "",
    "no id": NAME,
    "no key": f"{NAME}+{KEY_ID}",
    "no name": f"+{KEY_ID}+{CODE}",
    "name with a space": LOG_VKEY.replace("log", "l og"),
    "another name": LOG_VKEY.replace("log", "lag"),
    "upper case id": f"{NAME}+{KEY_ID.upper()}+{CODE}",
    "another id": f"{NAME}+00000000+{CODE}",
    "long id": f"{NAME}+00{KEY_ID}+{CODE}",
    "short key": f"{NAME}+{KEY_ID}+{CODE[:-4]}",
    "long key": f"{NAME}+{KEY_ID}+{CODE}AAAA",
    "unknown type": f"{NAME}+{KEY_ID}+{b64encode(bytes([6]) + bytes(32)).decode()}",
    "newline": LOG_VKEY + "\n",
    "url-safe base64": LOG_VKEY.replace("+3LS5", "-3LS5"),
}


@pytest.mark.parametrize("name", BAD_VKEYS)
def test_parse_vkey_refuses(name):
    assert BAD_VKEYS[name] != LOG_VKEY
    with pytest.raises(BadKey):
        parse_vkey(BAD_VKEYS[name])


def test_constant_is_the_point_that_doubles_to_order_4():
    y = vkey._ORDER_8_Y
    assert (CURVE_D * y**4 + 2 * y**2 - 1) % PRIME == 0


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", sorted(vkey._SMALL_ORDER_Y))
def test_key_of_small_order_is_refused(y, sign):
    with pytest.raises(BadKey, match="small order"):
        VerificationKey("a.example", KeyType.LOG, with_y(y, sign=sign))


@pytest.mark.parametrize("y", [PRIME, PRIME + 1, PRIME + 18])
def test_key_that_is_not_canonical_is_refused(y):
    with pytest.raises(BadKey, match="canonical"):
        VerificationKey("a.example", KeyType.LOG, with_y(y))


def test_key_off_the_curve_is_refused():
    with pytest.raises(BadKey, match="not a point"):
        VerificationKey("a.example", KeyType.LOG, with_y(2))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_key_of_another_length_is_refused(length):
    with pytest.raises(BadKey, match="32 bytes"):
        VerificationKey("a.example", KeyType.LOG, bytes(length))
    with pytest.raises(BadKey, match="32 bytes"):
        signing_key("a.example", KeyType.LOG, bytes(length))


@given(st.binary(min_size=32, max_size=32))
def test_every_real_key_is_accepted(seed):
    key = signing_key("a.example/log", KeyType.LOG, seed).public
    assert parse_vkey(key.vkey()) == key


def test_log_key_verifies_only_its_own_text():
    key = signing_key("a.example", KeyType.LOG, LOG_SEED)
    signature = key.sign(b"one\n")
    assert key.public.verifies("one\n", signature)
    assert not key.public.verifies("two\n", signature)
    assert not key.public.verifies("one\n", signature[:-1])
    assert not key.public.verifies("one\n", b"")


def test_witness_key_verifies_the_time_with_the_text():
    key = signing_key("w.example", KeyType.WITNESS, WITNESS_SEED)
    bare = key.sign(cosigned_message("one\n", time=7))
    assert key.public.verifies("one\n", timed_signature(bare, time=7))
    assert not key.public.verifies("one\n", timed_signature(bare, time=8))
    assert not key.public.verifies("two\n", timed_signature(bare, time=7))
    assert not key.public.verifies("one\n", bare)


def test_time_of_a_cosignature_is_a_positive_signed_number():
    assert cosignature_time(timed_signature(bytes(64), time=2**63 - 1)) == 2**63 - 1
    assert cosignature_time((2**63).to_bytes(8, "big") + bytes(64)) is None
    assert cosignature_time(bytes(71)) is None
    for time in (-1, 2**63):
        with pytest.raises(ValueError, match="not a time"):
            timed_signature(bytes(64), time=time)


def test_signing_key_does_not_show_what_signs():
    assert "sign=" not in repr(signing_key("a.example", KeyType.LOG, LOG_SEED))


def test_key_may_sign_by_a_device():
    private = Ed25519PrivateKey.from_private_bytes(LOG_SEED)
    asked = []

    def device(message):
        asked.append(message)
        return private.sign(message)

    public = private.public_key().public_bytes_raw()
    key = vkey.SigningKey(VerificationKey("a.example", KeyType.LOG, public), device)
    assert key.public.verifies("one\n", key.sign(b"one\n"))
    assert asked == [b"one\n"]


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\0b", "\ud800"]
)
def test_name_of_a_key_is_refused(name):
    assert not is_key_name(name)
    with pytest.raises(BadKey):
        VerificationKey(name, KeyType.LOG, parse_vkey(LOG_VKEY).public)


@pytest.mark.parametrize("text", ["YQ", "YR==", "YQ==\n", " YQ==", "Y-==", "é", "Y"])
def test_base64_has_one_spelling(text):
    assert decode_base64("YQ==") == b"a"
    assert decode_base64(text) is None


@given(st.text(max_size=12))
def test_decode_base64_takes_only_what_it_would_write(text):
    data = decode_base64(text)
    assert data is None or b64encode(data).decode() == text
