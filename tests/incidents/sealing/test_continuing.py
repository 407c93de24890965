"""The log goes on under another name after its key was stolen: theft to new receipts."""

from dataclasses import dataclass, field
from hashlib import sha256

import pytest

from incidents.errors import BadInput, NotPossible
from incidents.events.feed import read_fields
from incidents.ledger.checkpoint import Checkpoint as Head
from incidents.ledger.checkpoint import (
    cosign,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from incidents.ledger.merkle import verify_consistency
from incidents.ledger.note import parse_note, write_note
from incidents.ledger.signer_client import SignerRefused
from incidents.ledger.vkey import KeyType, signing_key
from incidents.models import Checkpoint, Cosigned, EndedLog, Entry, SealedLeaf, Which
from incidents.sealing.continuing import Why, continue_log
from incidents.sealing.key_changes import note_keys
from incidents.sealing.names import present_name
from incidents.sealing.places import newest_note, sealed_size
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import last_signed_size, sign_heads
from incidents.sealing.tree import consistency_path
from incidents.witnessing.cosigning import Line, head_to_cosign, keep_lines
from tests.factories import NOW
from tests.incidents.ledger.simulated_log import AGENCY
from tests.incidents.sealing.log import ORIGIN, LocalSigner, record_entries
from tests.incidents.witnessing.parties import witness

pytestmark = pytest.mark.django_db
NEW = "log.example/test-2"
WHY = Why("The key was copied", "Ana of operations")


def fresh_signer(origin=NEW, seed=7):
    return LocalSigner(key=signing_key(origin, KeyType.LOG, bytes([seed]) * 32))


@dataclass
class Log:
    """A log with one witness, which makes its quorum."""

    signer: LocalSigner = field(default_factory=LocalSigner)

    def __post_init__(self):
        self.witness = witness(AGENCY, "agency")

    def grow(self, count=1, *, is_seen=True):
        record_entries(count=count)
        seal_batch(NOW)
        sign_heads(self.signer.as_signer(), NOW)
        if is_seen:
            self.cosign()

    def cosign(self):
        head = head_to_cosign(NOW)
        checkpoint = parse_checkpoint(parse_note(head.note).text)
        signature = cosign(checkpoint, AGENCY, time=int(NOW.timestamp()))
        keep_lines(head, [Line(self.witness, AGENCY.public, signature)], NOW)

    def go_on(self, signer=None, **more):
        self.signer = signer or fresh_signer()
        return continue_log(self.signer.as_signer(), WHY, NOW, **more)


def test_log_goes_on_in_the_same_tree_under_the_new_name():
    log = Log()
    log.grow(3)
    log.grow(1, is_seen=False)
    record_entries(count=2)  # these wait when the theft is found
    ended = log.go_on()
    assert (ended.origin, ended.size, ended.sealed_size) == (ORIGIN, 3, 6)
    # The word that closes the old log is the first entry behind what it sealed.
    assert SealedLeaf.objects.get(idx=6).entry.kind == "log.continues"
    assert (present_name(), last_signed_size(), newest_note()) == (NEW, 0, None)
    sign_heads(log.signer.as_signer(), NOW)
    head = open_checkpoint(
        newest_note(), origin=NEW, log_keys=[log.signer.key.public]
    ).checkpoint
    old = parse_checkpoint(parse_note(ended.note).text)
    proof = consistency_path(3, head.size)
    assert verify_consistency(3, head.size, old.root, head.root, proof)
    log.cosign()
    log.grow(1)
    assert last_signed_size() == sealed_size() == 8


def test_record_says_what_is_continued_why_and_by_whom():
    log = Log()
    log.grow(2)
    ended = log.go_on()
    fields = read_fields(Entry.objects.filter(pk=ended.entry_id))[ended.entry_id]
    old = parse_checkpoint(parse_note(ended.note).text)
    assert fields.pop("note_sha256") == sha256(ended.note.encode()).hexdigest()
    assert fields == {
        "origin": ORIGIN,
        "size": 2,
        "root": old.root.hex(),
        "cosigned": True,
        "reason": WHY.reason,
        "actor": {"kind": "operator", "name": WHY.by},
    }


def test_head_that_the_old_key_never_answered_is_not_signed_by_the_new_one():
    log = Log()
    log.grow(1)
    record_entries()
    seal_batch(NOW)
    with pytest.raises(SignerRefused, match="continue_log"):
        sign_heads(fresh_signer().as_signer(), NOW)
    log.go_on()
    sign_heads(log.signer.as_signer(), NOW)
    assert log.signer.asked == [3]
    assert Checkpoint.objects.get(size=2).note == ""


def test_old_signer_signs_nothing_more():
    log = Log()
    log.grow(1)
    thief = log.signer
    log.go_on()
    with pytest.raises(
        SignerRefused, match=f"signs for {ORIGIN}, and this log is {NEW}"
    ):
        sign_heads(thief.as_signer(), NOW)


def test_log_may_go_on_a_second_time():
    log = Log()
    log.grow(1)
    log.go_on()
    sign_heads(log.signer.as_signer(), NOW)
    log.cosign()
    ended = log.go_on(fresh_signer("log.example/test-3", seed=8))
    assert (ended.number, ended.origin, ended.size) == (2, NEW, 2)
    with pytest.raises(NotPossible, match="given up before"):
        log.go_on(fresh_signer(ORIGIN, seed=9))


def test_nothing_signed_is_nothing_to_continue():
    with pytest.raises(NotPossible, match="Nothing is signed yet"):
        Log().go_on()


def test_signer_that_still_has_the_old_name_or_key_is_refused():
    log = Log()
    log.grow(1)
    old = log.signer
    with pytest.raises(NotPossible, match="new-log ORIGIN"):
        log.go_on(old)
    same_key = LocalSigner(key=signing_key(NEW, KeyType.LOG, bytes(range(32))))
    note_keys([old.key.public.vkey()], NOW)
    with pytest.raises(NotPossible, match="fresh key"):
        log.go_on(same_key)
    assert not EndedLog.objects.exists()


def test_second_call_says_that_it_is_done():
    log = Log()
    log.grow(1)
    log.go_on()
    with pytest.raises(NotPossible, match=f"{NEW} already, since 20"):
        log.go_on(log.signer)
    assert EndedLog.objects.count() == 1


def test_head_that_nobody_saw_is_continued_only_when_that_is_said():
    log = Log()
    log.grow(2, is_seen=False)
    with pytest.raises(NotPossible, match="--without-cosignature"):
        log.go_on()
    ended = log.go_on(may_lack_witnesses=True)
    assert (ended.is_cosigned, ended.size) == (False, 2)


@pytest.mark.parametrize(
    ("origin", "why"),
    [(ORIGIN, "do not make the head of 2"), (NEW, "in the database is false")],
)
def test_head_that_is_not_of_these_entries_is_not_continued(origin, why):
    log = Log()
    log.grow(2, is_seen=False)
    note_keys([log.signer.key.public.vkey()], NOW)
    key = signing_key(origin, KeyType.LOG, bytes(range(32)))
    note = write_note(sign_checkpoint(Head(origin, 2, bytes(32)), [key]))
    Cosigned.objects.create(size=2, which=Which.FIRST, note=note, quorum_at=NOW)
    with pytest.raises(NotPossible, match=why):
        log.go_on()


def test_reason_must_be_given():
    log = Log()
    log.grow(1)
    with pytest.raises(BadInput, match="reason"):
        continue_log(fresh_signer().as_signer(), Why(" ", "Ana"), NOW)
