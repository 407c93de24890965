"""Appends entries to many streams at once: the only way into the record.

One statement locks the streams, ids ascending, and one more writes everything. The
stream's row lock makes `seq` gap-free and the chain unbranched; whoever appends takes
it last of all locks (see DESIGN, lock order).
"""

import json
import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from incidents.ledger.canonical import disclose, format_at, leaf_bytes
from incidents.ledger.keyring import encrypt, make_data_keys, unwrap, unwrap_key
from incidents.ledger.merkle import leaf_hash
from incidents.ledger.models import Stream


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry before it has a place in its stream.

    `subjects` names for a field the person whose key encrypts it; the rest is
    encrypted under the stream's key.
    """

    stream_id: uuid.UUID
    kind: str
    at: datetime
    source_event: uuid.UUID
    fields: Mapping[str, Any]
    subjects: Mapping[str, uuid.UUID] = field(default_factory=dict)


@dataclass(slots=True)
class _Head:
    """The end of a stream while a batch is being appended."""

    seq: int
    hash: bytes
    key_id: int
    key: bytes


@dataclass(slots=True)
class _Rows:
    """Rows of the one write, ready to be JSON."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    disclosures: list[dict[str, Any]] = field(default_factory=list)


def make_streams(count: int) -> list[Stream]:
    """Create empty streams, each with a data key of its own."""
    ids = [uuid.uuid4() for _ in range(count)]
    keys = make_data_keys(ids)
    return Stream.objects.bulk_create([Stream(id=pk, key=keys[pk]) for pk in ids])


def append(drafts: Sequence[Draft]) -> list[int]:
    """Append the drafts in their order and return the entries' ids in the same order.

    Requires an open transaction. Locks the streams. Raises NotCanonical when a field
    holds what the record cannot (a float, null).
    """
    if not drafts:
        return []
    heads = _lock_streams(sorted({draft.stream_id for draft in drafts}))
    subjects = make_data_keys({s for draft in drafts for s in draft.subjects.values()})
    keys = {owner: (key.pk, unwrap(key)) for owner, key in subjects.items()}
    rows = _Rows()
    for draft in drafts:
        _add(rows, draft, heads[draft.stream_id], keys)
    return _write(rows, heads)


def disclosure_context(stream_id: uuid.UUID, seq: int, name: str) -> bytes:
    """Return what binds a disclosure's ciphertext to its place in the record."""
    return b"disclosure:%s:%d:%s" % (stream_id.bytes, seq, name.encode())


# Ids ascending: whoever locks several streams waits for nobody who waits for him.
_LOCK = """
SELECT s.id, s.last_seq, s.last_hash, k.id, k.owner, k.wrapped
  FROM tocsin_stream s JOIN tocsin_data_key k ON k.id = s.key_id
 WHERE s.id = ANY(%s) ORDER BY s.id FOR NO KEY UPDATE OF s
"""


def _lock_streams(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, _Head]:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [list(ids)])
        return {
            pk: _Head(seq, bytes(last), key_id, unwrap_key(bytes(wrapped), owner=owner))
            for pk, seq, last, key_id, owner, wrapped in cursor.fetchall()
        }


def _add(
    rows: _Rows, draft: Draft, head: _Head, keys: Mapping[uuid.UUID, tuple[int, bytes]]
) -> None:
    seq = head.seq + 1
    commit = {}
    for name, value in draft.fields.items():
        text, commit[name] = disclose(name, value)
        subject = draft.subjects.get(name)
        key_id, key = keys[subject] if subject else (head.key_id, head.key)
        context = disclosure_context(draft.stream_id, seq, name)
        body = encrypt(key, text.encode("ascii"), context=context)
        place = {"stream_id": str(draft.stream_id), "seq": seq, "name": name}
        rows.disclosures.append({**place, "key_id": key_id, "body": _text(body)})
    leaf = leaf_bytes(
        at=format_at(draft.at),
        commit=commit,
        prev=head.hash,
        seq=seq,
        stream=draft.stream_id,
        type=draft.kind,
    )
    rows.entries.append(
        {
            "stream_id": str(draft.stream_id),
            "seq": seq,
            "kind": draft.kind,
            "at": draft.at.isoformat(),
            "source_event": str(draft.source_event),
            "leaf": _text(leaf),
        }
    )
    head.seq, head.hash = seq, leaf_hash(leaf)


# Entries, disclosures and the streams' heads in one round trip. Rows travel
# as JSON text: an array a column costs the driver three times as much.
_WRITE = """
WITH entry AS (
    INSERT INTO tocsin_entry (stream_id, seq, kind, at, source_event, leaf)
    SELECT stream_id, seq, kind, at, source_event, decode(leaf, 'base64')
    FROM json_to_recordset(%s) AS e (stream_id uuid, seq bigint, kind text,
                                     at timestamptz, source_event uuid, leaf text)
    RETURNING id, stream_id, seq
), disclosed AS (
    INSERT INTO tocsin_disclosure (entry_id, name, key_id, body)
    SELECT entry.id, d.name, d.key_id, decode(d.body, 'base64')
    FROM json_to_recordset(%s) AS d (stream_id uuid, seq bigint, name text,
                                     key_id bigint, body text)
    JOIN entry USING (stream_id, seq)
), moved AS (
    UPDATE tocsin_stream AS s SET last_seq = h.seq, last_hash = decode(h.hash, 'base64')
    FROM json_to_recordset(%s) AS h (id uuid, seq bigint, hash text)
    WHERE s.id = h.id
)
SELECT id, stream_id, seq FROM entry
"""


def _write(rows: _Rows, heads: Mapping[uuid.UUID, _Head]) -> list[int]:
    moved = [
        {"id": str(pk), "seq": head.seq, "hash": _text(head.hash)}
        for pk, head in heads.items()
    ]
    parameters = [json.dumps(part) for part in (rows.entries, rows.disclosures, moved)]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, parameters)
        ids = {(str(stream), seq): pk for pk, stream, seq in cursor.fetchall()}
    return [ids[row["stream_id"], row["seq"]] for row in rows.entries]


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
