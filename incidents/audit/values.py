"""Checks that every value is there that a leaf commits to, or was erased by an entry."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Final

from django.db import connection

from incidents.audit.findings import Findings
from incidents.audit.opening import Opener, Stored, read_stored
from incidents.ledger.canonical import NotCanonical, parse_leaf

PIECE: Final = 4_096  # entries: some megabytes


@dataclass(slots=True)
class Opening:
    """The values of the entries up to the one with the id `seen`, and what is wrong."""

    findings: Findings
    seen: int = 0
    piece: int = PIECE
    _opener: Opener = field(default_factory=Opener)

    def read_piece(self) -> bool:
        """Read on; False when nothing is left."""
        rows = read_stored(self.seen, self.piece)
        missing = [
            place
            for _, group in groupby(rows, attrgetter("entry_id"))
            for place in self._check(list(group))
        ]
        # Read after the values: what was erased meanwhile is said by now.
        for entry_id, name in _without_erasure(missing):
            why = (
                f"its {name} is missing, and no entry says that it was erased:"
                " put it back from a backup"
            )
            self.findings.add(why, entry_id)
        if rows:
            self.seen = rows[-1].entry_id
        return bool(rows)

    def _check(self, rows: Sequence[Stored]) -> Iterator[tuple[int, str]]:
        """Note values that are others; yield the place of each that is not there."""
        stored = [row for row in rows if row.name is not None]
        for row in stored:
            if self._opener.text(row) is None:
                why = f"its {row.name} is not the value that was recorded"
                self.findings.add(why, row.entry_id)
        leaf = rows[0].leaf
        if _committed(leaf) != len(stored):
            there = {row.name for row in stored}
            yield from (
                (rows[0].entry_id, name) for name in _names(leaf) if name not in there
            )


def _committed(leaf: bytes) -> int:
    """Count the digests of a leaf by its one canonical spelling, without reading it."""
    start, end = leaf.find(b'"commit":{'), leaf.find(b'},"prev":')
    return leaf.count(b'":"', start, end)


def _names(leaf: bytes) -> list[str]:
    try:
        return sorted(parse_leaf(leaf).commit)
    except NotCanonical:
        return []  # that is noted where the leaf is hashed


_ERASED: Final = """
SELECT n.entry_id, n.name FROM unnest(%s::bigint[], %s::text[]) AS n (entry_id, name)
  LEFT JOIN tocsin_erased AS x USING (entry_id, name) WHERE x.id IS NULL
"""


def _without_erasure(missing: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    if not missing:
        return []
    ids, names = zip(*missing, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_ERASED, [list(ids), list(names)])
        return sorted(cursor.fetchall())
