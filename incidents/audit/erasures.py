"""Holds what is erased against the entries that say so, and they against what is there."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from django.db import connection

from incidents.audit.findings import Findings
from incidents.audit.opening import BATCH, Opened, read_opened

_KIND: Final = "disclosure.erased"
_NAME: Final = re.compile(r"[a-z0-9_]{1,32}")
Place = tuple[UUID, int, str]


def check_erasures(findings: Findings) -> None:
    """Note what is readable although erased, and erasures that no entry names."""
    _note_readable(findings)
    named: dict[int, set[Place]] = {}
    for entry in read_opened(_KIND):
        named[entry.entry_id] = set(_named_by(entry))
        if len(named) == BATCH:
            _compare(named, findings)
            named = {}
    _compare(named, findings)
    for entry_id, name in _rows(_NO_DECISION, []):
        findings.add(_unnamed(name), entry_id)


def _named_by(entry: Opened) -> Iterator[Place]:
    """Yield the places of its own stream that an erasure names; no others count."""
    erased = entry.fields.get("erased")
    for one in erased if isinstance(erased, list) else ():
        if not isinstance(one, dict) or one.get("stream") != str(entry.stream_id):
            continue
        seq, name = one.get("seq"), one.get("field")
        if isinstance(seq, int) and isinstance(name, str) and _NAME.fullmatch(name):
            yield entry.stream_id, seq, name


def _compare(named: dict[int, set[Place]], findings: Findings) -> None:
    places = {place for group in named.values() for place in group}
    for entry_id, name in _rows(_NOT_ERASED, _columns(places)):
        why = (
            f"an entry says that its {name} was erased, and it was not:"
            " run manage.py replay_erasures"
        )
        findings.add(why, entry_id)
    for decision, entry_id, name, *place in _rows(_BY, [list(named)]):
        if (*place, name) not in named[decision]:
            findings.add(_unnamed(name), entry_id)


def _note_readable(findings: Findings) -> None:
    for entry_id, name in _rows(_READABLE, []):
        why = (
            f"its {name} was erased and can be read again: was a backup put back?"
            " run manage.py replay_erasures"
        )
        findings.add(why, entry_id)


def _unnamed(name: str) -> str:
    return (
        f"its {name} counts as erased, and no entry names it:"
        " put it back from a backup, and find out who erased it"
    )


_READABLE: Final = """
SELECT x.entry_id, x.name FROM tocsin_erased AS x
  JOIN tocsin_disclosure AS d USING (entry_id, name) ORDER BY x.id LIMIT 100
"""
_NO_DECISION: Final = f"""
SELECT x.entry_id, x.name FROM tocsin_erased AS x
  LEFT JOIN tocsin_entry AS e ON e.id = x.decision_id AND e.kind = '{_KIND}'
 WHERE e.id IS NULL ORDER BY x.id LIMIT 100
"""  # noqa: S608  a constant
_BY: Final = """
SELECT x.decision_id, x.entry_id, x.name, e.stream_id, e.seq FROM tocsin_erased AS x
  JOIN tocsin_entry AS e ON e.id = x.entry_id WHERE x.decision_id = ANY(%s)
"""
_NOT_ERASED: Final = """
SELECT e.id, n.name
  FROM unnest(%s::uuid[], %s::bigint[], %s::text[]) AS n (stream_id, seq, name)
  JOIN tocsin_entry AS e USING (stream_id, seq)
  LEFT JOIN tocsin_erased AS x ON x.entry_id = e.id AND x.name = n.name
 WHERE x.id IS NULL ORDER BY e.id
"""


def _columns(places: Iterable[Place]) -> list[Any]:
    rows = sorted(places)
    return [[row[at] for row in rows] for at in range(3)]


def _rows(query: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return list(cursor.fetchall())
