from base64 import b64encode

import pytest

from incidents.ledger.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.note import write_note
from incidents.ledger.vkey import KeyType, signing_key
from incidents.ledger.witness_core import (
    BadAnswer,
    BadRequest,
    Head,
    decide,
    read_cosignature,
    read_request,
    read_size,
    write_request,
)
from tests.incidents.ledger.simulated_log import AGENCY, LAB, LOG_KEY, ORIGIN, Tree
from tests.incidents.ledger.vectors import needs_shared, shared

TREE = Tree(leaf_hash(bytes([number])) for number in range(8))
OTHER = Tree(leaf_hash(bytes([number, 1])) for number in range(8))
STOLEN = signing_key(ORIGIN, KeyType.LOG, bytes([9]) * 32)
NOW = 1_795_446_000
TEXT = "text/plain; charset=utf-8"


def note(size, tree=TREE, key=LOG_KEY):
    checkpoint = Checkpoint(key.public.name, size, tree.root(size))
    return write_note(sign_checkpoint(checkpoint, [key]))


def head(size, tree=TREE):
    return Head(size, tree.root(size))


def ask(body, last):
    return decide(
        read_request(body), log_keys=[LOG_KEY.public], last=last, key=AGENCY, time=NOW
    )


def test_witness_cosigns_what_extends_the_last_head():
    last = Head()
    for old, new in ((0, 3), (3, 5), (5, 5)):
        body = write_request(old, TREE.consistency(old, new), note(new))
        answer = ask(body, last)
        assert (answer.status, answer.head) == (200, head(new))
        line = read_cosignature(
            answer.body.encode(),
            text=read_request(body).note.text,
            key=AGENCY.public,
        )
        assert line.line() == answer.body
        opened = open_checkpoint(
            answer.note,
            origin=ORIGIN,
            log_keys=[LOG_KEY.public],
            witness_keys=[AGENCY.public],
        )
        assert opened.seen == {AGENCY.public: NOW}
        last = answer.head


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (write_request(3, TREE.consistency(3, 5), note(5)), 409, "5\n"),
        (write_request(6, TREE.consistency(6, 8), note(8)), 409, "5\n"),
        (write_request(3, (), note(3)), 409, "5\n"),
        (write_request(5, (), note(5, OTHER)), 422, None),
        (write_request(5, (), note(8)), 422, None),
        (write_request(5, TREE.consistency(5, 8)[1:], note(8)), 422, None),
        (write_request(5, OTHER.consistency(5, 8), note(8, OTHER)), 422, None),
        (write_request(5, TREE.consistency(5, 8), note(8, key=STOLEN)), 403, None),
    ],
    ids=[
        "replay",
        "too far",
        "rollback",
        "other root",
        "no proof",
        "cut",
        "fork",
        "key",
    ],
)
def test_witness_refuses_what_does_not_extend_the_last_head(body, status, said):
    answer = ask(body, head(5))
    assert (answer.status, answer.head, answer.note) == (status, None, "")
    assert said in (None, answer.body)
    kind = "text/x.tlog.size" if status == 409 else TEXT
    assert answer.content_type == kind


def test_false_signature_of_the_log_is_forbidden():
    body = write_request(5, TREE.consistency(5, 8), note(8))
    spoiled = body.replace(
        note(8).encode().splitlines()[-1], note(7).encode().splitlines()[-1]
    )
    assert ask(spoiled, head(5)).status == 403


HASH = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"old 3",
        f"old 03\n\n{note(5)}".encode(),
        f"old -1\n\n{note(5)}".encode(),
        f"old 6\n\n{note(5)}".encode(),
        f"new 3\n\n{note(5)}".encode(),
        f"old 3\n{HASH[:-4]}\n\n{note(5)}".encode(),
        f"old 3\n{HASH} \n\n{note(5)}".encode(),
        ("old 3\n" + 64 * f"{HASH}\n" + f"\n{note(5)}").encode(),
        f"old 3\n\n{note(5)}"[:-1].encode(),
        f"old 3\r\n\r\n{note(5)}".encode(),
        f"old 3\n\n{note(5).replace('5', '05', 1)}".encode(),
        b"old 3\n\n" + bytes(70_000),
    ],
)
def test_what_is_no_request_is_refused(body):
    with pytest.raises(BadRequest):
        read_request(body)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello\n",
        write_note(sign_checkpoint(Checkpoint(ORIGIN, 5, TREE.root(5)), [LOG_KEY]))
        .splitlines(keepends=True)[-1]
        .encode(),
    ],
)
def test_answer_without_the_cosignature_is_not_taken(answer):
    with pytest.raises(BadAnswer):
        read_cosignature(
            answer, text=note(5).partition("\n\n")[0] + "\n", key=AGENCY.public
        )


def test_cosignature_of_another_head_or_witness_is_not_taken():
    body = write_request(0, (), note(5))
    line = ask(body, Head()).body.encode()
    five, six = (note(size).partition("\n\n")[0] + "\n" for size in (5, 6))
    for text, key in ((six, AGENCY), (five, LAB)):
        with pytest.raises(BadAnswer):
            read_cosignature(line, text=text, key=key.public)


@pytest.mark.parametrize(
    ("answer", "size"),
    [(b"5\n", 5), (b"5", 5), (b"0\n", 0), (b"05\n", None), (b"x", None), (b"", None)],
)
def test_size_of_a_witness_is_read_strictly(answer, size):
    assert read_size(answer) == size


@needs_shared
def test_shared_request_is_written_and_read():
    [vector] = shared("add_checkpoint_request")
    body = vector["body"].encode()
    request = read_request(body)
    assert (request.old_size, request.checkpoint.size) == (3, 5)
    assert write_request(3, request.proof, write_note(request.note)) == body
