import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from incidents.ledger.append import make_streams
from incidents.models import Checkpoint, Entry, SealedLeaf, SealerState
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.factories import NOW
from tests.incidents.sealing.log import LocalSigner, record_entries, tampering


def broken():
    state = SealerState.objects.get()
    return state.broken_entry_id, state.broken_why


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            "leaf = overlay(leaf PLACING 'X'::bytea FROM 40)",
            "its leaf does not begin with the instant of its row",
        ),
        (
            "leaf = overlay(leaf PLACING 'XXXX'::bytea FROM 63)",
            "stream {stream} ends in another number 2",
        ),
        (
            "at = at + interval '1 hour'",
            "its leaf does not begin with the instant of its row",
        ),
        (
            "kind = 'incident.resolved'",
            "its leaf does not continue number 1 of stream {stream}",
        ),
        ("seq = 7", "number 7 of stream {stream} follows number 0"),
    ],
)
def test_entry_changed_before_it_is_sealed_stops_the_sealer(
    world_database, change, why
):
    (stream,) = make_streams(1)
    record_entries(stream)
    seal_batch(NOW)
    (second,) = record_entries(stream)
    with tampering(world_database, "tocsin_entry") as owner:
        owner.execute(f"UPDATE tocsin_entry SET {change} WHERE id = {second}")
    assert seal_batch(NOW) is None
    assert broken() == (second, why.format(stream=stream.pk))


def test_tile_that_does_not_make_the_last_head_stops_the_sealer(world_database):
    record_entries(count=3)
    seal_batch(NOW)
    record_entries()
    with tampering(world_database, "tocsin_tile") as owner:
        owner.execute(
            "UPDATE tocsin_tile SET hashes = sha256('x') || substr(hashes, 33)"
        )
    assert seal_batch(NOW) is None
    assert broken() == (None, "the tiles do not make the root of the log at 3")


SEALED = [
    "UPDATE tocsin_leaf SET idx = 9",
    "DELETE FROM tocsin_leaf",
    "TRUNCATE tocsin_leaf",
    "DELETE FROM tocsin_tile",
    "TRUNCATE tocsin_tile",
    "UPDATE tocsin_tile SET n = 9",
    "UPDATE tocsin_checkpoint SET root = sha256('x')",
    "DELETE FROM tocsin_checkpoint",
    "TRUNCATE tocsin_checkpoint",
    "DELETE FROM tocsin_cosigned",
    "TRUNCATE tocsin_cosigned",
]
GUARDED = [
    "UPDATE tocsin_tile SET hashes = sha256('x')",
    "UPDATE tocsin_tile SET hashes = substr(hashes, 1, 32)",
    "UPDATE tocsin_checkpoint SET note = 'another', signed_at = now()",
    "UPDATE tocsin_checkpoint SET note = ''",
]


@pytest.fixture
def sealed_log(world_database):
    record_entries(count=2)
    seal_batch(NOW)
    sign_heads(LocalSigner().as_signer(), NOW)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO tocsin_cosigned VALUES (2, 'first', 'note', NULL)")
    return world_database


def test_runtime_role_cannot_change_what_is_sealed(sealed_log):
    for statement in SEALED + GUARDED:
        refused = pytest.raises(
            ProgrammingError, match=r"permission denied|must be owner|is refused"
        )
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert (SealedLeaf.objects.count(), Checkpoint.objects.count()) == (2, 1)


def test_even_the_owner_is_stopped_by_triggers(sealed_log):
    statements = [one for one in SEALED + GUARDED if "tile SET n" not in one]
    for statement in statements:
        refused = pytest.raises(
            psycopg.errors.InsufficientPrivilege, match="is refused"
        )
        with psycopg.connect(sealed_log.owner_url) as owner, refused:
            owner.execute(statement)
    assert Entry.objects.count() == 2
