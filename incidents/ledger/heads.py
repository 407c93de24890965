"""Writes and checks lists of heads: how far each stream goes at one size of the log.

A stream's own numbers show a gap in the middle, never a missing end. So the log itself
records from time to time a tree over one line for each stream,

    <stream> <seq> <leaf hash of that entry, hex>

sorted by bytes, under the root of the same Merkle tree as the log's. Who hands over a
stream hands over its line with a proof, and has to show all entries up to it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from incidents.ledger.canonical import MAX_INTEGER, JsonValue
from incidents.ledger.merkle import (
    HASH_BYTES,
    inclusion_proof,
    leaf_hash,
    root,
    verify_inclusion,
)

SYSTEM_STREAM = UUID(int=0)  # the log's own events, among them the lists of heads

_LINE = re.compile(r"([0-9a-f-]{36}) ([1-9][0-9]{0,15}) ([0-9a-f]{64})")
_HEX = re.compile(r"[0-9a-f]{64}")


class BadHeads(ValueError):
    """The lines, or what a leaf says of them, are not a list of heads."""


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """The last entry of one stream. Raises BadHeads."""

    stream: UUID
    seq: int
    hash: bytes

    def __post_init__(self) -> None:
        if self.stream == SYSTEM_STREAM:
            raise BadHeads("the log's own stream is not in its lists of heads")
        if not 1 <= self.seq <= MAX_INTEGER or len(self.hash) != HASH_BYTES:
            raise BadHeads("a head is a number from 1 and a leaf hash")

    def line(self) -> str:
        """Return the head as a line, without newline."""
        return f"{self.stream} {self.seq} {self.hash.hex()}"


def parse_head(line: str) -> Head:
    """Read one line. Raises BadHeads."""
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise BadHeads(f"{line!r} is not the line of a head")
    try:
        head = Head(UUID(parts[1]), int(parts[2]), bytes.fromhex(parts[3]))
    except ValueError as error:
        raise BadHeads(f"{line!r} is not the line of a head: {error}") from None
    if head.line() != line:
        raise BadHeads(f"{line!r} has another spelling")
    return head


def sorted_lines(heads: Iterable[Head]) -> list[str]:
    """Return the lines in their order. Raises BadHeads when a stream occurs twice."""
    ordered = sorted(heads)
    if len({head.stream for head in ordered}) != len(ordered):
        raise BadHeads("a stream has two heads")
    return [head.line() for head in ordered]


def parse_heads(lines: Sequence[str]) -> list[Head]:
    """Read a whole list. Raises BadHeads when it is not sorted or a stream is twice."""
    heads = [parse_head(line) for line in lines]
    if sorted_lines(heads) != list(lines):
        raise BadHeads("the lines are not sorted")
    return heads


@dataclass(frozen=True, slots=True)
class HeadsRoot:
    """What a `log.heads` entry discloses: so many streams, under this root.

    `upto` is the size of the log whose entries are counted.
    """

    n: int
    root: bytes
    upto: int

    def value(self) -> dict[str, JsonValue]:
        """Return the value of the disclosed field."""
        return {"n": self.n, "root": self.root.hex(), "upto": self.upto}


def heads_root(lines: Sequence[str], *, upto: int) -> HeadsRoot:
    """Return what commits to these sorted lines."""
    return HeadsRoot(len(lines), root(_hashes(lines)), upto)


def parse_heads_root(value: JsonValue) -> HeadsRoot:
    """Read the value of the disclosed field. Raises BadHeads."""
    if not isinstance(value, dict) or value.keys() != {"n", "root", "upto"}:
        raise BadHeads("a list of heads is disclosed as n, root and upto")
    top = value["root"]
    if not isinstance(top, str) or _HEX.fullmatch(top) is None:
        raise BadHeads("the root of the heads is not 64 hexadecimal digits")
    n, upto = (_number(value[name]) for name in ("n", "upto"))
    if n > upto:
        raise BadHeads("there are more streams than entries")
    return HeadsRoot(n, bytes.fromhex(top), upto)


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadHeads("n and upto are whole numbers")
    if not 0 <= value <= MAX_INTEGER:
        raise BadHeads("n and upto are whole numbers from 0")
    return value


def prove_head(lines: Sequence[str], stream: UUID) -> tuple[int, list[bytes]]:
    """Return where a stream's line stands and the proof that it does.

    Raises BadHeads when the stream has no line.
    """
    for index, line in enumerate(lines):
        if line.startswith(f"{stream} "):
            return index, inclusion_proof(index, _hashes(lines))
    raise BadHeads(f"the stream {stream} has no line")


def verify_head(
    head: Head, index: int, proof: Sequence[bytes], under: HeadsRoot
) -> bool:
    """Tell whether this head is number `index` of the list."""
    hashed = leaf_hash(head.line().encode("ascii"))
    return verify_inclusion(hashed, index, under.n, proof, under.root)


def faults_between(earlier: Iterable[Head], later: Iterable[Head]) -> list[str]:
    """Return what a later list contradicts of an earlier one; nothing when all is well.

    A stream never vanishes, never gets shorter, and its entry of one number stays the
    same.
    """
    now = {head.stream: head for head in later}
    faults = []
    for head in earlier:
        found = now.get(head.stream)
        if found is None:
            faults.append(f"{head.stream}: gone")
        elif found.seq < head.seq:
            faults.append(f"{head.stream}: {found.seq} entries, there were {head.seq}")
        elif found.seq == head.seq and found.hash != head.hash:
            faults.append(f"{head.stream}: entry {head.seq} is another")
    return faults


def _hashes(lines: Sequence[str]) -> list[bytes]:
    return [leaf_hash(line.encode("ascii")) for line in lines]
