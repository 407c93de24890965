from base64 import b64decode

import pytest
from rest_framework.test import APIClient

from incidents.ledger.checkpoint import open_checkpoint
from incidents.ledger.merkle import verify_consistency, verify_inclusion
from incidents.models import Checkpoint, Cosigned, SealedLeaf
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests.factories import NOW, lab, person
from tests.incidents.sealing.log import ORIGIN, LocalSigner, record_entries

pytestmark = pytest.mark.django_db


@pytest.fixture
def signer():
    return LocalSigner()


@pytest.fixture
def log(signer):
    """Seal 3 entries, then 300 more."""
    for count in (3, 297):
        record_entries(count=count)
        seal_batch(NOW)
        sign_heads(signer.as_signer(), NOW)


@pytest.fixture
def member():
    client = APIClient()
    client.force_authenticate(person(lab()))
    return client


def hashes(texts):
    return [b64decode(text) for text in texts]


def root(size):
    return bytes(Checkpoint.objects.get(size=size).root)


def test_anybody_gets_the_newest_signed_head(log, signer, client):
    answer = client.get("/log/checkpoint", headers={"Accept": "text/plain"})
    opened = open_checkpoint(answer.text, origin=ORIGIN, log_keys=[signer.key.public])
    assert (opened.checkpoint.size, opened.checkpoint.root) == (300, root(300))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"


def test_head_without_a_quorum_is_not_shown_once_there_was_one(log, client):
    Cosigned.objects.create(size=3, which="first", note="with witnesses", quorum_at=NOW)
    Cosigned.objects.create(size=300, which="first", note="with one of them")
    assert client.get("/log/checkpoint").text == "with witnesses"


def test_log_without_a_signed_head_shows_none(client):
    record_entries()
    seal_batch(NOW)
    assert client.get("/log/checkpoint").status_code == 404


def test_anybody_gets_the_proof_between_two_sizes(log, client):
    answer = client.get("/log/proof/consistency?from=3&to=300")
    proof = hashes(answer.text.splitlines())
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert verify_consistency(3, 300, root(3), root(300), proof)


def test_account_gets_the_proof_of_a_place(log, member):
    body = member.get("/log/proof/inclusion?index=2&size=3").json()
    leaf = bytes(SealedLeaf.objects.get(idx=2).leaf_hash)
    assert verify_inclusion(leaf, 2, 3, hashes(body["path"]), root(3))
    assert body["checkpoint"] == Checkpoint.objects.get(size=3).note
    newest = member.get("/log/proof/inclusion?index=2").json()
    assert verify_inclusion(leaf, 2, 300, hashes(newest["path"]), root(300))
    assert newest["size"] == 300


def test_account_gets_the_tiles(log, member):
    leaves = SealedLeaf.objects.order_by("idx").values_list("leaf_hash", flat=True)
    whole = member.get("/log/tile/0/000")
    partial = member.get("/log/tile/0/001.p/40")
    assert whole.content + partial.content == b"".join(map(bytes, leaves[:296]))
    assert whole["Content-Type"] == "application/octet-stream"
    assert whole["Cache-Control"] == "private, max-age=31536000, immutable"
    assert len(member.get("/log/tile/1/000.p/1").content) == 32


@pytest.mark.parametrize(
    "path",
    [
        *("0/001", "0/001.p/45", "0/002", "0/1", "1/000", "2/000.p/1", "x"),
        *("0/000.p/0", "0/000.p/256", "64/000.p/1", "0/x999/x999/999.p/1", "-1/000"),
    ],
)
def test_tile_that_is_not_there_is_not_found(log, member, path):
    assert member.get(f"/log/tile/{path}").status_code == 404


def test_width_that_a_tile_once_had_stays(log, member):
    narrow = member.get("/log/tile/0/000.p/3")
    assert narrow.content == member.get("/log/tile/0/000").content[: 3 * 32]
    assert narrow["Cache-Control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("place", ["tile/0/000", "proof/inclusion?index=0"])
def test_places_in_the_tree_are_not_for_anybody(log, client, place):
    answer = client.get(f"/log/{place}")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.parametrize(
    ("query", "field", "remedy"),
    [
        ("consistency?from=3&to=301", "to", "The log has 300 entries: up to those."),
        ("consistency?from=4&to=3", "from", "Send a size up to 3."),
        ("consistency?to=3", "from", "This field is required."),
        ("inclusion?index=3&size=3", "index", "Send a place below 3."),
        ("inclusion?index=0&size=301", "size", "The log has 300 entries: up to those."),
        ("inclusion?index=x", "index", "A valid integer is required."),
    ],
)
def test_sizes_that_the_log_has_not_are_refused(log, member, query, field, remedy):
    answer = member.get(f"/log/proof/{query}")
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["remedy"]) == (422, field, remedy)


def test_proof_reads_a_handful_of_tiles(log, member, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):
        member.get("/log/proof/inclusion?index=2&size=300")
