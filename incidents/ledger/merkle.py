"""Computes and checks the log's Merkle tree: roots, proofs, and the growing right edge.

Bytes in, bytes out; a hash has 32 bytes. A leaf and a node are hashed under different
first bytes, so that neither can be passed off as the other:

    leaf_hash(data)         SHA-256(0x00 || data)
    node_hash(left, right)  SHA-256(0x01 || left || right)
    root of nothing         SHA-256("")

A tree of n leaves splits at the largest power of two below n, so that a subtree once
complete never changes. Source: RFC 9162 §2.1; for SHA-256 the same as RFC 6962 §2.1.

>>> hashes = [leaf_hash(data) for data in (b"a", b"b", b"c")]
>>> proof = inclusion_proof(2, hashes)
>>> verify_inclusion(hashes[2], 2, 3, proof, root(hashes))
True
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
MAX_SIZE = 2**63 - 1  # sizes are signed 64-bit numbers in other implementations

# Leaves [start, end) below one node of the tree.
Range = tuple[int, int]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash under which the log and the next entry know this leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above these two."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: all that appending needs, at most 63 hashes.

    `peaks` are the roots of the complete subtrees, largest first: one for each bit
    that is set in `size`.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError(f"{len(self.peaks)} peaks do not make size {self.size}")
        if not _are_hashes(self.peaks):
            raise ValueError(f"a peak has {HASH_BYTES} bytes")

    def append(self, hashed_leaf: bytes) -> None:
        """Add one leaf, given by its hash, at the right."""
        if len(hashed_leaf) != HASH_BYTES:
            raise ValueError(f"a leaf hash has {HASH_BYTES} bytes")
        rest = self.size
        while rest & 1:
            hashed_leaf = node_hash(self.peaks.pop(), hashed_leaf)
            rest >>= 1
        self.peaks.append(hashed_leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        return fold(self.peaks)


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root above complete subtrees that stand side by side, largest first.

    >>> fold([]) == EMPTY_ROOT
    True
    """
    if not peaks:
        return EMPTY_ROOT
    above = peaks[-1]
    for peak in reversed(peaks[:-1]):
        above = node_hash(peak, above)
    return above


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaves."""
    frontier = Frontier()
    for hashed_leaf in leaf_hashes:
        frontier.append(hashed_leaf)
    return frontier.root()


def inclusion_proof(index: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """Return the hashes beside the way from a leaf to the root, lowest first.

    Requires 0 <= index < len(leaf_hashes).
    """
    ranges = inclusion_ranges(index, len(leaf_hashes))
    return [root(leaf_hashes[start:end]) for start, end in ranges]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return which leaves lie below each hash of an inclusion proof.

    Requires 0 <= index < size.

    >>> inclusion_ranges(5, 7)
    [(4, 5), (6, 7), (0, 4)]
    """
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    start, end = 0, size
    ranges = []
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_proof(old_size: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """Return the hashes that show the tree to begin with the tree of `old_size`.

    Requires 0 <= old_size <= len(leaf_hashes). Empty for old size 0 and for the tree
    itself.
    """
    ranges = consistency_ranges(old_size, len(leaf_hashes))
    return [root(leaf_hashes[start:end]) for start, end in ranges]


def consistency_ranges(old_size: int, size: int) -> list[Range]:
    """Return which leaves lie below each hash of a consistency proof.

    Requires 0 <= old_size <= size.

    >>> consistency_ranges(6, 8)
    [(4, 6), (6, 8), (0, 4)]
    """
    if not 0 <= old_size <= size:
        raise ValueError(f"a tree of {size} does not begin with one of {old_size}")
    if old_size in (0, size):
        return []
    start, end = 0, size
    ranges = []
    while end != old_size:
        middle = _split(start, end)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # else what is left is the old tree itself, which the verifier has
        ranges.append((start, end))
    return ranges[::-1]


def _split(start: int, end: int) -> int:
    """Return where the node above [start, end) parts its leaves."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def complete_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """Return (height, index) of the complete subtrees that make up [start, end).

    Requires a range below one node of a tree. `index` counts subtrees of that height
    from the left; the largest stand first, as `fold` wants them.

    >>> complete_subtrees(0, 7)
    [(2, 0), (1, 2), (0, 6)]
    """
    subtrees = []
    while start < end:
        height = (end - start).bit_length() - 1
        subtrees.append((height, start >> height))
        start += 1 << height
    return subtrees


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether the leaf of this hash stands at `index` below the root."""
    if not 0 <= index < size or not _are_hashes([leaf, root, *proof]):
        return False
    here, last, above = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if here & 1 or here == last:
            above = node_hash(beside, above)
            here, last = _skip_promotions(here, last)
        else:
            above = node_hash(above, beside)
        here, last = here >> 1, last >> 1
    return last == 0 and above == root


def verify_consistency(
    old_size: int,
    new_size: int,
    old_root: bytes,
    new_root: bytes,
    proof: Sequence[bytes],
) -> bool:
    """Tell whether the new tree begins with all leaves of the old one, in order."""
    if not 0 <= old_size <= new_size or not _are_hashes([old_root, new_root, *proof]):
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    if old_size == 0:
        return not proof and old_root == EMPTY_ROOT
    if not proof:
        return False
    return _verify_growth(old_size, new_size, old_root, new_root, list(proof))


def _verify_growth(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: list[bytes]
) -> bool:
    """Check a proof between two different sizes above 0."""
    if old_size & (old_size - 1) == 0:  # the old tree is a subtree of the new one
        proof = [old_root, *proof]
    here, last = old_size - 1, new_size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = proof[0]
    for beside in proof[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            here, last = _skip_promotions(here, last)
        else:
            new = node_hash(new, beside)
        here, last = here >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _skip_promotions(here: int, last: int) -> tuple[int, int]:
    """Climb past the levels at which the last node has no neighbour and just moves up."""
    while here and not here & 1:
        here, last = here >> 1, last >> 1
    return here, last


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
