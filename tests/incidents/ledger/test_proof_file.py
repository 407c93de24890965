import hashlib
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.ledger.checkpoint import OtherOrigin
from incidents.ledger.merkle import inclusion_proof, leaf_hash
from incidents.ledger.note import BadNote, NoKnownSignature
from incidents.ledger.proof_file import (
    BadProof,
    ProofFile,
    parse_proof,
    verify_proof,
    write_proof,
)
from incidents.ledger.vkey import parse_vkey
from tests.incidents.ledger import vectors

NOTES = vectors.own("ledger_notes")
S15 = NOTES["S15"]
DATA, LEAF = S15["tlog_proof"].encode(), bytes.fromhex(S15["data_hex"])
CHECKPOINT = NOTES["S14"]["note"]
PROOF = parse_proof(DATA)


def verify(data, *, leaf=LEAF, vector=S15, origin=S15["origin"]):
    return verify_proof(
        parse_proof(data),
        leaf_hash(leaf),
        origin=origin,
        log_keys=[parse_vkey(vector["log_vkey"])],
        witness_keys=[parse_vkey(text) for text in vector["witness_vkeys"]],
    )


def check(vector):
    data = vector["tlog_proof"].encode()
    opened = verify(data, leaf=bytes.fromhex(vector["data_hex"]), vector=vector)
    is_same = write_proof(parse_proof(data)) == data
    digest = hashlib.sha256(data).hexdigest()
    found = (parse_proof(data).index, opened.checkpoint.size, digest)
    expected = (vector["index"], vector["size"], vector["sha256"])
    return is_same and len(opened.seen) == 1 and found == expected


def test_vector():
    assert check(S15)


@vectors.needs_shared
def test_every_shared_proof():
    found = vectors.shared("tlog_proof")
    assert len(found) == 1
    assert [vector["id"] for vector in found if not check(vector)] == []


def test_proof_made_from_the_entries_is_that_of_the_vector():
    hashes = [leaf_hash(entry.encode()) for entry in NOTES["S13"]["entries"]]
    proof = ProofFile(2, tuple(inclusion_proof(2, hashes)), CHECKPOINT)
    assert write_proof(proof) == DATA


def test_proof_of_a_log_with_one_entry_has_no_hashes():
    proof = ProofFile(0, (), CHECKPOINT)
    expected = f"c2sp.org/tlog-proof@v1\nindex 0\n\n{CHECKPOINT}".encode()
    assert write_proof(proof) == expected
    assert parse_proof(expected) == proof


def test_extra_data_is_kept_and_vouched_for_by_nobody():
    proof = ProofFile(2, PROOF.path, CHECKPOINT, extra=b"any\nthing")
    assert parse_proof(write_proof(proof)) == proof
    assert verify(write_proof(proof)).checkpoint.size == 5


FIRST = b64encode(PROOF.path[0])
MALFORMED = {
    "empty": b"",
    "other header": DATA.replace(b"@v1", b"@v2"),
    "no index": DATA.replace(b"index 2\n", b""),
    "leading zero": DATA.replace(b"index 2", b"index 02"),
    "negative": DATA.replace(b"index 2", b"index -2"),
    "space after the index": DATA.replace(b"index 2", b"index 2 "),
    "huge index": DATA.replace(b"index 2", b"index %d" % (2**63)),
    "short hash": DATA.replace(FIRST, b64encode(PROOF.path[0][:31])),
    "long hash": DATA.replace(FIRST, b64encode(PROOF.path[0] + b"\0")),
    "unpadded hash": DATA.replace(FIRST, FIRST[:-1]),
    "CRLF": DATA.replace(b"\n", b"\r\n"),
    "no blank line": DATA.replace(b"\n\n", b"\n"),
    "empty extra": DATA.replace(b"index", b"extra \nindex"),
    "extra twice": DATA.replace(b"index", b"extra YQ==\nextra YQ==\nindex"),
    "extra below the index": DATA.replace(b"index 2", b"index 2\nextra YQ=="),
    "not ASCII": DATA.replace(b"index", "é".encode()),
    "not UTF-8": DATA.replace(b"index", b"\xff"),
    "64 hashes": DATA.replace(FIRST, b"\n".join([FIRST] * 62)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_parse_proof_refuses(name):
    assert MALFORMED[name] != DATA
    with pytest.raises(BadProof):
        parse_proof(MALFORMED[name])


# N11
def test_proof_at_another_index_is_refused():
    with pytest.raises(BadProof, match="not number 3"):
        verify(DATA.replace(b"index 2", b"index 3"))


def test_proof_of_another_origin_is_refused():
    with pytest.raises(OtherOrigin):
        verify(DATA, origin="log.example/other")


def test_proof_of_a_leaf_with_one_changed_byte_is_refused():
    with pytest.raises(BadProof, match="not number 2"):
        verify(DATA, leaf=b"[" + LEAF[1:])


def test_proof_with_a_hash_too_few_or_too_many_is_refused():
    for path in (PROOF.path[:-1], (*PROOF.path, PROOF.path[0])):
        with pytest.raises(BadProof, match="not number 2"):
            verify(write_proof(ProofFile(2, path, CHECKPOINT)))


def test_proof_below_a_checkpoint_by_nobody_known_is_refused():
    stranger = NOTES["S09"]["vkeys"][0]
    with pytest.raises(NoKnownSignature):
        verify(DATA, vector={**S15, "log_vkey": stranger})


def test_proof_without_a_checkpoint_is_refused():
    with pytest.raises(BadNote):
        verify(DATA[: DATA.index(b"\n\n") + 2])


@pytest.mark.parametrize(
    ("index", "path"),
    [(-1, ()), (2**63, ()), (0, (bytes(31),)), (0, (bytes(32),) * 64)],
)
def test_write_proof_refuses_what_nobody_reads(index, path):
    with pytest.raises(BadProof):
        write_proof(ProofFile(index, path, CHECKPOINT))


@settings(deadline=None)
@given(st.data())
def test_changed_bytes_never_prove_another_leaf(data):
    place = data.draw(st.integers(0, len(DATA) - 1))
    put = data.draw(st.binary(max_size=2))
    changed = DATA[:place] + put + DATA[place + 1 :]
    with pytest.raises((BadProof, BadNote)):
        verify(changed, leaf=b"another")


def test_write_proof_refuses_a_checkpoint_that_is_no_text():
    with pytest.raises(BadProof, match="surrogate"):
        write_proof(ProofFile(0, (), "\ud800"))
