import itertools
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from incidents.ledger.append import make_streams
from incidents.models import Entry, Pending, SealerState
from incidents.sealing.heads import read_lines
from incidents.sealing.places import sealed_size
from incidents.sealing.seal import seal_batch
from tests.factories import NOW, lab
from tests.incidents.sealing.log import record_entries

WRITERS, TRANSACTIONS = 4, 12


def test_entries_that_commit_out_of_order_are_all_sealed_in_their_streams_order(
    world_database,
):
    lab()
    streams = make_streams(3)
    orders = list(itertools.permutations(streams))

    def write(number):
        try:
            for turn in range(TRANSACTIONS):
                record_entries(*orders[(number + turn) % len(orders)])
        finally:
            connection.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, number) for number in range(WRITERS)]
        while not all(writer.done() for writer in writers):
            seal_batch(NOW, limit=7)
        for writer in writers:
            writer.result()
    while seal_batch(NOW, limit=7):
        pass
    assert SealerState.objects.get().broken_why == ""
    assert not Pending.objects.exists()
    assert sealed_size() == WRITERS * TRANSACTIONS * len(streams)
    for stream in streams:
        places = Entry.objects.filter(stream=stream).order_by("sealed__idx")
        assert list(places.values_list("seq", flat=True)) == list(range(1, 49))
    assert len(read_lines(sealed_size())) == len(streams)
