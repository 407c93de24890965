from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.ledger.canonical import MAX_INTEGER, canonical_json
from incidents.ledger.heads import (
    SYSTEM_STREAM,
    BadHeads,
    Head,
    HeadsRoot,
    faults_between,
    heads_root,
    parse_head,
    parse_heads,
    parse_heads_root,
    prove_head,
    sorted_lines,
    verify_head,
)
from incidents.ledger.merkle import EMPTY_ROOT
from tests.incidents.ledger import vectors

S16 = vectors.own("ledger_notes")["S16"]
LINES = S16["lines"]
HEADS = parse_heads(LINES)
ROOT = HeadsRoot(3, bytes.fromhex(S16["root"]), 20)

heads = st.builds(
    Head,
    st.uuids(version=4),
    st.integers(1, MAX_INTEGER),
    st.binary(min_size=32, max_size=32),
)
lists = st.lists(heads, max_size=20, unique_by=lambda head: head.stream)


def check(vector):
    lines, index = vector["lines"], vector["index"]
    proof = [bytes.fromhex(text) for text in vector["proof"]]
    known = parse_heads(lines)
    found = heads_root(lines, upto=20)
    is_ours = prove_head(lines, known[index].stream) == (index, proof)
    is_root = found.root.hex() == vector["root"]
    return is_ours and is_root and verify_head(known[index], index, proof, found)


def test_vector():
    assert check(S16)


@vectors.needs_shared
def test_every_shared_list():
    found = vectors.shared("heads")
    assert len(found) == 1
    assert [vector["id"] for vector in found if not check(vector)] == []


@given(lists)
def test_lines_are_sorted_by_bytes_and_read_back(found):
    lines = sorted_lines(found)
    assert lines == sorted((head.line() for head in found), key=str.encode)
    assert parse_heads(lines) == sorted(found)


@given(lists.filter(bool), st.data())
def test_every_head_is_proved(found, data):
    lines = sorted_lines(found)
    head = data.draw(st.sampled_from(found))
    index, proof = prove_head(lines, head.stream)
    under = heads_root(lines, upto=MAX_INTEGER)
    assert verify_head(head, index, proof, under)
    longer = Head(head.stream, head.seq % MAX_INTEGER + 1, head.hash)
    assert not verify_head(longer, index, proof, under)


def test_head_is_not_proved_at_another_place_or_size():
    index, proof = prove_head(LINES, HEADS[1].stream)
    assert verify_head(HEADS[1], index, proof, ROOT)
    assert not verify_head(HEADS[1], 0, proof, ROOT)
    assert not verify_head(HEADS[1], index, proof, HeadsRoot(2, ROOT.root, 20))
    assert not verify_head(HEADS[1], index, proof, HeadsRoot(3, EMPTY_ROOT, 20))


def test_stream_without_a_line_has_no_proof():
    with pytest.raises(BadHeads, match="has no line"):
        prove_head(LINES, UUID(int=7))


STREAM, SEQ, HASH = LINES[1].split(" ")


@pytest.mark.parametrize(
    "line",
    [
        "",
        LINES[1] + "\n",
        LINES[1] + " ",
        LINES[1].upper(),
        f"{STREAM.replace('-', '')} {SEQ} {HASH}",
        f"{STREAM}  {SEQ} {HASH}",
        f"{STREAM} 0{SEQ} {HASH}",
        f"{STREAM} 0 {HASH}",
        f"{STREAM} {2**53} {HASH}",
        f"{STREAM} {SEQ} {HASH[:-2]}",
        f"{STREAM} {SEQ} {HASH}00",
        f"{'-' * 36} {SEQ} {HASH}",
        f"{STREAM.replace('-', '')}---- {SEQ} {HASH}",
        f"{SYSTEM_STREAM} {SEQ} {HASH}",
    ],
)
def test_line_of_no_head_is_refused(line):
    with pytest.raises(BadHeads):
        parse_head(line)


def test_list_that_is_not_sorted_or_has_a_stream_twice_is_refused():
    with pytest.raises(BadHeads, match="not sorted"):
        parse_heads(LINES[::-1])
    again = f"{STREAM} 6 {HASH}"
    with pytest.raises(BadHeads, match="two heads"):
        parse_heads([LINES[1], again])


def test_disclosed_root_reads_back_and_fits_the_record():
    value = ROOT.value()
    assert value == {"n": 3, "root": S16["root"], "upto": 20}
    assert parse_heads_root(value) == ROOT
    assert canonical_json(value).startswith(b'{"n":3,"root":"1f7d')


@pytest.mark.parametrize(
    "value",
    [
        "text",
        [],
        {},
        {**ROOT.value(), "more": 1},
        {**ROOT.value(), "n": True},
        {**ROOT.value(), "n": "3"},
        {**ROOT.value(), "n": -1},
        {**ROOT.value(), "n": 21},
        {**ROOT.value(), "upto": 2**53},
        {**ROOT.value(), "root": S16["root"].upper()},
        {**ROOT.value(), "root": S16["root"][:-1]},
        {**ROOT.value(), "root": 1},
    ],
)
def test_disclosed_root_of_another_form_is_refused(value):
    with pytest.raises(BadHeads):
        parse_heads_root(value)


def test_log_without_streams_has_the_root_of_nothing():
    assert heads_root([], upto=0) == HeadsRoot(0, EMPTY_ROOT, 0)


def test_later_list_may_have_longer_and_new_streams():
    longer = Head(HEADS[0].stream, HEADS[0].seq + 1, bytes(32))
    new = Head(UUID(int=7), 1, bytes(32))
    assert faults_between(HEADS, [longer, *HEADS[1:], new]) == []


def test_later_list_shows_what_went_back_changed_or_vanished():
    shorter = Head(HEADS[0].stream, HEADS[0].seq - 1, HEADS[0].hash)
    other = Head(HEADS[1].stream, HEADS[1].seq, bytes(32))
    assert faults_between(HEADS, [shorter, other]) == [
        f"{HEADS[0].stream}: 1 entries, there were 2",
        f"{HEADS[1].stream}: entry 5 is another",
        f"{HEADS[2].stream}: gone",
    ]
