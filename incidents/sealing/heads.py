"""Writes into the log how far each stream goes, so that nobody can drop a stream's end.

The list itself is kept nowhere: what it was at a size of the log is read from the
leaves, and must have the root that the log's own entry discloses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from incidents.events.feed import read_fields
from incidents.events.pending import SEALER
from incidents.ledger.heads import (
    SYSTEM_STREAM,
    BadHeads,
    Head,
    HeadsRoot,
    heads_root,
    parse_heads_root,
    prove_head,
    sorted_lines,
)
from incidents.ledger.models import Entry
from incidents.sealing.log_events import HEADS, record_log_event
from incidents.sealing.models import SealedLeaf
from incidents.sealing.places import sealed_size

EVERY: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SealedHeads:
    """A sealed `log.heads` entry: where it stands, and what it discloses."""

    entry_id: int
    idx: int
    disclosed: HeadsRoot


@dataclass(frozen=True, slots=True)
class ProvenHead:
    """A stream's line in a list of heads, its number there, and the proof of it."""

    line: str
    index: int
    path: tuple[bytes, ...]


def write_heads(now: datetime) -> int:
    """Record the heads of all streams as they are sealed now; returns the entry's id.

    Raises BadHeads when a stream has no sealed end where it should have one.
    """
    upto = sealed_size()
    disclosed = heads_root(read_lines(upto), upto=upto)
    return record_log_event(HEADS, {"heads": disclosed.value()}, now)


def write_heads_if_due(now: datetime) -> int | None:
    """Record the heads if the last ones are old and streams have grown since."""
    last = Entry.objects.filter(stream=SYSTEM_STREAM, kind=HEADS).order_by("-seq")
    entry = last.first()
    if entry is None:
        return write_heads(now) if sealed_size() else None
    if now - entry.at < EVERY or not _has_grown_since(entry):
        return None
    return write_heads(now)


def _has_grown_since(entry: Entry) -> bool:
    """Whether entries of streams were sealed that a sealed list does not count."""
    if not SealedLeaf.objects.filter(entry=entry).exists():
        return False
    upto = _disclosed(entry).upto
    later = SealedLeaf.objects.filter(idx__gte=upto)
    return later.exclude(entry__stream=SYSTEM_STREAM).exists()


def newest_heads(max_size: int | None = None) -> SealedHeads | None:
    """Return the newest sealed list of heads, of those in the log of this size."""
    entries = Entry.objects.filter(stream=SYSTEM_STREAM, kind=HEADS)
    sealed = entries.filter(sealed__isnull=False).select_related("sealed")
    if max_size is not None:
        sealed = sealed.filter(sealed__idx__lt=max_size)
    entry = sealed.order_by("-seq").first()
    if entry is None:
        return None
    return SealedHeads(entry.pk, entry.sealed.idx, _disclosed(entry))


def prove_stream(heads: SealedHeads, stream_id: UUID) -> ProvenHead:
    """Return a stream's line in this list, with its proof.

    Raises BadHeads when the stream has none, or the leaves do not make this list.
    """
    lines = read_lines(heads.disclosed.upto)
    if heads_root(lines, upto=heads.disclosed.upto) != heads.disclosed:
        raise BadHeads(f"the leaves do not make the heads of entry {heads.entry_id}")
    index, path = prove_head(lines, stream_id)
    return ProvenHead(lines[index], index, tuple(path))


# A stream's own end, less what was sealed later or is not sealed yet. What a stream
# says of its end counts for nothing without a leaf.
_HEADS: Final = """
WITH later AS (
    SELECT entry_id FROM tocsin_leaf WHERE idx >= %(upto)s
     UNION ALL
    SELECT entry_id FROM tocsin_pending WHERE consumer = %(sealer)s
), first AS (
    SELECT DISTINCT ON (e.stream_id) e.stream_id, e.seq
      FROM later JOIN tocsin_entry AS e ON e.id = later.entry_id
     ORDER BY e.stream_id, e.seq
), ends AS (
    SELECT s.id, coalesce(first.seq - 1, s.last_seq) AS seq
      FROM tocsin_stream AS s LEFT JOIN first ON first.stream_id = s.id
     WHERE s.id <> %(system)s::uuid
)
SELECT ends.id, ends.seq, l.leaf_hash
  FROM ends
  LEFT JOIN (tocsin_entry AS e JOIN tocsin_leaf AS l ON l.entry_id = e.id)
         ON e.stream_id = ends.id AND e.seq = ends.seq AND l.idx < %(upto)s
 WHERE ends.seq > 0
"""


def read_lines(upto: int) -> Sequence[str]:
    """Return the line of each stream in the log of this size, in their order.

    Requires that the log has reached the size. Raises BadHeads.
    """
    wanted: dict[str, int | str] = {"upto": upto, "sealer": SEALER}
    wanted["system"] = str(SYSTEM_STREAM)
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, wanted)
        found = cursor.fetchall()
    for stream_id, seq, leaf_hash in found:
        if leaf_hash is None:
            raise BadHeads(f"entry {seq} of stream {stream_id} is not sealed")
    return sorted_lines(
        Head(stream_id, seq, bytes(leaf_hash)) for stream_id, seq, leaf_hash in found
    )


def _disclosed(entry: Entry) -> HeadsRoot:
    fields = read_fields(Entry.objects.filter(pk=entry.pk))
    return parse_heads_root(fields[entry.pk]["heads"])
