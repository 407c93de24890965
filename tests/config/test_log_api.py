"""The page's answers over REST; what the page shows: test_log_page.py."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from incidents.ledger.checkpoint import Checkpoint as Head
from incidents.ledger.checkpoint import cosign
from incidents.ledger.note import parse_note, write_note
from incidents.ledger.vkey import KeyType, signing_key
from incidents.models import Audit, Checkpoint, Cosigned, Witness
from incidents.sealing.seal import seal_batch
from incidents.sealing.signing import sign_heads
from incidents.timers.clock import read_now
from tests import factories as make
from tests.factories import NOW
from tests.incidents.sealing.log import ORIGIN, LocalSigner, record_entries

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> APIClient:
    client = APIClient()
    client.force_authenticate(make.person(make.lab()))
    return client


def cosigned(size, *, at):
    """Keep the head of this size with one witness's line below it."""
    row = Checkpoint.objects.get(size=size)
    key = signing_key("naisa.example/w", KeyType.WITNESS, bytes(32))
    line = cosign(Head(ORIGIN, size, bytes(row.root)), key, time=int(at.timestamp()))
    note = write_note(parse_note(row.note).with_signature(line))
    Cosigned.objects.create(size=size, which="first", note=note, quorum_at=at)
    return note


def audit(**more):
    row = {"begun_at": NOW, "ended_at": NOW, "size": 3, "root": b"", "findings": []}
    return Audit.objects.create(**row | {"against": "signed"} | more)


def test_empty_log_is_told_in_zeros_and_nulls(reader):
    body = reader.get("/api/v1/log/").json()
    assert (body["sealed_size"], body["signed_size"], body["witnessed_size"]) == (
        *(0, 0),
        0,
    )
    assert (body["sealed_at"], body["last_audit"], body["checkpoint"]) == (
        *(None, None),
        "",
    )


def test_standing_says_who_cosigned_the_newest_head_and_how_long_ago(reader):
    record_entries(count=3)
    seal_batch(NOW)
    sign_heads(LocalSigner().as_signer(), NOW)
    at = read_now().replace(microsecond=0) - timedelta(seconds=60)
    note = cosigned(3, at=at)
    side = {"organisation": make.agency(), "added_at": NOW, "said_at": at}
    Witness.objects.create(slug="naisa", vkey="x", size=3, **side)
    body = reader.get("/api/v1/log/").json()
    [line] = body["cosignatures"]
    assert (line["name"], line["at"]) == (
        "naisa.example/w",
        at.isoformat().replace("+00:00", "Z"),
    )
    assert 60 <= line["age_seconds"] < 120
    assert (body["origin"], body["witnessed_size"], body["checkpoint"]) == (
        *(ORIGIN, 3),
        note,
    )
    [witness] = body["witnesses"]
    assert (witness["name"], witness["side"], witness["answers"]) == (
        *("naisa", "agency"),
        True,
    )


def test_audits_are_listed_newest_first_with_what_they_found(reader):
    audit()
    found = [{"entry": 7, "why": "it is sealed and does not exist"}, {"why": "more"}]
    audit(findings=found)
    rows = reader.get("/api/v1/log/audits/").json()["results"]
    assert [row["is_intact"] for row in rows] == [False, True]
    assert rows[0]["findings"] == found
    assert reader.get("/api/v1/log/").json()["last_audit"] == rows[0]


def test_standing_is_not_for_strangers(client):
    assert client.get("/api/v1/log/").status_code == 401
