"""Reads the files of incidents anew, as many bytes a night, and compares their hashes."""

import hashlib
import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from incidents.audit.binary import read_binary
from incidents.audit.findings import Finding
from incidents.audit.opening import Opener, Stored

BATCH: Final = 100
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
ALL_FILES: Final = sys.maxsize
_CHUNK: Final = 1 << 20
_RESTORE: Final = "put it back from a backup of the data folder"


@dataclass(frozen=True, slots=True)
class FilesRead:
    """How far a night came, how many it read, and of how many.

    `reached` is the last row before the first finding, 0 once all fitted: what is wrong
    is read again each night until it is mended.
    """

    reached: int
    count: int
    of: int
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True)
class _File:
    pk: int
    uid: UUID
    incident_id: int
    sha256: str
    size_bytes: int
    stored_as: str


def read_files(after: int, most_bytes: int) -> FilesRead:
    """Compare files with their rows, and rows with the record, from a row on.

    Stops once so many bytes were read. A file of an incident of which a list of files
    was lawfully erased is held against its row alone.
    """
    reached, count, left = after, 0, most_bytes
    findings: list[Finding] = []
    good = after
    while left > 0 and (batch := _next(reached)):
        recorded = _recorded({file.incident_id for file in batch})
        for file in batch:
            if left <= 0:
                break
            findings += _check(file, recorded[file.incident_id])
            reached, count, left = file.pk, count + 1, left - file.size_bytes
            good = good if findings else reached
    return FilesRead(good if _next(good) else 0, count, _count(), findings)


def _check(file: _File, recorded: Collection[str] | None) -> list[Finding]:
    path = Path(settings.ATTACHMENTS_DIR) / file.stored_as
    name = f"the file of attachment {file.uid}"
    if recorded is not None and file.sha256 not in recorded:
        why = f"no entry names sha256 {file.sha256}, which is said of {name}"
        return [Finding(f"{why}: put its row back from a backup")]
    if recorded is None and not _SHA256.fullmatch(file.sha256):
        return []  # the hash was erased with the list that named it
    try:
        found = _hash(path)
    except OSError as error:
        return [Finding(f"{name} cannot be read ({error.strerror}): {_RESTORE}")]
    if found == file.sha256:
        return []
    wanted = f"it has sha256 {found} and should have {file.sha256}"
    return [Finding(f"{name} is another one: {wanted}: {_RESTORE}")]


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


_NEXT: Final = """
SELECT id, uid, incident_id, sha256, size_bytes, stored_as FROM tocsin_attachment
 WHERE id > %s ORDER BY id LIMIT %s
"""
_LISTED: Final = """
SELECT e.id, e.stream_id, e.seq, e.kind, e.at, e.leaf, d.name, d.body, k.owner,
       k.wrapped, a.incident_id
  FROM tocsin_audience_stream AS a
  JOIN tocsin_entry AS e ON e.stream_id = a.stream_id
  JOIN tocsin_disclosure AS d ON d.entry_id = e.id AND d.name = 'attachments'
  JOIN tocsin_data_key AS k ON k.id = d.key_id
 WHERE a.incident_id = ANY(%s)
"""
_ERASED: Final = """
SELECT DISTINCT a.incident_id FROM tocsin_audience_stream AS a
  JOIN tocsin_entry AS e ON e.stream_id = a.stream_id
  JOIN tocsin_erased AS x ON x.entry_id = e.id AND x.name = 'attachments'
 WHERE a.incident_id = ANY(%s)
"""


def _next(after: int) -> list[_File]:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [after, BATCH])
        return [_File(*row) for row in cursor.fetchall()]


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tocsin_attachment")
        return int(cursor.fetchone()[0])


def _recorded(incident_ids: Collection[int]) -> dict[int, set[str] | None]:
    """Return for each incident the hashes that its entries name; None where some went."""
    opener, wanted = Opener(), list(incident_ids)
    hashes: dict[int, set[str]] = {pk: set() for pk in wanted}
    for *row, incident_id in read_binary(_LISTED, [wanted]):
        listed = opener.value(Stored(*row))
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict):
                hashes[incident_id].add(str(one.get("sha256")))
    gone = {incident_id for (incident_id,) in read_binary(_ERASED, [wanted])}
    return {pk: None if pk in gone else hashes[pk] for pk in wanted}
