import pytest

from incidents.ledger.checkpoint import (
    BadCheckpoint,
    Checkpoint,
    OtherOrigin,
    cosign,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from incidents.ledger.merkle import EMPTY_ROOT, leaf_hash, root
from incidents.ledger.note import (
    NoKnownSignature,
    Note,
    WrongSignature,
    parse_note,
    sign_text,
    verify_note,
    write_note,
)
from incidents.ledger.vkey import (
    KeyType,
    cosigned_message,
    parse_vkey,
    signing_key,
)
from tests.incidents.ledger import vectors

NOTES = vectors.own("ledger_notes")
S13, S14 = NOTES["S13"], NOTES["S14"]
ORIGIN, TEXT = S13["origin"], S13["text"]
LOG = signing_key(ORIGIN, KeyType.LOG, bytes.fromhex(S13["log_seed_hex"]))
WITNESS = signing_key(
    "witness.agency.example/w1",
    KeyType.WITNESS,
    bytes.fromhex(S14["witness_seed_hex"]),
)
HEAD = Checkpoint(ORIGIN, S13["size"], bytes.fromhex(S13["root"]))


def opened(data, *, origin=ORIGIN, log_keys=(LOG.public,), witnesses=(WITNESS.public,)):
    return open_checkpoint(
        data, origin=origin, log_keys=log_keys, witness_keys=witnesses
    )


def signed(text, *keys):
    return write_note(Note(text, tuple(sign_text(text, key) for key in keys)))


def check(vector):
    """Make a vector's note from its seed; tell whether it is the same."""
    if vector["kind"] == "checkpoint":
        made = root(leaf_hash(entry.encode()) for entry in vector["entries"])
        note = sign_checkpoint(Checkpoint(ORIGIN, vector["size"], made), [LOG])
        return write_note(note).encode().hex() == vector["note_hex"]
    message = cosigned_message(TEXT, time=vector["time"])
    line = cosign(HEAD, WITNESS, time=vector["time"]).line()
    return (message.decode(), line) == (vector["signed_message"], vector["line"])


@pytest.mark.parametrize("vector", [S13, S14], ids=lambda v: v["id"])
def test_vector(vector):
    assert check(vector)


@vectors.needs_shared
def test_every_shared_checkpoint_and_cosignature():
    found = vectors.shared("checkpoint", "cosignature")
    assert len(found) == 2
    assert [vector["id"] for vector in found if not check(vector)] == []


def test_parse_checkpoint_gives_back_what_was_written():
    assert parse_checkpoint(TEXT) == HEAD
    assert HEAD.text == TEXT


def test_opened_checkpoint_says_when_each_witness_saw_it():
    found = opened(S14["note"].encode())
    assert found.checkpoint == HEAD
    assert found.seen == {WITNESS.public: 1795446245}
    assert found.note == parse_note(S14["note"].encode())


def test_checkpoint_without_witnesses_opens_and_was_seen_by_nobody():
    assert opened(S13["note"].encode()).seen == {}


def test_heartbeat_replaces_the_line_of_the_witness():
    note = parse_note(S14["note"].encode())
    later = note.with_signature(cosign(HEAD, WITNESS, time=1795446305))
    assert opened(write_note(later)).seen == {WITNESS.public: 1795446305}


def test_checkpoint_signed_by_the_old_and_the_new_key_opens_with_either():
    fresh = signing_key(ORIGIN, KeyType.LOG, bytes(32))
    data = write_note(sign_checkpoint(HEAD, [LOG, fresh]))
    for keys in ([LOG.public], [fresh.public], [LOG.public, fresh.public]):
        assert opened(data, log_keys=keys).checkpoint == HEAD


ROOT_LINE = TEXT.split("\n")[2]
BAD_TEXTS = {
    "N09 leading zero": TEXT.replace("\n5\n", "\n05\n"),
    "N10 extension line": TEXT + "more\n",
    "blank fourth line": TEXT + "\n",
    "no origin": TEXT.replace(ORIGIN, ""),
    "no root": f"{ORIGIN}\n5\n",
    "negative": TEXT.replace("\n5\n", "\n-5\n"),
    "plus": TEXT.replace("\n5\n", "\n+5\n"),
    "space": TEXT.replace("\n5\n", "\n5 \n"),
    "other digits": TEXT.replace("\n5\n", "\n\N{ARABIC-INDIC DIGIT FIVE}\n"),
    "hexadecimal": TEXT.replace("\n5\n", "\n0x5\n"),
    "2**63": TEXT.replace("\n5\n", f"\n{2**63}\n"),
    "unpadded root": TEXT.replace("=", ""),
    "surplus bits in the root": TEXT.replace("6w=", "6x="),
    "short root": TEXT.replace(ROOT_LINE, "AAAA"),
    "long root": TEXT.replace(ROOT_LINE, "A" * 44),
    "empty log with a root": TEXT.replace("\n5\n", "\n0\n"),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_correctly_signed_text_that_is_no_checkpoint_is_refused(name):
    data = signed(BAD_TEXTS[name], LOG)
    assert [*verify_note(parse_note(data), [LOG.public])] == [LOG.public]
    with pytest.raises(BadCheckpoint):
        opened(data)


@pytest.mark.parametrize(
    ("origin", "size", "top"),
    [
        ("", 5, HEAD.root),
        ("a\nb", 5, HEAD.root),
        (ORIGIN, -1, HEAD.root),
        (ORIGIN, 2**63, HEAD.root),
        (ORIGIN, 5, HEAD.root[:31]),
        (ORIGIN, 0, HEAD.root),
    ],
)
def test_checkpoint_is_not_made_of_what_cannot_be_read(origin, size, top):
    with pytest.raises(BadCheckpoint):
        Checkpoint(origin, size, top)


def test_empty_log_has_a_checkpoint():
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert parse_checkpoint(empty.text) == empty


def test_checkpoint_of_another_log_is_refused():
    with pytest.raises(OtherOrigin, match=r"log\.example/incidents"):
        opened(S14["note"].encode(), origin="log.example/other")


def test_checkpoint_that_only_a_witness_signed_is_refused():
    note = Note(TEXT, (cosign(HEAD, WITNESS, time=1),))
    with pytest.raises(NoKnownSignature, match="the log"):
        opened(write_note(note))


def test_key_counts_only_for_what_it_was_given_as():
    with pytest.raises(NoKnownSignature):
        opened(S14["note"].encode(), log_keys=[WITNESS.public], witnesses=[LOG.public])


def test_wrong_cosignature_of_a_known_witness_is_refused():
    another = Checkpoint(ORIGIN, 6, HEAD.root)
    note = sign_checkpoint(HEAD, [LOG])
    data = write_note(note.with_signature(cosign(another, WITNESS, time=1)))
    with pytest.raises(WrongSignature):
        opened(data)
    assert opened(data, witnesses=[]).seen == {}


def test_log_key_does_not_cosign():
    with pytest.raises(ValueError, match="not a witness's key"):
        cosign(HEAD, LOG, time=1)


def test_keys_of_the_vectors_are_those_of_the_seeds():
    keys = [parse_vkey(S13["log_vkey"]), parse_vkey(S14["witness_vkey"])]
    assert keys == [LOG.public, WITNESS.public]
