from datetime import timedelta

import pytest

from incidents.ledger.append import make_streams
from incidents.ledger.heads import BadHeads, parse_head, verify_head
from incidents.models import Entry, Pending
from incidents.sealing.heads import (
    newest_heads,
    prove_stream,
    read_lines,
    write_heads,
    write_heads_if_due,
)
from incidents.sealing.seal import seal_batch
from tests.factories import NOW
from tests.incidents.sealing.log import record_entries

pytestmark = pytest.mark.django_db


def head_line(entry_id):
    entry = Entry.objects.get(pk=entry_id)
    return f"{entry.stream_id} {entry.seq} {bytes(entry.leaf_hash).hex()}"


def test_heads_are_the_last_sealed_entries_of_all_streams():
    one, two = make_streams(2)
    make_streams(1)  # nothing happened in it
    ids = record_entries(one, two, count=2)
    seal_batch(NOW)
    record_entries(one)
    assert read_lines(4) == sorted(map(head_line, ids[2:]))
    assert read_lines(3) == sorted(map(head_line, [ids[2], ids[1]]))
    assert read_lines(1) == [head_line(ids[0])]


def test_heads_of_any_earlier_size_are_read_back():
    one, two = make_streams(2)
    record_entries(one, two, count=3)
    seal_batch(NOW, limit=4)
    before = read_lines(4)
    seal_batch(NOW)
    record_entries(one, two, count=2)
    seal_batch(NOW)
    assert read_lines(4) == before


def test_stream_is_proven_by_the_newest_sealed_heads():
    streams = make_streams(5)
    record_entries(*streams, count=2)
    seal_batch(NOW)
    entry_id = write_heads(NOW)
    assert newest_heads() is None
    record_entries(*streams)
    seal_batch(NOW)
    heads = newest_heads()
    assert (heads.entry_id, heads.idx) == (entry_id, 10)
    assert (heads.disclosed.n, heads.disclosed.upto) == (5, 10)
    for stream in streams:
        proven = prove_stream(heads, stream.pk)
        head = parse_head(proven.line)
        assert (head.stream, head.seq) == (stream.pk, 2)
        assert verify_head(head, proven.index, proven.path, heads.disclosed)


def test_heads_of_a_smaller_log_are_found():
    for _ in range(3):
        record_entries()
        seal_batch(NOW)
        write_heads(NOW)
    seal_batch(NOW)
    # Leaves: entry, entry, heads 1, entry, heads 2, heads 3 in the order of their ids.
    assert [newest_heads(size).idx for size in (2, 3, 4, 6)] == [1, 1, 3, 5]
    assert newest_heads(1) is None


def test_stream_that_had_no_entry_then_is_not_proven():
    record_entries()
    seal_batch(NOW)
    write_heads(NOW)
    seal_batch(NOW)
    (later,) = make_streams(1)
    record_entries(later)
    seal_batch(NOW)
    with pytest.raises(BadHeads, match="has no line"):
        prove_stream(newest_heads(), later.pk)


def test_heads_are_written_every_ten_minutes_when_streams_have_grown():
    assert write_heads_if_due(NOW) is None
    record_entries()
    seal_batch(NOW)
    assert write_heads_if_due(NOW)
    seal_batch(NOW)
    record_entries()
    seal_batch(NOW)
    assert write_heads_if_due(NOW + timedelta(minutes=9)) is None
    assert write_heads_if_due(NOW + timedelta(minutes=10))
    seal_batch(NOW)
    assert write_heads_if_due(NOW + timedelta(minutes=30)) is None


def test_end_of_a_stream_that_was_taken_from_the_sealer_is_noticed():
    (stream,) = make_streams(1)
    _, last = record_entries(stream, count=2)
    Pending.objects.filter(entry=last).delete()
    seal_batch(NOW)
    with pytest.raises(BadHeads, match=f"entry 2 of stream {stream.pk} is not sealed"):
        write_heads(NOW)
