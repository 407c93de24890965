"""Computes the sealed log anew, from the bytes of its entries, a piece at a time.

What the database says of an entry is believed nowhere: its hash, its place in its
stream and the tree above it are computed and compared with what is stored. Only the
unfinished tiles of the right edge are kept from one piece to the next, so that the way
can be broken off at any piece and taken up again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db import connection

from incidents.audit.binary import read_binary
from incidents.audit.findings import Findings
from incidents.ledger.merkle import HASH_BYTES
from incidents.ledger.tiles import (
    TILE_WIDTH,
    Tile,
    TilePlace,
    TileReader,
    grow,
    tile_path,
    tile_width,
)
from incidents.sealing.chain import START, Head, Row, misfit
from incidents.sealing.tree import read_tile

PIECE: Final = 8_192  # leaves: some megabytes, a tenth of a second


@dataclass(slots=True)
class Rereading:
    """The log up to `seen`: the edge of its tree, the end of each stream, what is wrong.

    `edge` holds for each level the tile that is not full yet.
    """

    seen: int = 0
    edge: dict[int, bytes] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    heads: dict[UUID, Head] = field(default_factory=dict)
    piece: int = PIECE

    def read_piece(self, end: int) -> None:
        """Read on, at most to `end`. Requires that the log has reached it."""
        stop = min(end, self.seen + self.piece)
        found = _read(self.seen, stop)
        hashes = [self._check(idx, found.get(idx)) for idx in range(self.seen, stop)]
        tiles = grow(self.seen, hashes, self._edge_tile)
        self._compare(tiles)
        for tile in tiles:
            self.edge[tile.place.level] = (
                tile.hashes if tile.place.width < TILE_WIDTH else b""
            )
        self.seen = stop

    def root(self) -> bytes:
        """Return the root of all that was read."""
        return TileReader(self.seen, self._edge_tile).root()

    def fits(self) -> bool:
        """Whether this edge is one of a log of this size, as the tiles have it."""
        levels = {level for level in range(9) if self._edge_width(level)}
        kept = {level for level, hashes in self.edge.items() if hashes}
        return levels == kept and all(
            len(self.edge[level]) == self._edge_width(level) * HASH_BYTES
            and self.edge[level] == read_tile(level, *self._edge_place(level))
            for level in levels
        )

    def _edge_width(self, level: int) -> int:
        return tile_width(self.seen, level, self._edge_place(level)[0])

    def _edge_place(self, level: int) -> tuple[int, int]:
        n, width = divmod(self.seen >> 8 * level, TILE_WIDTH)
        return n, width

    def _edge_tile(self, level: int, n: int, width: int) -> bytes:
        return self.edge.get(level, b"")[: width * HASH_BYTES]

    def _check(self, idx: int, found: "_Found | None") -> bytes:
        """Return the hash of a leaf as its bytes make it, noting what is wrong."""
        if found is None:
            self.findings.add(f"place {idx} of the log is empty")
            return _stored_hash(idx)
        row = found.row
        if row is None:
            self.findings.add("it is sealed and does not exist", found.entry_id)
            return _stored_hash(idx)
        hashed = hashlib.sha256(b"\x00" + row.leaf).digest()
        if hashed != found.sealed_hash:
            self.findings.add("its bytes are not those that were sealed", row.entry_id)
        elif why := misfit(row, self.heads.get(row.stream_id, START)):
            self.findings.add(why, row.entry_id)
        # By what was sealed: one changed entry makes no second one suspect.
        self.heads[row.stream_id] = Head(row.seq, found.sealed_hash)
        return hashed

    def _compare(self, tiles: Sequence[Tile]) -> None:
        """Compare computed tiles with the stored ones: leaves first, they have names."""
        stored = _read_tiles([tile.place for tile in tiles])
        for tile in tiles:
            place = tile.place
            kept = stored.get((place.level, place.n), b"")[: len(tile.hashes)]
            if kept == tile.hashes:
                continue
            if place.level == 0:
                self._name_leaves(place, tile.hashes, kept)
            if not self.findings.count:
                self.findings.add(
                    f"the tree is not that of its leaves: {tile_path(place)}"
                )

    def _name_leaves(self, place: TilePlace, computed: bytes, kept: bytes) -> None:
        """Note each entry that the tree knows by another hash."""
        first = place.n * TILE_WIDTH
        others = [
            first + at // HASH_BYTES
            for at in range(0, len(computed), HASH_BYTES)
            if computed[at : at + HASH_BYTES] != kept[at : at + HASH_BYTES]
        ]
        for entry_id in _entries_at(others):
            self.findings.add("the tree has another hash in its place", entry_id)


def resume(broken_off: Rereading) -> Rereading | None:
    """Take up what was broken off; None when it does not fit the log of now."""
    if not broken_off.fits():
        return None
    broken_off.heads = _heads_before(broken_off.seen)
    return broken_off


def _stored_hash(idx: int) -> bytes:
    """Return what the tiles have at a place, so that what follows can be checked too."""
    n, place = divmod(idx, TILE_WIDTH)
    return read_tile(0, n, place + 1)[place * HASH_BYTES :].ljust(HASH_BYTES, b"\0")


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands at one place of the log. `row` is None where the entry is gone."""

    entry_id: int
    sealed_hash: bytes
    row: Row | None


_READ: Final = """
SELECT l.idx, l.entry_id, l.leaf_hash, e.stream_id, e.seq, e.kind, e.at, e.leaf
  FROM tocsin_leaf AS l LEFT JOIN tocsin_entry AS e ON e.id = l.entry_id
 WHERE l.idx >= %s AND l.idx < %s
"""


def _read(start: int, stop: int) -> dict[int, _Found]:
    return {
        idx: _Found(entry_id, sealed_hash, _row(entry_id, sealed_hash, *entry))
        for idx, entry_id, sealed_hash, *entry in read_binary(_READ, [start, stop])
    }


def _row(entry_id: int, sealed_hash: bytes, *entry: Any) -> Row | None:
    stream_id, seq, kind, at, leaf = entry
    if stream_id is None:
        return None
    return Row(entry_id, stream_id, seq, kind, at, leaf, sealed_hash)


_TILES: Final = """
SELECT level, n, hashes FROM tocsin_tile
  JOIN unnest(%s::smallint[], %s::bigint[]) AS wanted (level, n) USING (level, n)
"""


def _read_tiles(places: Sequence[TilePlace]) -> dict[tuple[int, int], bytes]:
    wanted = [[place.level for place in places], [place.n for place in places]]
    return {(level, n): hashes for level, n, hashes in read_binary(_TILES, wanted)}


def _entries_at(places: Sequence[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id FROM tocsin_leaf WHERE idx = ANY(%s) ORDER BY idx",
            [list(places)],
        )
        return [entry_id for (entry_id,) in cursor.fetchall()]


_HEADS: Final = """
SELECT DISTINCT ON (e.stream_id) e.stream_id, e.seq, l.leaf_hash
  FROM tocsin_leaf AS l JOIN tocsin_entry AS e ON e.id = l.entry_id
 WHERE l.idx < %s ORDER BY e.stream_id, l.idx DESC
"""


def _heads_before(idx: int) -> dict[UUID, Head]:
    """Return where each stream ended. What changed since, its next entry tells."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [idx])
        return {
            stream_id: Head(seq, bytes(hashed))
            for stream_id, seq, hashed in cursor.fetchall()
        }
