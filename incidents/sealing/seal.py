"""Seals entries: gives them their places in the log, grows its tree, notes its head.

One sealer works at a time, whoever it is. It takes what waits by membership, never by
"id greater than the last": ids commit out of order. Signatures come after the commit
(`signing.py`): a tree that is lost may be made again, a signed one may not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from incidents.events.pending import SEALER
from incidents.sealing.chain import START, ChainBroken, Head, Row, Stream, check_chain
from incidents.sealing.models import Checkpoint
from incidents.sealing.state import (
    note_broken,
    note_mended,
    note_to_sign,
)
from incidents.sealing.tree import add_leaves, reader

LIMIT: Final = 10_000
LOCK_NUMBER: Final = 0x7365_616C  # any number that nothing else locks


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one batch came to. Full ones have more behind them."""

    size: int
    root: bytes
    count: int
    is_full: bool


def seal_batch(now: datetime, *, limit: int = LIMIT) -> Sealed | None:
    """Seal the entries that have waited longest, all of them or none.

    None when nothing waits, when another seals, or when a chain is broken: then nothing
    is sealed until it is mended, and the state says which entry it is.
    """
    try:
        with transaction.atomic():
            return seal_waiting(now, limit=limit) if lock_log() else None
    except ChainBroken as broken:
        note_broken(broken, now)
        return None


# A commit that is only in memory could be lost after its signature went out.
_DURABLY: Final = """
CASE current_setting('synchronous_commit')
     WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END
"""
_LOCK: Final = f"SELECT pg_try_advisory_xact_lock(%s), {_DURABLY}"
_AWAIT: Final = f"SELECT pg_advisory_xact_lock(%s), {_DURABLY}"


def lock_log() -> bool:
    """Become the one sealer until the transaction ends; False when another is."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [LOCK_NUMBER])
        return bool(cursor.fetchone()[0])


def await_log() -> None:
    """Become the one sealer until the transaction ends, once no other is."""
    with connection.cursor() as cursor:
        cursor.execute(_AWAIT, [LOCK_NUMBER])


def seal_waiting(now: datetime, *, limit: int = LIMIT) -> Sealed | None:
    """Seal one batch, None when nothing waits. Requires `lock_log`. Raises ChainBroken."""
    waiting, rows = _read_waiting(limit)
    if waiting:
        _forget_waiting(waiting)
    if not rows:
        return None
    size = _checked_size()
    hashes = check_chain(rows, _read_streams(rows))
    _copy_leaves(size, rows, hashes)
    root = add_leaves(size, hashes)
    done = Sealed(size + len(rows), root, len(rows), len(waiting) == limit)
    Checkpoint.objects.create(size=done.size, root=root, note="", sealed_at=now)
    note_to_sign(done.size)
    note_mended()
    return done


# The oldest rows by their own id, which an index gives; entries in the order of theirs.
# Within one stream both orders are the same, for its row is locked from the one to the
# other. What is sealed already waits for nothing: somebody put its row back.
_WAITING: Final = """
SELECT p.id, l.idx, e.id, e.stream_id, e.seq, e.kind, e.at, e.leaf, e.leaf_hash
  FROM (SELECT id, entry_id FROM tocsin_pending
         WHERE consumer = %s ORDER BY id LIMIT %s) AS p
  JOIN tocsin_entry AS e ON e.id = p.entry_id
  LEFT JOIN tocsin_leaf AS l ON l.entry_id = e.id
 ORDER BY e.id
"""


def _read_waiting(limit: int) -> tuple[list[int], list[Row]]:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [SEALER, limit])
        found = cursor.fetchall()
    rows = [
        Row(entry_id, stream_id, seq, kind, at, bytes(leaf), bytes(leaf_hash))
        for _, idx, entry_id, stream_id, seq, kind, at, leaf, leaf_hash in found
        if idx is None
    ]
    return [row[0] for row in found], rows


def _checked_size() -> int:
    """Return the size of the log, whose tiles make the root of its last checkpoint."""
    last = Checkpoint.objects.order_by("-size").first()
    size = last.size if last else 0
    if last and reader(size).root() != bytes(last.root):
        raise ChainBroken(None, f"the tiles do not make the root of the log at {size}")
    return size


_STREAMS: Final = """
SELECT s.id, s.last_seq, s.last_hash, e.seq, l.leaf_hash
  FROM unnest(%s::uuid[], %s::bigint[]) AS first (stream_id, seq)
  JOIN tocsin_stream AS s ON s.id = first.stream_id
  LEFT JOIN (tocsin_entry AS e JOIN tocsin_leaf AS l ON l.entry_id = e.id)
         ON e.stream_id = first.stream_id AND e.seq = first.seq - 1
"""


def _read_streams(rows: Sequence[Row]) -> dict[UUID, Stream]:
    """Read what the first rows of their streams must follow, and where those end."""
    first: dict[UUID, int] = {}
    for row in rows:
        first.setdefault(row.stream_id, row.seq)
    with connection.cursor() as cursor:
        cursor.execute(_STREAMS, [list(first), list(first.values())])
        return {
            stream_id: Stream(
                START if sealed is None else Head(sealed, bytes(sealed_hash)),
                Head(last, bytes(last_hash)),
            )
            for stream_id, last, last_hash, sealed, sealed_hash in cursor.fetchall()
        }


def _copy_leaves(size: int, rows: Sequence[Row], hashes: Sequence[bytes]) -> None:
    copy = "COPY tocsin_leaf (idx, entry_id, leaf_hash) FROM STDIN"
    lines = "".join(
        f"{size + place}\t{row.entry_id}\t\\\\x{hashed.hex()}\n"
        for place, (row, hashed) in enumerate(zip(rows, hashes, strict=True))
    )
    with connection.cursor() as cursor, cursor.copy(copy) as stream:
        stream.write(lines)


def _forget_waiting(pending_ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM tocsin_pending WHERE id = ANY(%s)", [list(pending_ids)]
        )
