import pytest

from incidents.ledger.canonical import digest_of, parse_leaf
from incidents.ledger.leaf import WrongDisclosure, open_field
from tests.incidents.ledger import vectors

ENTRIES = {entry["id"]: entry for entry in vectors.own("ledger_leaf")["entries"]}
LEAF = parse_leaf(ENTRIES["S11"]["leaf"].encode())
ACTOR = ENTRIES["S11"]["fields"]["actor"]["disclosure"]


def committing(name, disclosure):
    """A leaf that commits to this text under this name."""
    text = ENTRIES["S11"]["leaf"].replace('"actor":', f'"{name}":')
    digest = ENTRIES["S11"]["fields"]["actor"]["digest"]
    return parse_leaf(text.replace(digest, digest_of(disclosure)).encode())


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda e: e["id"])
def test_field_of_the_vectors_opens(entry):
    leaf = parse_leaf(entry["leaf"].encode())
    found = {
        name: open_field(leaf, name, field["disclosure"])
        for name, field in entry["fields"].items()
    }
    assert found == {name: field["value"] for name, field in entry["fields"].items()}


# N13
def test_disclosure_of_another_entry_is_refused():
    other = ENTRIES["S12"]["fields"]["channel"]["disclosure"]
    for name in ("actor", "channel"):
        with pytest.raises(WrongDisclosure):
            open_field(LEAF, name, other)


def test_disclosure_of_another_field_of_the_entry_is_refused():
    with pytest.raises(WrongDisclosure, match="digest"):
        open_field(LEAF, "body", ACTOR)


def test_disclosure_that_names_another_field_inside_is_refused():
    leaf = committing("aktor", ACTOR)
    with pytest.raises(WrongDisclosure, match="of the field 'actor'"):
        open_field(leaf, "aktor", ACTOR)


@pytest.mark.parametrize(
    "disclosure",
    [
        "WyJBQUFBQUFBQUFBQUFBQUFBQUFBIiwiYWN0b3IiLCJ4Il0",  # a salt of 15 bytes
        "W10",
        "not base64!",
        "",
    ],
)
def test_disclosure_that_cannot_be_read_is_refused_though_its_digest_fits(disclosure):
    with pytest.raises(WrongDisclosure):
        open_field(committing("actor", disclosure), "actor", disclosure)


def test_disclosure_with_other_letters_than_ascii_is_refused():
    with pytest.raises(WrongDisclosure):
        open_field(LEAF, "actor", "é")
