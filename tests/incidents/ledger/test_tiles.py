import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from incidents.ledger.tiles import (
    ENTRIES,
    BadTile,
    TilePlace,
    TileReader,
    changed_tiles,
    grow,
    parse_tile_path,
    read_entries,
    tile_path,
    tile_width,
    write_entries,
)
from tests.incidents.ledger import vectors

HASHES = [leaf_hash(b"%d" % n) for n in range(70_000)]
SIZES = [1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, 70_000]
S18 = vectors.own("ledger_notes")["S18"]


class Store:
    """Tiles as a log keeps them: the newest state of each."""

    def __init__(self):
        self.tiles = {}
        self.asked = []

    def get(self, level, n, width):
        self.asked.append((level, n, width))
        return self.tiles.get((level, n), b"")[: 32 * width]

    def put(self, tiles):
        for tile in tiles:
            assert len(tile.hashes) == 32 * tile.place.width
            self.tiles[tile.place.level, tile.place.n] = tile.hashes

    def add(self, start, end):
        tiles = grow(start, HASHES[start:end], self.get)
        self.put(tiles)
        return tiles


@functools.cache
def full_store():
    store = Store()
    store.add(0, len(HASHES))
    return store


def reader(size):
    return TileReader(size, full_store().get)


def slow_tile(level, n, size):
    """The hashes of a tile by its definition."""
    step = 256**level
    starts = range(256 * n * step, min(256 * (n + 1) * step, size - step + 1), step)
    return b"".join(root(HASHES[start : start + step]) for start in starts)


def place_of(name):
    """Read how the vectors name a tile: level/number, with w and a width."""
    where, _, width = name.partition(" w")
    level, n = where.split("/")
    number = ENTRIES if level == "entries" else int(level)
    return TilePlace(number, int(n), int(width or 256))


def check(vector):
    return {name: tile_path(place_of(name)) for name in vector["cases"]} == vector[
        "cases"
    ] and all(
        parse_tile_path(path) == place_of(name)
        for name, path in vector["cases"].items()
    )


def test_paths_are_those_of_the_vector():
    assert check(S18)


@vectors.needs_shared
def test_every_shared_tile_path():
    found = vectors.shared("tile_path")
    assert len(found) == 1
    assert [vector["id"] for vector in found if not check(vector)] == []


@given(st.integers(-1, 63), st.integers(0, 2**40), st.integers(1, 256))
def test_path_reads_back(level, n, width):
    place = TilePlace(level, n, width)
    assert parse_tile_path(tile_path(place)) == place


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/00/001",
        "tile/64/001",
        "tile/-1/001",
        "tile/entry/001",
        "tile/0/001/",
        "/tile/0/001",
        "tile/0/001.p/0",
        "tile/0/001.p/256",
        "tile/0/001.p/007",
        "tile/0/001.p",
        "tile/0/x001",
        "tile/0/001/x001",
        "tile/0/../001",
        "tile/0/001\n",
        "tile/0/\N{ARABIC-INDIC DIGIT ONE}01",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_path_of_no_tile_is_refused(path):
    with pytest.raises(BadTile):
        parse_tile_path(path)


def test_tiles_hold_the_roots_of_their_subtrees():
    store, size = full_store(), 70_000
    for level, n in [(0, 0), (0, 272), (0, 273), (1, 0), (1, 1), (2, 0)]:
        assert store.tiles[level, n] == slow_tile(level, n, size)
        assert len(store.tiles[level, n]) == 32 * tile_width(size, level, n)
    assert len(store.tiles) == 274 + 2 + 1


def test_partial_tile_of_70_000_leaves_is_the_one_of_the_vector():
    path = tile_path(TilePlace(0, 273, tile_width(70_000, 0, 273)))
    assert path == S18["cases"]["0/273 w112"]


@pytest.mark.parametrize(
    ("size", "level", "n", "width"),
    [
        (0, 0, 0, 0),
        (255, 1, 0, 0),
        (256, 1, 0, 1),
        (300, 0, 2, 0),
        (300, ENTRIES, 1, 44),
    ],
)
def test_width_of_a_tile_follows_from_the_size(size, level, n, width):
    assert tile_width(size, level, n) == width


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_growing_step_by_step_gives_the_tiles_of_growing_at_once(steps):
    stepwise, at_once, size = Store(), Store(), 0
    for step in steps:
        tiles = stepwise.add(size, size + step)
        assert [tile.place for tile in tiles] == changed_tiles(size, size + step)
        size += step
    at_once.add(0, size)
    assert stepwise.tiles == at_once.tiles


def test_growing_reads_only_the_unfinished_tiles():
    store = Store()
    store.add(0, 66_000)
    store.asked.clear()
    store.add(66_000, 66_001)
    assert store.asked == [(0, 257, 208)]
    store.asked.clear()
    store.add(66_001, 66_048)
    assert store.asked == [(0, 257, 209), (1, 1, 1)]


def test_nothing_added_changes_no_tile():
    assert grow(1000, [], Store().get) == []
    assert changed_tiles(1000, 1000) == []


def test_growing_refuses_what_is_no_hash_and_a_tile_that_is_missing():
    with pytest.raises(BadTile, match="32 bytes"):
        grow(0, [bytes(31)], Store().get)
    with pytest.raises(BadTile, match=r"tile/0/000\.p/5 has 0 bytes"):
        grow(5, [bytes(32)], Store().get)


@pytest.mark.parametrize("size", SIZES)
def test_root_and_frontier_from_tiles_are_those_of_the_leaves(size):
    frontier = Frontier()
    for hashed in HASHES[:size]:
        frontier.append(hashed)
    assert reader(size).root() == frontier.root()
    assert reader(size).frontier() == frontier


def test_empty_log_has_the_root_of_nothing_and_no_tile():
    store = Store()
    assert TileReader(0, store.get).root() == EMPTY_ROOT
    assert store.asked == []


@pytest.mark.parametrize("size", [257, 1000])
def test_proofs_from_tiles_are_those_of_the_leaves(size):
    for index in [0, 1, 127, 128, 255, 256, size - 1]:
        found = reader(size).inclusion_proof(index)
        assert found == inclusion_proof(index, HASHES[:size])
        grown = reader(size).consistency_proof(index + 1)
        assert grown == consistency_proof(index + 1, HASHES[:size])


@settings(deadline=None)
@given(st.data())
def test_proofs_from_tiles_verify_at_any_size(data):
    size = data.draw(st.integers(1, 70_000))
    index = data.draw(st.integers(0, size - 1))
    tree = reader(size)
    proof = tree.inclusion_proof(index)
    assert verify_inclusion(HASHES[index], index, size, proof, tree.root())
    grown = tree.consistency_proof(index + 1)
    old = reader(index + 1).root()
    assert verify_consistency(index + 1, size, old, tree.root(), grown)


@pytest.mark.parametrize("index", [0, 700_000, 999_999])
def test_proof_needs_at_most_six_tiles_of_a_million(index):
    asked = []

    def get_tile(level, n, width):
        asked.append((level, n))
        return bytes(32 * width)

    proof = TileReader(1_000_000, get_tile).inclusion_proof(index)
    assert len(proof) == len(inclusion_ranges(index, 1_000_000))
    assert len(asked) == len(set(asked))
    assert 3 <= len(asked) <= 6


def test_reader_asks_for_a_tile_once_while_it_makes_many_proofs():
    store = Store()
    store.add(0, 1000)
    store.asked.clear()
    tree = TileReader(1000, store.get)
    for index in range(1000):
        tree.inclusion_proof(index)
    assert len(store.asked) == len(set(store.asked)) == 5


def test_reader_keeps_few_tiles():
    tree = reader(70_000)
    for index in range(0, 70_000, 256):
        tree.leaf_hash(index)
    assert len(tree._tiles) == 64


def test_reader_refuses_a_tile_of_another_length():
    for wrong in (b"", bytes(31), bytes(32 * 6)):
        with pytest.raises(BadTile, match=r"tile/0/000\.p/5"):
            TileReader(5, lambda *_, wrong=wrong: wrong).root()


@pytest.mark.parametrize("index", [-1, 5])
def test_leaf_that_is_not_there_is_refused(index):
    with pytest.raises(ValueError, match="there is no leaf"):
        reader(5).leaf_hash(index)
    with pytest.raises(ValueError, match="there is no leaf"):
        reader(5).inclusion_proof(index)


def test_node_is_the_root_of_its_subtree():
    tree = reader(70_000)
    assert tree.node(3, 5) == root(HASHES[40:48])
    assert tree.node(8, 5) == root(HASHES[1280:1536])
    assert tree.node(9, 5) == node_hash(tree.node(8, 10), tree.node(8, 11))


def test_entries_are_written_behind_their_lengths():
    leaves = [b"a", b"", b"b" * 300, b"c" * 0xFFFF]
    bundle = write_entries(leaves)
    assert bundle.startswith(b"\x00\x01a\x00\x00\x01\x2cb")
    assert read_entries(bundle, 4) == leaves


def test_entry_that_is_too_long_is_not_written():
    with pytest.raises(BadTile):
        write_entries([bytes(0x10000)])


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x00\x02a", b"\x00\x01a\x00", b"\x00\x01a\x00\x01b"]
)
def test_bundle_that_is_no_single_entry_is_refused(data):
    with pytest.raises(BadTile):
        read_entries(data, 1)
