"""Keeps the log's tree in tiles, a row each, and makes its proofs from a few of them."""

from collections.abc import Sequence
from typing import Final

from django.db import connection

from incidents.ledger.merkle import HASH_BYTES
from incidents.ledger.tiles import TILE_WIDTH, GetTile, Tile, TileReader, grow

# Only so much is read as is needed: the right edge keeps growing after a size is sealed.
_READ: Final = (
    "SELECT substr(hashes, 1, %s) FROM tocsin_tile WHERE level = %s AND n = %s"
)
_KEEP: Final = """
INSERT INTO tocsin_tile (level, n, hashes)
SELECT * FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[])
    ON CONFLICT (level, n) DO UPDATE SET hashes = EXCLUDED.hashes
"""


def inclusion_path(index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the log of this size, lowest hash first.

    Requires 0 <= index < size and that the log has reached the size.
    """
    return reader(size).inclusion_proof(index)


def consistency_path(old: int, new: int) -> list[bytes]:
    """Return the proof that the log of size `new` begins with the log of size `old`.

    Requires 0 <= old <= new and that the log has reached `new`.
    """
    return reader(new).consistency_proof(old)


def leaf_hashes(first: int, count: int) -> list[bytes]:
    """Return the hashes of `count` sealed leaves from `first` on."""
    hashes: list[bytes] = []
    while len(hashes) < count:
        n, start = divmod(first + len(hashes), TILE_WIDTH)
        width = min(TILE_WIDTH, start + count - len(hashes))
        tile = read_tile(0, n, width)
        hashes += [
            tile[place : place + HASH_BYTES]
            for place in range(start * HASH_BYTES, width * HASH_BYTES, HASH_BYTES)
        ]
    return hashes


def reader(size: int) -> TileReader:
    """Return what makes several proofs of one size, each tile read once."""
    return TileReader(size, read_tile)


def read_tile(level: int, n: int, width: int) -> bytes:
    """Return the first hashes of a tile; fewer, or none, where the log is shorter."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [width * HASH_BYTES, level, n])
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def add_leaves(size: int, hashes: Sequence[bytes]) -> bytes:
    """Grow the tree of this size by these leaves and return its new root.

    Requires the sealer's lock.
    """
    tiles = grow(size, hashes, read_tile)
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            [
                [tile.place.level for tile in tiles],
                [tile.place.n for tile in tiles],
                [tile.hashes for tile in tiles],
            ],
        )
    return TileReader(size + len(hashes), _first_from(tiles)).root()


def _first_from(tiles: Sequence[Tile]) -> GetTile:
    known = {(tile.place.level, tile.place.n): tile.hashes for tile in tiles}

    def get_tile(level: int, n: int, width: int) -> bytes:
        found = known.get((level, n))
        return read_tile(level, n, width) if found is None else found

    return get_tile
