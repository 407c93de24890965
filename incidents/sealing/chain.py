"""Checks that entries continue the chains of their streams. Pure: it knows no database.

What is sealed wrongly stays wrong for ever, so the sealer trusts neither the hash that
the database keeps nor the order in which it gives the rows.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from incidents.ledger.canonical import GENESIS, LEAF_VERSION, format_at


class ChainBroken(Exception):
    """An entry does not continue its stream; nothing may be sealed until it does."""

    def __init__(self, entry_id: int | None, why: str) -> None:
        self.entry_id = entry_id
        self.why = why
        super().__init__(why if entry_id is None else f"entry {entry_id}: {why}")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as the database holds it, before it is believed."""

    entry_id: int
    stream_id: UUID
    seq: int
    kind: str
    at: datetime
    leaf: bytes
    leaf_hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a stream, up to some point."""

    seq: int
    leaf_hash: bytes


START = Head(0, GENESIS)


@dataclass(frozen=True, slots=True)
class Stream:
    """How far a stream is sealed, and how far it says that it goes."""

    sealed: Head
    last: Head


def check_chain(rows: Sequence[Row], streams: Mapping[UUID, Stream]) -> list[bytes]:
    """Return the leaf hashes of the rows, computed anew, in their order.

    Raises ChainBroken for the first row that does not fit, or for the last one of a
    stream that knows another as its last.
    """
    reached = {stream_id: stream.sealed for stream_id, stream in streams.items()}
    hashes = []
    for row in rows:
        if why := misfit(row, reached[row.stream_id]):
            raise ChainBroken(row.entry_id, why)
        hashed = hashlib.sha256(b"\x00" + row.leaf).digest()
        if hashed != row.leaf_hash:
            raise ChainBroken(row.entry_id, "its leaf does not have the stored hash")
        here = reached[row.stream_id] = Head(row.seq, hashed)
        last = streams[row.stream_id].last
        if here.seq >= last.seq and here != last:
            why = f"stream {row.stream_id} ends in another number {last.seq}"
            raise ChainBroken(row.entry_id, why)
        hashes.append(hashed)
    return hashes


def misfit(row: Row, head: Head) -> str:
    """Return why the row does not follow this head, or nothing.

    The canonical form has one order of keys: what stands before and behind the digests
    of a leaf is known to the byte, which is checked ten times as fast as it is parsed.
    """
    if row.seq != head.seq + 1:
        return f"number {row.seq} of stream {row.stream_id} follows number {head.seq}"
    begins = b'{"at":"%s","commit":{' % format_at(row.at).encode()
    if not row.leaf.startswith(begins):
        return "its leaf does not begin with the instant of its row"
    ends = b'},"prev":"%s","seq":%d,"stream":"%s","type":"%s","v":%d}' % (
        head.leaf_hash.hex().encode(),
        row.seq,
        str(row.stream_id).encode(),
        row.kind.encode(),
        LEAF_VERSION,
    )
    if not row.leaf.endswith(ends):
        return f"its leaf does not continue number {head.seq} of stream {row.stream_id}"
    return ""
