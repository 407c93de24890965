import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.ledger.checkpoint import open_checkpoint
from incidents.ledger.vkey import KeyType, signing_key
from incidents.ledger.witness_core import origin_hash
from incidents.witnessing.own_key import ensure_own_key
from tests.incidents.ledger.simulated_log import LOG_KEY, ORIGIN
from tests.incidents.witnessing.parties import (
    OTHER,
    TREE,
    their_note,
    their_request,
    watch,
)

pytestmark = pytest.mark.django_db
STOLEN = signing_key(ORIGIN, KeyType.LOG, bytes([9]) * 32)


@pytest.fixture
def key():
    return ensure_own_key()


def add(client, body):
    return client.post("/witness/add-checkpoint", body, content_type="text/plain")


def test_log_that_is_watched_is_cosigned_step_by_step(client, key):
    watched = watch()
    for old, new in ((0, 3), (3, 5), (5, 5)):
        answer = add(client, their_request(old, new))
        assert (answer.status_code, answer.text[:2]) == (200, "— ")
        watched.refresh_from_db()
        assert (watched.size, bytes(watched.root)) == (new, TREE.root(new))
    shown = client.get(f"/witness/{origin_hash(ORIGIN)}/checkpoint")
    opened = open_checkpoint(
        shown.content,
        origin=ORIGIN,
        log_keys=[LOG_KEY.public],
        witness_keys=[key.public],
    )
    assert (opened.checkpoint.size, [*opened.seen]) == (5, [key.public])
    assert answer.text in shown.text


def test_what_the_log_did_not_sign_locks_nothing(client, key):
    watch(5)
    for body in (their_request(5, 8, key=STOLEN), their_request(5, 8)):
        with CaptureQueriesContext(connection) as asked:
            status = add(client, body).status_code
        locks = [one["sql"] for one in asked if "FOR NO KEY UPDATE" in one["sql"]]
        assert (status, len(locks)) in [(403, 0), (200, 1)]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (their_request(3, 5), 409, "5\n"),
        (their_request(3, 3), 409, "5\n"),
        (their_request(5, 8, OTHER), 422, None),
        (their_request(5, 5, OTHER), 422, None),
        (their_request(5, 8, key=STOLEN), 403, None),
        (b"old 5\n", 400, None),
        (b"x" * 70_000, 400, None),
    ],
)
def test_what_does_not_extend_the_log_is_refused(client, key, body, status, said):
    watched = watch(5)
    answer = add(client, body)
    assert answer.status_code == status
    assert said in (None, answer.text)
    watched.refresh_from_db()
    assert (watched.size, watched.note) == (5, "")


def test_second_head_of_one_size_is_kept_as_evidence(client, key):
    watched = watch(5)
    add(client, their_request(5, 8, OTHER))
    watched.refresh_from_db()
    assert watched.refused_note == ""  # a wrong proof may be anybody's
    add(client, their_request(5, 5, OTHER))
    watched.refresh_from_db()
    assert watched.refused_note == their_note(5, OTHER)


def test_log_that_is_not_watched_is_not_found(client, key):
    assert add(client, their_request(0, 3)).status_code == 404
    watched = watch()
    watched.is_active = False
    watched.save()
    assert add(client, their_request(0, 3)).status_code == 404
    assert client.get(f"/witness/{origin_hash(ORIGIN)}/checkpoint").status_code == 404


def test_installation_without_a_key_cosigns_nothing(client):
    watch()
    assert add(client, their_request(0, 3)).status_code == 404


def test_key_that_others_can_read_is_not_used(client, key, witness_key_file):
    watch()
    witness_key_file.chmod(0o644)
    assert add(client, their_request(0, 3)).status_code == 503


def test_key_is_made_once(key, witness_key_file):
    assert ensure_own_key().public == key.public
    assert witness_key_file.stat().st_mode & 0o777 == 0o600
