"""Opens stored values without believing that they are what was recorded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from incidents.audit.binary import read_binary
from incidents.errors import BadConfiguration
from incidents.ledger.append import disclosure_context
from incidents.ledger.canonical import (
    JsonValue,
    NotCanonical,
    digest_of,
    open_disclosure,
)
from incidents.ledger.keyring import decrypt, unwrap_key

BATCH: Final = 500
_KEPT_KEYS: Final = 4_096


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of a value with its entry; `name` is None where the entry has none.

    `owner` and `wrapped` are None where the key is gone.
    """

    entry_id: int
    stream_id: UUID
    seq: int
    kind: str
    at: datetime
    leaf: bytes
    name: str | None
    body: bytes
    owner: UUID | None
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class Opened:
    """An entry with those of its values that are what its leaf commits to.

    `owners` says for each under whose key it is encrypted: the stream's, or a person's.
    """

    entry_id: int
    stream_id: UUID
    seq: int
    kind: str
    at: datetime
    fields: Mapping[str, JsonValue]
    owners: Mapping[str, UUID]


class Opener:
    """Opens values, each key unwrapped once."""

    def __init__(self) -> None:
        self._unwrapped = lru_cache(_KEPT_KEYS)(_unwrapped)

    def text(self, stored: Stored) -> str | None:
        """Return the disclosure, or None where it is not the one of the leaf."""
        if stored.name is None or stored.owner is None or stored.wrapped is None:
            return None
        key = self._unwrapped(stored.owner, stored.wrapped)
        context = disclosure_context(stored.stream_id, stored.seq, stored.name)
        try:
            text = decrypt(key, stored.body, context=context).decode("ascii")
        except (BadConfiguration, UnicodeDecodeError, ValueError):
            return None
        # The leaf's canonical form has one spelling of this.
        commitment = b'"%s":"%s"' % (stored.name.encode(), digest_of(text).encode())
        return text if commitment in stored.leaf else None

    def value(self, stored: Stored) -> JsonValue | None:
        """Return the value, or None where it is not the one of the leaf."""
        text = self.text(stored)
        try:
            return None if text is None else open_disclosure(text)[1]
        except NotCanonical:
            return None


def _unwrapped(owner: UUID, wrapped: bytes) -> bytes:
    """Return a key; one that opens nothing for what cannot be unwrapped."""
    try:
        return unwrap_key(wrapped, owner=owner)
    except (BadConfiguration, ValueError):
        return bytes(32)


# Of each entry one row for each value, or one without any.
_READ: Final = """
SELECT e.id, e.stream_id, e.seq, e.kind, e.at, e.leaf, d.name, d.body, k.owner, k.wrapped
  FROM (SELECT * FROM tocsin_entry WHERE id > %s AND (%s::text[] IS NULL OR kind = ANY(%s))
         ORDER BY id LIMIT %s) AS e
  LEFT JOIN tocsin_disclosure AS d ON d.entry_id = e.id
  LEFT JOIN tocsin_data_key AS k ON k.id = d.key_id
 ORDER BY e.id
"""


def read_stored(
    after: int, limit: int, kinds: Sequence[str] | None = None
) -> list[Stored]:
    """Return the values of the next entries, of these kinds alone where kinds are given."""
    chosen: Any = None if kinds is None else list(kinds)
    return [Stored(*row) for row in read_binary(_READ, [after, chosen, chosen, limit])]


def read_opened(*kinds: str) -> Iterator[Opened]:
    """Yield every entry of these kinds with its values, in the order of their ids."""
    opener, after = Opener(), 0
    while rows := read_stored(after, BATCH, kinds):
        for _, group in groupby(rows, attrgetter("entry_id")):
            yield _opened(list(group), opener)
        after = rows[-1].entry_id


def _opened(rows: Sequence[Stored], opener: Opener) -> Opened:
    first = rows[0]
    values = {str(row.name): opener.value(row) for row in rows}
    return Opened(
        first.entry_id,
        first.stream_id,
        first.seq,
        first.kind,
        first.at,
        fields={name: value for name, value in values.items() if value is not None},
        owners={str(row.name): row.owner for row in rows if row.owner is not None},
    )
