import psycopg
from django.db import connection

from incidents.models import Checkpoint, Pending, SealedLeaf, Tile
from incidents.sealing.places import sealed_size
from incidents.sealing.seal import LOCK_NUMBER, seal_batch
from incidents.sealing.signing import last_signed_size, sign_heads
from tests.factories import NOW
from tests.incidents.sealing.log import LocalSigner, record_entries


class Crash(Exception):
    """The process dies here."""


class CrashAt:
    """Dies before the statement of this number; the first one is 0."""

    def __init__(self, number):
        self.left = number

    def __call__(self, execute, sql, params, many, context):
        if self.left == 0:
            raise Crash
        self.left -= 1
        return execute(sql, params, many, context)


def crashes(act):
    """Let an act crash before each of its statements in turn, until it is through."""
    number = 0
    while True:
        try:
            with connection.execute_wrapper(CrashAt(number)):
                act()
        except Crash:
            number += 1
            yield number
        else:
            return


def test_crash_before_any_statement_leaves_all_as_it_was(world_database):
    record_entries(count=2)
    seal_batch(NOW)
    record_entries(count=300)
    for _ in crashes(lambda: seal_batch(NOW)):
        left = (SealedLeaf.objects.count(), Pending.objects.count())
        tile = bytes(Tile.objects.get().hashes)
        assert (left, len(tile), sealed_size()) == ((2, 300), 64, 2)
    assert sealed_size() == 302


def test_crash_while_signing_is_mended_by_the_next_pass(world_database):
    signer = LocalSigner()
    for _ in range(3):
        record_entries()
        seal_batch(NOW)
        for _ in crashes(lambda: sign_heads(signer.as_signer(), NOW)):
            record_entries()
            seal_batch(NOW)
        assert last_signed_size() == sealed_size() == signer.size
    assert Checkpoint.objects.exclude(note="").count() > 3


def test_two_sealers_at_once_are_one(world_database):
    record_entries(count=2)
    with psycopg.connect(world_database.url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_NUMBER])
        assert (seal_batch(NOW), sealed_size()) == (None, 0)
    assert (seal_batch(NOW).count, sealed_size()) == (2, 2)
