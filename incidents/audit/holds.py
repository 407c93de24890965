"""Holds the legal holds against the entries that placed and released them.

A hold is enforced by its row: without one, what it covers can be erased, and a row that
nobody placed keeps what should go.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection

from incidents.audit.findings import Finding, Findings
from incidents.audit.opening import Opened, read_opened

_PLACED: Final = "hold.placed"
_RELEASED: Final = "hold.released"


@dataclass(frozen=True, slots=True)
class _Row:
    """A hold as its table has it, and the streams in which its entries must stand."""

    uid: UUID
    matter: str
    reason: str
    placed_at: datetime
    entry_id: int
    released_at: datetime | None
    released_reason: str
    release_entry_id: int | None
    own_stream: UUID | None
    person: UUID | None


_ROWS: Final = """
SELECT h.uid, h.matter, h.reason, h.placed_at, h.entry_id, h.released_at,
       h.released_reason, h.release_entry_id, a.stream_id, u.uid
  FROM tocsin_hold AS h
  LEFT JOIN tocsin_audience_stream AS a
    ON a.organisation_id = h.organisation_id AND a.purpose = 'private'
   AND a.incident_id IS NOT DISTINCT FROM h.incident_id
  LEFT JOIN tocsin_user AS u ON u.id = h.person_id
 ORDER BY h.id
"""


def check_holds(findings: Findings) -> None:
    """Note holds without an entry, entries without a hold, and those that differ."""
    faults = list(_faults())
    if faults:
        # What is placed or released between the two readings looks wrong only once.
        again = set(_faults())
        findings.add_all(fault for fault in faults if fault in again)


def _faults() -> Iterator[Finding]:
    entries = {entry.entry_id: entry for entry in read_opened(_PLACED, _RELEASED)}
    rows = _read_rows()
    placed = {row.entry_id: row for row in rows}
    released = {row.release_entry_id: row for row in rows}
    for entry in entries.values():
        row = (placed if entry.kind == _PLACED else released).get(entry.entry_id)
        if row is None or _uid(entry) != str(row.uid):
            yield Finding(_NO_ROW[entry.kind], entry.entry_id)
    for row in rows:
        yield from _faults_of(row, entries)


_NO_ROW: Final = {
    _PLACED: "it places a hold, and no row keeps it, so nothing is held:"
    " put the row back from a backup",
    _RELEASED: "it releases a hold, and no row is released by it:"
    " put the row back from a backup",
}


def _faults_of(row: _Row, entries: Mapping[int, Opened]) -> Iterator[Finding]:
    placed = entries.get(row.entry_id)
    if placed is None or placed.kind != _PLACED or _uid(placed) != str(row.uid):
        yield Finding(f"no entry places hold {row.uid}: find out who made its row")
    elif _differs(row, placed, row.placed_at, row.reason):
        yield Finding(_other(row), placed.entry_id)
    if row.released_at is None and row.release_entry_id is None:
        return
    freed = entries.get(row.release_entry_id or 0)
    if freed is None or freed.kind != _RELEASED or _uid(freed) != str(row.uid):
        why = f"no entry releases hold {row.uid}, and its row is released"
        yield Finding(f"{why}: put the row back from a backup")
    elif _differs(row, freed, row.released_at, row.released_reason):
        yield Finding(_other(row), freed.entry_id)


def _other(row: _Row) -> str:
    return f"the row of hold {row.uid} is not what it says: correct it by the entry"


def _differs(row: _Row, entry: Opened, at: datetime | None, reason: str) -> bool:
    """Whether a row is not what its entry says. Values that are gone are noted elsewhere."""
    said = {"matter": row.matter, "reason": reason}
    return (
        entry.stream_id != row.own_stream
        or at is None
        or abs(entry.at - at) >= timedelta(milliseconds=1)
        or any(entry.fields.get(name, value) != value for name, value in said.items())
        or entry.owners.get("who", row.person) != row.person
    )


def _uid(entry: Opened) -> str:
    body = entry.fields.get("body")
    return str(body.get("hold")) if isinstance(body, dict) else ""


def _read_rows() -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS)
        return [_Row(*row) for row in cursor.fetchall()]
