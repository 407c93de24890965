"""Follows the log as a stranger's monitor would: over HTTP, from its tiles alone."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from incidents.audit.entry_tiles import SPAN, note_span
from incidents.events.access import grant_role
from incidents.events.actor import Actor
from incidents.events.feed import read_fields
from incidents.ledger.checkpoint import open_checkpoint
from incidents.ledger.merkle import leaf_hash, root
from incidents.ledger.tiles import (
    TILE_WIDTH,
    TilePlace,
    TileReader,
    read_entries,
    tile_path,
    tile_width,
)
from incidents.models import Entry
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from tests import factories as make
from tests.factories import NOW
from tests.incidents.sealing.log import ORIGIN, LocalSigner, record_entries

pytestmark = pytest.mark.django_db

SIZE = 300


@pytest.fixture
def signer():
    return LocalSigner()


@pytest.fixture
def log(signer):
    record_entries(count=SIZE)
    seal_batch(NOW)
    sign_heads(signer.as_signer(), NOW)


@pytest.fixture
def platform():
    return make.platform()


@pytest.fixture
def auditor(platform):
    """A person of an agency, to whom the platform gave the role."""
    officer = make.person(make.agency(), role="officer")
    actor = Actor.system(platform)
    grant_role(platform, user=officer, role="auditor", actor=actor, now=NOW)
    client = APIClient()
    client.force_authenticate(officer)
    return client


def fetch(client, place):
    answer = client.get(f"/log/{tile_path(place)}")
    assert answer.status_code == 200, tile_path(place)
    return answer.content


def fetch_entries(client, size):
    leaves = []
    for n in range(-(-size // TILE_WIDTH)):
        width = tile_width(size, 0, n)
        leaves += read_entries(fetch(client, TilePlace(-1, n, width)), width)
    return leaves


def readings():
    fields = read_fields(Entry.objects.filter(kind="record.read"))
    return [fields[entry_id]["targets"] for entry_id in sorted(fields)]


def test_monitor_computes_the_signed_root_from_entries_and_from_tiles(
    log, signer, auditor
):
    note = auditor.get("/log/checkpoint").text
    keys = [signer.key.public]
    head = open_checkpoint(note, origin=ORIGIN, log_keys=keys).checkpoint
    leaves = fetch_entries(auditor, head.size)
    assert root([leaf_hash(leaf) for leaf in leaves]) == head.root
    reader = TileReader(
        head.size, lambda level, n, width: fetch(auditor, TilePlace(level, n, width))
    )
    assert reader.root() == head.root
    assert reader.leaf_hash(SIZE - 1) == leaf_hash(leaves[-1])


def test_reading_the_whole_log_adds_one_entry_to_it(log, auditor):
    fetch_entries(auditor, SIZE)
    fetch_entries(auditor, SIZE)
    assert readings() == [[f"log:0-{SPAN - 1}"]]


def test_reading_is_recorded_anew_for_another_span_and_later(platform):
    person = make.person(platform, role="auditor")
    more = {"reader": "token:7", "user": person, "organisation": platform}
    later = NOW + timedelta(minutes=15)
    for n, now in ((0, NOW), (255, NOW), (256, NOW), (0, later)):
        note_span(n, now=now, **more)
    assert readings() == [
        ["log:0-65535"],
        ["log:65536-131071"],
        ["log:0-65535"],
    ]


@pytest.mark.parametrize(
    "path", ["001", "001.p/45", "002", "000.p/256", "000.p/0", "1", "x001/000", "x"]
)
def test_entries_that_are_not_there_are_not_found_nor_recorded(log, auditor, path):
    assert auditor.get(f"/log/tile/entries/{path}").status_code == 404
    assert readings() == []


def test_narrow_bundle_stays_where_it_was(log, auditor):
    narrow = fetch(auditor, TilePlace(-1, 0, 3))
    answer = auditor.get("/log/tile/entries/000")
    assert read_entries(narrow, 3) == read_entries(answer.content, TILE_WIDTH)[:3]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"


@pytest.mark.parametrize("role", ["operator", "admin"])
def test_entries_are_for_auditors_alone(log, platform, role):
    client = APIClient()
    client.force_authenticate(make.person(platform, role=role))
    answer = client.get("/log/tile/entries/000")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert readings() == []


def test_stranger_is_asked_who_it_is(log, client):
    assert client.get("/log/tile/entries/000").status_code == 401
