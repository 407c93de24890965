"""Every kept head is held against the tree, and what stands below it against keys."""

import pytest

from incidents.ledger.checkpoint import cosign, parse_checkpoint
from incidents.ledger.note import parse_note
from incidents.ledger.vkey import KeyType, signing_key
from incidents.models import Checkpoint, Cosigned
from tests.factories import NOW

WITNESS = signing_key("agency.example/w", KeyType.WITNESS, bytes([7]) * 32)
OTHER = signing_key("agency.example/w", KeyType.WITNESS, bytes([8]) * 32)
ALL = {"has_values": True, "witnesses": (WITNESS.public,)}


def cosigned(size, key=WITNESS):
    """The head of this size with a witness's line, as one that a quorum has seen."""
    note = Checkpoint.objects.get(size=size).note
    line = cosign(parse_checkpoint(parse_note(note).text), key, time=1)
    return Cosigned.objects.create(
        size=size, which="first", note=note + line.line(), quorum_at=NOW
    )


@pytest.fixture
def grown(log):
    log.grow()
    cosigned(6)
    return log


def test_heads_as_they_were_signed_and_cosigned_fit(grown):
    audit = grown.audit(**ALL)
    assert (audit.size, audit.against, audit.findings) == (8, "cosigned", [])


def test_what_was_sealed_after_the_cosigned_head_is_audited_too(grown):
    grown.tamper(
        "UPDATE tocsin_entry SET leaf = overlay(leaf PLACING 'AAAA' FROM 62)"
        f" WHERE id = {grown.ids[7]}"
    )
    assert grown.found() == [
        (grown.ids[7], "its bytes are not those that were sealed"),
        (None, "the entries are not those of the sealed head of 8"),
    ]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (
            "UPDATE tocsin_checkpoint SET root = sha256('x') WHERE size = 6",
            "the head of 6 entries has not the root of its entries",
        ),
        (
            "UPDATE tocsin_checkpoint SET note = (SELECT note FROM tocsin_checkpoint"
            " WHERE size = 8) WHERE size = 6",
            "the note of the head of 6 entries is not of these entries",
        ),
        (
            "UPDATE tocsin_checkpoint SET note = overlay(note PLACING 'AAAA' FROM 120)"
            " WHERE size = 6",
            "the head of 6 entries is not signed as it says",
        ),
        (
            "INSERT INTO tocsin_cosigned (size, which, note) VALUES (99, 'first', 'x')",
            "there is a head of 99 entries, more than are sealed",
        ),
    ],
)
def test_head_that_was_changed_is_named(grown, statement, why):
    grown.tamper(statement)
    assert [
        said.partition(":")[0].partition(" (")[0] for _, said in grown.found(**ALL)
    ] == [why]


def test_cosigned_head_without_a_known_witness_is_named(log):
    cosigned(6, OTHER)
    why = "the cosigned head of 6 entries counts as cosigned, and no known witness"
    assert log.found(**ALL) == [(None, f"{why} signed it")]


def test_head_of_an_absurd_size_is_not_read_for_ever(log):
    note = Checkpoint.objects.get(size=6).note.replace("\n6\n", "\n900000000000\n")
    Cosigned.objects.create(size=9 * 10**11, which="first", note=note, quorum_at=NOW)
    found = log.found()
    assert (
        None,
        "the entries are not those of the cosigned head of 900000000000",
    ) in found


def test_tree_without_its_tiles_is_found_and_stops_no_audit(grown):
    grown.tamper("DELETE FROM tocsin_tile")
    found = [said for _, said in grown.found(**ALL)]
    assert "the tree has another hash in its place" in found
