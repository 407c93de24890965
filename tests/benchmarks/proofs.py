"""What the record's tree costs: hashing, growing, proving and checking, in memory.

Beside each figure stands how fast this machine computes the same SHA-256 with nothing
around it, measured in turns; what is missing to it is our Python.
"""

import hashlib
import random
import time
import timeit
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from incidents.ledger.merkle import Frontier, leaf_hash, node_hash, verify_inclusion
from incidents.ledger.tiles import TileReader, grow
from tests.benchmarks.figures import Row, verdict

LEAVES = 1_000_000
BATCH = 10_000
PROOFS = 400
ROUNDS = 9
CALLS = 50_000
LEAF = bytes(450)  # an entry with a few fields
NODE = bytes(32)
MOST_MS = 5
MOST_TILES = 6

Tiles = dict[tuple[int, int], bytes]


def rows() -> Iterator[Row]:
    """Measure the hashes, the frontier, proofs from tiles and their verification."""
    leaf, node = bytes(1 + len(LEAF)), bytes(65)
    leaves, bare = _in_turns(
        lambda: leaf_hash(LEAF), lambda: hashlib.sha256(leaf).digest()
    )
    yield _rate("leaf_hash of 450 bytes", leaves, bare)
    nodes, bare = _in_turns(
        lambda: node_hash(NODE, NODE), lambda: hashlib.sha256(node).digest()
    )
    yield _rate("node_hash", nodes, bare)
    hashes = [leaf_hash(b"%d" % number) for number in range(LEAVES)]
    yield _rate("appending to the frontier", _append_rate(hashes), bare)
    tiles, grown = _grow(hashes)
    yield _rate("growing tiles", grown, bare, how=f"batches of {BATCH:,} in memory")
    proofs = _prove(tiles)
    yield _proof_row(proofs, bare)
    yield _verify_row(proofs, hashes, _reader(tiles).root(), bare)


def _in_turns(
    act: Callable[[], object], bare: Callable[[], object]
) -> tuple[float, float]:
    """Return calls a second of both."""
    taken: list[float] = []
    alone: list[float] = []
    for _ in range(ROUNDS):
        taken.append(timeit.timeit(act, number=CALLS))
        alone.append(timeit.timeit(bare, number=CALLS))
    return CALLS / median(taken), CALLS / median(alone)


def _rate(
    what: str,
    measured: float,
    bare: float,
    how: str = f"median of {ROUNDS} times {CALLS:,}",
) -> Row:
    return Row(
        what=what,
        reach="—",
        measured=f"{measured:,.0f} a second",
        limit=f"their SHA-256 alone {bare:,.0f} a second",
        ratio=f"{measured / bare:.0%}",
        how=how,
    )


def _append_rate(hashes: Sequence[bytes]) -> float:
    def append_all() -> None:
        frontier = Frontier()
        for hashed in hashes[:CALLS]:
            frontier.append(hashed)

    return CALLS / median(timeit.repeat(append_all, number=1, repeat=ROUNDS))


def _grow(hashes: Sequence[bytes]) -> tuple[Tiles, float]:
    """Return the tiles over all leaves, and leaves a second."""
    tiles: Tiles = {}
    started = time.perf_counter()
    for start in range(0, LEAVES, BATCH):
        batch = hashes[start : start + BATCH]
        for tile in grow(start, batch, lambda level, n, _: tiles[level, n]):
            tiles[tile.place.level, tile.place.n] = tile.hashes
    return tiles, LEAVES / (time.perf_counter() - started)


@dataclass(frozen=True, slots=True)
class _Proof:
    """One proof, the milliseconds, nodes and tiles that it took."""

    index: int
    path: list[bytes]
    taken_ms: float
    nodes: int
    tiles: int


def _prove(tiles: Tiles) -> list[_Proof]:
    proofs = []
    for index in random.Random(1).sample(range(LEAVES), PROOFS):
        started = time.perf_counter()
        reader = _reader(tiles)
        path = reader.inclusion_proof(index)
        taken_ms = (time.perf_counter() - started) * 1000
        nodes = sum(len(tile.known) for tile in reader._tiles.values())
        proofs.append(_Proof(index, path, taken_ms, nodes, len(reader._tiles)))
    return proofs


def _reader(tiles: Tiles) -> TileReader:
    return TileReader(LEAVES, lambda level, n, _: tiles[level, n])


def _proof_row(proofs: Sequence[_Proof], bare: float) -> Row:
    taken_ms = median(proof.taken_ms for proof in proofs)
    nodes = median(proof.nodes for proof in proofs)
    most_tiles = max(proof.tiles for proof in proofs)
    is_met = taken_ms <= MOST_MS and most_tiles <= MOST_TILES
    bare_ms = nodes / bare * 1000
    return Row(
        what=f"inclusion proof from tiles at {LEAVES:,} leaves",
        reach=f"≤ {MOST_MS} ms, ≤ {MOST_TILES} tiles",
        measured=f"{taken_ms:.2f} ms, {most_tiles} tiles: {verdict(is_met)}",
        limit=f"its {nodes:.0f} SHA-256 alone {bare_ms:.2f} ms",
        ratio=f"{taken_ms / bare_ms:.1f} times",
        how=f"median of {PROOFS} leaves, nothing kept between them",
    )


def _verify_row(
    proofs: Sequence[_Proof], hashes: Sequence[bytes], root: bytes, bare: float
) -> Row:
    def verify_all() -> None:
        for proof in proofs:
            leaf = hashes[proof.index]
            if not verify_inclusion(leaf, proof.index, LEAVES, proof.path, root):
                raise SystemExit(f"the proof of leaf {proof.index} does not hold")

    checked = PROOFS / median(timeit.repeat(verify_all, number=1, repeat=ROUNDS))
    length = median(len(proof.path) for proof in proofs)
    how = f"{PROOFS} proofs of {length:.0f} hashes, median of {ROUNDS}"
    return _rate("verify_inclusion", checked, bare / length, how=how)
