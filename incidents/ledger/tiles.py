"""Names, grows and reads the tiles in which the log's tree is kept.

A tile holds up to 256 hashes side by side. Hash j of tile n on level l is the root of
the complete subtree over the leaves from (256 n + j) 256^l on, 256^l of them; what lies
between two levels is computed. So a tile once full never changes, and any proof is made
from a handful of them.

>>> tile_path(TilePlace(0, 1_234_067))
'tile/0/x001/x234/067'

Source: C2SP tlog-tiles v1.0.0.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from incidents.ledger.merkle import (
    HASH_BYTES,
    MAX_SIZE,
    Frontier,
    complete_subtrees,
    consistency_ranges,
    fold,
    inclusion_ranges,
    node_hash,
)

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
ENTRIES = -1  # the level of bundles of entries, below the hashes
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 0xFFFF

_LENGTH_BYTES = 2

_KEPT_TILES = 64  # of 8 kB; a proof needs six, its neighbour mostly the same
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)

# (level, n, width) -> the first `width` hashes of that tile, 32 bytes each.
GetTile = Callable[[int, int, int], bytes]


class BadTile(ValueError):
    """The path names no tile, or the bytes are not the tile that was asked for."""


@dataclass(frozen=True, slots=True)
class TilePlace:
    """Which tile, and how many hashes of it; fewer than 256 only at the right edge."""

    level: int
    n: int
    width: int = TILE_WIDTH


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile with what is in it."""

    place: TilePlace
    hashes: bytes


def tile_path(place: TilePlace) -> str:
    """Return the path under which a tile is published."""
    level = "entries" if place.level == ENTRIES else str(place.level)
    rest, last = divmod(place.n, 1000)
    number = f"{last:03d}"
    while rest:
        rest, group = divmod(rest, 1000)
        number = f"x{group:03d}/{number}"
    partial = f".p/{place.width}" if place.width < TILE_WIDTH else ""
    return f"tile/{level}/{number}{partial}"


def parse_tile_path(path: str) -> TilePlace:
    """Read the path of a tile in its one spelling. Raises BadTile."""
    parts = _PATH.fullmatch(path)
    if parts is None:
        raise BadTile(f"{path!r} is not the path of a tile")
    level, groups, last, width = parts.groups()
    place = TilePlace(
        ENTRIES if level == "entries" else int(level),
        int(groups.replace("x", "").replace("/", "") + last),
        int(width or TILE_WIDTH),
    )
    is_possible = place.level <= MAX_LEVEL and place.n <= MAX_SIZE
    if not is_possible or tile_path(place) != path:
        raise BadTile(f"{path!r} is not the path of a tile")
    return place


def tile_width(size: int, level: int, n: int) -> int:
    """Return how many hashes a tile has in a log of this size; 0 when there is none.

    >>> [tile_width(70_000, 0, 273), tile_width(70_000, 1, 1), tile_width(70_000, 2, 0)]
    [112, 17, 1]
    """
    in_level = size >> TILE_HEIGHT * max(level, 0)
    return max(0, min(TILE_WIDTH, in_level - TILE_WIDTH * n))


def changed_tiles(old_size: int, new_size: int) -> list[TilePlace]:
    """Return the tiles that a log gets or widens while it grows, lowest level first."""
    places = []
    level = 0
    while old_size < new_size:
        numbers = range(old_size // TILE_WIDTH, -(-new_size // TILE_WIDTH))
        places += [TilePlace(level, n, tile_width(new_size, 0, n)) for n in numbers]
        old_size, new_size = old_size // TILE_WIDTH, new_size // TILE_WIDTH
        level += 1
    return places


def write_entries(leaves: Iterable[bytes]) -> bytes:
    """Return a bundle of entries: each leaf's bytes behind their length in two bytes.

    Raises BadTile for a leaf that is too long.
    """
    parts = []
    for leaf in leaves:
        if len(leaf) > MAX_ENTRY_BYTES:
            raise BadTile(f"an entry has at most {MAX_ENTRY_BYTES} bytes")
        parts += [len(leaf).to_bytes(_LENGTH_BYTES, "big"), leaf]
    return b"".join(parts)


def read_entries(data: bytes, width: int) -> list[bytes]:
    """Return the leaves of a bundle that must hold `width` of them. Raises BadTile."""
    leaves: list[bytes] = []
    start = 0
    while start < len(data) and len(leaves) < width:
        begin = start + _LENGTH_BYTES
        length = int.from_bytes(data[start:begin], "big")
        start = begin + length
        leaves.append(data[begin:start])
    if start != len(data) or len(leaves) != width:
        raise BadTile(f"these {len(data)} bytes are not {width} entries")
    return leaves


def grow(old_size: int, leaf_hashes: Sequence[bytes], get_tile: GetTile) -> list[Tile]:
    """Return the new content of the tiles that these leaves get or widen.

    `get_tile` is asked for the unfinished tiles of the right edge only.
    Raises BadTile.
    """
    if any(len(one) != HASH_BYTES for one in leaf_hashes):
        raise BadTile(f"a leaf hash has {HASH_BYTES} bytes")
    tiles: list[Tile] = []
    level, added = 0, b"".join(leaf_hashes)
    while added:
        n, begun = divmod(old_size, TILE_WIDTH)
        hashes = _fetch(get_tile, TilePlace(level, n, begun)) + added
        fresh = _cut(level, n, hashes)
        tiles += fresh
        full = [tile.hashes for tile in fresh if tile.place.width == TILE_WIDTH]
        added = b"".join(_root_of_full(hashes) for hashes in full)
        level, old_size = level + 1, n
    return tiles


def _fetch(get_tile: GetTile, place: TilePlace) -> bytes:
    if place.width == 0:
        return b""
    hashes = get_tile(place.level, place.n, place.width)
    if len(hashes) != place.width * HASH_BYTES:
        raise BadTile(f"{tile_path(place)} has {len(hashes)} bytes")
    return hashes


def _cut(level: int, first: int, hashes: bytes) -> list[Tile]:
    """Part hashes that begin with tile `first` into tiles."""
    step = TILE_WIDTH * HASH_BYTES
    parts = [hashes[start : start + step] for start in range(0, len(hashes), step)]
    return [
        Tile(TilePlace(level, first + number, len(part) // HASH_BYTES), part)
        for number, part in enumerate(parts)
    ]


def _root_of_full(hashes: bytes) -> bytes:
    return _Inside(hashes).node(TILE_HEIGHT, 0)


@dataclass(slots=True)
class _Inside:
    """A tile's hashes and the nodes above them, each computed when first wanted."""

    hashes: bytes
    known: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def node(self, height: int, index: int) -> bytes:
        if height == 0:
            return self.hashes[index * HASH_BYTES : (index + 1) * HASH_BYTES]
        found = self.known.get((height, index))
        if found is None:
            left = self.node(height - 1, 2 * index)
            found = node_hash(left, self.node(height - 1, 2 * index + 1))
            self.known[height, index] = found
        return found


class TileReader:
    """Makes proofs of one size of the log from its tiles.

    Whoever serves the tiles is believed: compare `root()` with the checkpoint first.
    Methods raise BadTile when a tile has another length than it must have.
    """

    def __init__(self, size: int, get_tile: GetTile) -> None:
        self.size = size
        self._get_tile = get_tile
        self._tiles: dict[tuple[int, int], _Inside] = {}

    def root(self) -> bytes:
        """Return the root of the log at this size."""
        return self.range_root(0, self.size)

    def frontier(self) -> Frontier:
        """Return the right edge, to append to."""
        subtrees = complete_subtrees(0, self.size)
        return Frontier(self.size, [self.node(*one) for one in subtrees])

    def leaf_hash(self, index: int) -> bytes:
        """Return the hash of one leaf. Requires 0 <= index < size."""
        if not 0 <= index < self.size:
            raise ValueError(f"there is no leaf {index} in a tree of {self.size}")
        return self.node(0, index)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return what `merkle.inclusion_proof` returns, of this size."""
        ranges = inclusion_ranges(index, self.size)
        return [self.range_root(start, end) for start, end in ranges]

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """Return what `merkle.consistency_proof` returns, up to this size."""
        ranges = consistency_ranges(old_size, self.size)
        return [self.range_root(start, end) for start, end in ranges]

    def range_root(self, start: int, end: int) -> bytes:
        """Return the root over [start, end), the leaves below one node of the tree."""
        return fold([self.node(*one) for one in complete_subtrees(start, end)])

    def node(self, height: int, index: int) -> bytes:
        """Return the root of a complete subtree of 2**height leaves."""
        level, inner = divmod(height, TILE_HEIGHT)
        n, place = divmod(index << inner, TILE_WIDTH)
        return self._tile(level, n).node(inner, place >> inner)

    def _tile(self, level: int, n: int) -> _Inside:
        tile = self._tiles.pop((level, n), None)
        if tile is None:
            width = tile_width(self.size, level, n)
            tile = _Inside(_fetch(self._get_tile, TilePlace(level, n, width)))
            if len(self._tiles) >= _KEPT_TILES:
                del self._tiles[next(iter(self._tiles))]
        self._tiles[level, n] = tile  # at the end: the first one is the longest unused
        return tile
