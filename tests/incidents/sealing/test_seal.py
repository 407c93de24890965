import pytest

from incidents.ledger.append import make_streams
from incidents.ledger.merkle import leaf_hash, root
from incidents.models import Checkpoint, Entry, Pending, SealedLeaf, SealerState
from incidents.sealing.places import places_of
from incidents.sealing.seal import Sealed, seal_batch
from incidents.sealing.tree import leaf_hashes
from tests.factories import NOW
from tests.incidents.sealing.log import record_entries

pytestmark = pytest.mark.django_db


def all_hashes():
    entries = Entry.objects.order_by("sealed__idx").filter(sealed__isnull=False)
    return [leaf_hash(bytes(entry.leaf)) for entry in entries]


def test_waiting_entries_get_their_places_and_one_head():
    ids = record_entries(*make_streams(2), count=3)
    sealed = seal_batch(NOW)
    assert places_of(ids) == {pk: place for place, pk in enumerate(ids)}
    assert sealed == Sealed(6, root(all_hashes()), 6, is_full=False)
    assert not Pending.objects.exists()


def test_head_of_each_batch_is_the_root_over_all_leaves_so_far():
    (stream,) = make_streams(1)
    for count in (1, 2, 255, 3, 300):
        record_entries(stream, count=count)
        sealed = seal_batch(NOW)
        assert sealed.root == root(all_hashes())
    sizes = Checkpoint.objects.order_by("size").values_list("size", flat=True)
    assert list(sizes) == [1, 3, 258, 261, 561]
    assert leaf_hashes(250, 20) == all_hashes()[250:270]


def test_nothing_waiting_makes_no_head():
    assert seal_batch(NOW) is None
    assert not Checkpoint.objects.exists()


def test_backlog_is_sealed_in_batches_the_oldest_first():
    ids = record_entries(count=5)
    counts = [seal_batch(NOW, limit=2) for _ in range(4)]
    assert [one and (one.count, one.is_full) for one in counts] == [
        (2, True),
        (2, True),
        (1, False),
        None,
    ]
    assert list(places_of(ids).values()) == [0, 1, 2, 3, 4]


def test_number_of_statements_does_not_grow_with_the_batch(
    django_assert_num_queries,
):
    one, *more = make_streams(4)
    record_entries(one)
    seal_batch(NOW)
    record_entries(one)
    with django_assert_num_queries(15):
        seal_batch(NOW)
    record_entries(*more, count=5)
    with django_assert_num_queries(15):
        seal_batch(NOW)


def take_back(entry_id):
    Pending.objects.filter(consumer="sealer", entry=entry_id).delete()


def broken():
    state = SealerState.objects.get()
    return state.broken_entry_id, state.broken_why


def test_entry_that_follows_no_sealed_one_stops_the_sealer_and_is_named():
    (stream,) = make_streams(1)
    first, second = record_entries(stream, count=2)
    record_entries()
    take_back(first)
    assert seal_batch(NOW) is None
    assert broken() == (second, f"number 2 of stream {stream.pk} follows number 0")
    assert not SealedLeaf.objects.exists()


def test_sealer_goes_on_when_the_chain_is_mended():
    (stream,) = make_streams(1)
    first, _ = record_entries(stream, count=2)
    waiting = Pending.objects.get(entry=first)
    take_back(first)
    seal_batch(NOW)
    waiting.pk = None
    waiting.save()
    # It waits behind its successor now, and still stands before it in the log.
    assert seal_batch(NOW).size == 2
    assert broken() == (None, "")


def test_row_of_an_entry_that_is_sealed_already_just_goes():
    first, _ = record_entries(count=2)
    waiting = Pending.objects.get(entry=first)
    seal_batch(NOW)
    waiting.save(force_insert=True)
    assert seal_batch(NOW) is None
    waiting.save(force_insert=True)
    record_entries()
    assert (seal_batch(NOW).size, broken()) == (3, (None, ""))
    assert not Pending.objects.exists()
