import hashlib
import uuid

import pytest
from django.db import ProgrammingError, connection, transaction

from incidents.events.feed import read_fields
from incidents.ledger.append import Draft, append, make_streams
from incidents.ledger.canonical import GENESIS, NotCanonical, parse_leaf
from incidents.ledger.keyring import make_data_keys
from incidents.ledger.models import Disclosure, Entry, Stream
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def draft(stream, **fields):
    return Draft(stream.pk, "incident.resolved", NOW, uuid.uuid4(), fields)


def test_entries_of_a_stream_form_a_chain_without_gaps():
    (stream,) = make_streams(1)
    append([draft(stream, reason="one")])
    append([draft(stream, reason="two"), draft(stream, reason="three")])
    leaves = [parse_leaf(bytes(e.leaf)) for e in Entry.objects.order_by("id")]
    hashes = [bytes(e.leaf_hash) for e in Entry.objects.order_by("id")]
    assert [leaf.seq for leaf in leaves] == [1, 2, 3]
    assert [leaf.prev for leaf in leaves] == [GENESIS, *hashes[:-1]]


def test_database_computes_the_leaf_hash_that_the_chain_uses():
    (stream,) = make_streams(1)
    append([draft(stream, reason="one")])
    entry = Entry.objects.get()
    expected = hashlib.sha256(b"\x00" + bytes(entry.leaf)).digest()
    stream.refresh_from_db()
    assert (bytes(entry.leaf_hash), bytes(stream.last_hash)) == (expected, expected)


def test_bulk_append_keeps_the_order_of_drafts_across_streams():
    one, two = make_streams(2)
    drafts = [draft(one, reason="a"), draft(two, reason="b"), draft(one, reason="c")]
    ids = append(drafts)
    entries = Entry.objects.in_bulk(ids)
    assert [(entries[pk].stream_id, entries[pk].seq) for pk in ids] == [
        (one.pk, 1),
        (two.pk, 1),
        (one.pk, 2),
    ]


def test_values_are_stored_encrypted_and_read_back():
    (stream,) = make_streams(1)
    append([draft(stream, reason="the secret reason")])
    stored = bytes(Disclosure.objects.get().body)
    assert b"secret" not in stored
    assert read_fields(Entry.objects.all()) == {
        Entry.objects.get().pk: {"reason": "the secret reason"}
    }


def test_personal_field_is_encrypted_under_its_persons_key():
    (stream,) = make_streams(1)
    person = uuid.uuid4()
    fields = {"actor": {"name": "Ada"}, "reason": "x"}
    subjects = {"actor": person}
    append([Draft(stream.pk, "incident.resolved", NOW, uuid.uuid4(), fields, subjects)])
    owners = dict(Disclosure.objects.values_list("name", "key__owner"))
    assert owners == {"actor": person, "reason": stream.pk}


def test_number_of_statements_does_not_grow_with_the_batch(
    django_assert_num_queries,
):
    streams = make_streams(3)
    make_data_keys([uuid.uuid4()])
    with django_assert_num_queries(2):
        append([draft(streams[0], reason="one")])
    with django_assert_num_queries(2):
        append([draft(s, reason=str(n)) for s in streams for n in range(20)])


@pytest.mark.parametrize("value", [None, 1.5, {"a": None}])
def test_value_that_the_record_cannot_hold_is_refused(value):
    (stream,) = make_streams(1)
    with pytest.raises(NotCanonical):
        append([draft(stream, reason=value)])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tocsin_entry SET kind = 'x'",
        "DELETE FROM tocsin_entry",
        "TRUNCATE tocsin_entry CASCADE",
        "UPDATE tocsin_disclosure SET name = 'x'",
        "DELETE FROM tocsin_disclosure",
        "TRUNCATE tocsin_disclosure",
        "UPDATE tocsin_stream SET key_id = key_id",
        "DELETE FROM tocsin_stream",
    ],
)
def test_runtime_role_cannot_change_the_record(statement):
    (stream,) = make_streams(1)
    append([draft(stream, reason="one")])
    refused = pytest.raises(ProgrammingError, match=r"permission denied|must be owner")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (Entry.objects.count(), Stream.objects.count()) == (1, 1)
