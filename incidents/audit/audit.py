"""Audits the record: everything is computed anew and held against the signed head."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from django.db import connection, transaction
from django.db.models import Max

from incidents.audit.erasures import check_erasures
from incidents.audit.files import ALL_FILES, FilesRead, read_files
from incidents.audit.findings import Findings
from incidents.audit.heads import (
    SEALED,
    Against,
    check_continued,
    check_head,
    check_remembered,
    check_sealed,
    first_other_head,
    newest_head,
    root_of_tiles,
)
from incidents.audit.holds import check_holds
from incidents.audit.memory import Memory, MemoryFile, UnderWay
from incidents.audit.models import Audit
from incidents.audit.notes import Notes
from incidents.audit.rereading import PIECE, Rereading, resume
from incidents.audit.telling import tell_of_mismatch
from incidents.audit.values import Opening
from incidents.events.pending import SEALER
from incidents.ledger.merkle import EMPTY_ROOT
from incidents.ledger.models import Entry
from incidents.ledger.vkey import VerificationKey
from incidents.sealing.models import SealedLeaf
from incidents.sealing.places import sealed_size

log = structlog.get_logger(__name__)
# So many missing leaves are named, where a head says that there are more.
_PAST_THE_END: Final = 10


@dataclass(frozen=True, slots=True)
class Auditor:
    """What an audit needs from outside the database, and how it is broken off.

    `has_values` opens the values too, and holds holds, erasures and every kept head
    against the record, which takes three times as long. Of files `file_bytes` are read.
    `after_piece` is told how far it is, and says whether to go on.
    """

    memory: MemoryFile
    keys: Sequence[VerificationKey] = ()
    witnesses: Sequence[VerificationKey] = ()
    has_values: bool = False
    file_bytes: int = 0
    after_piece: Callable[[int, int], bool] = lambda _seen, _size: True
    piece: int = PIECE


@dataclass(slots=True)
class _Run:
    """One audit on its way: the tree, then the values."""

    begun_at: datetime
    reread: Rereading
    opening: Opening

    @property
    def findings(self) -> Findings:
        """What is wrong so far."""
        return self.reread.findings

    def under_way(self) -> UnderWay:
        """Return what is kept of it when it is broken off."""
        reread = self.reread
        return UnderWay(
            self.begun_at, reread.seen, reread.edge, self.findings, self.opening.seen
        )


def audit_log(auditor: Auditor, now: datetime) -> Audit | None:
    """Audit the log, going on where the last one was broken off.

    None when nothing is sealed, or when this one was broken off too. What is wrong is
    recorded, and told to the operator and all organisations.
    """
    head = newest_head()
    memory = auditor.memory.read()
    if head is None and not memory.note:
        return None
    head = head or Against(SEALED, 0, EMPTY_ROOT)
    end = _end(head)
    run = _take_up(memory, end, now)
    run.reread.piece = auditor.piece
    if not (_read_tree(run, end, auditor) and _read_values(run, auditor)):
        auditor.memory.write(replace(memory, under_way=run.under_way()))
        return None
    _conclude(run, head, auditor, memory)
    return _settle(run, head, auditor, memory, now)


def _end(head: Against) -> int:
    """Return how far to read: to the newest head, and not far past the last leaf.

    A size is only a number until its head is verified.
    """
    last = SealedLeaf.objects.aggregate(last=Max("idx"))["last"]
    leaves = 0 if last is None else last + 1
    return min(max(head.size, sealed_size()), leaves + _PAST_THE_END)


def _take_up(memory: Memory, end: int, now: datetime) -> _Run:
    way = memory.under_way
    if way is not None and 0 <= way.seen <= end:
        found = resume(Rereading(way.seen, way.edge, way.findings))
        if found is not None:
            return _Run(way.begun_at, found, Opening(found.findings, way.opened))
    reread = Rereading()
    return _Run(now, reread, Opening(reread.findings))


def _read_tree(run: _Run, end: int, auditor: Auditor) -> bool:
    """Read the leaves up to the end; False when it is broken off."""
    while run.reread.seen < end:
        run.reread.read_piece(end)
        seen = run.reread.seen
        if seen < end and not auditor.after_piece(seen, end):
            return False
    return True


def _read_values(run: _Run, auditor: Auditor) -> bool:
    """Open the values, where that is wanted; False when it is broken off."""
    if not auditor.has_values:
        return True
    last = Entry.objects.aggregate(last=Max("id"))["last"] or 0
    while run.opening.read_piece():
        seen = run.opening.seen
        if seen < last and not auditor.after_piece(seen, last):
            return False
    return True


def _conclude(run: _Run, head: Against, auditor: Auditor, memory: Memory) -> None:
    """Note what only the whole shows."""
    findings, reached = run.findings, run.reread.seen
    check_head(head, auditor.keys, findings)
    if head.size > reached or _root_at(head.size, run.reread) != head.root:
        _note_other_root(head, findings)
    if reached > head.size:
        check_sealed(run.reread.root(), size=reached, findings=findings)
    _note_unsealed(findings)
    check_continued(reached=reached, findings=findings)
    check_remembered(memory.note, reached=reached, findings=findings)
    if auditor.has_values:
        check_erasures(findings)
        check_holds(findings)


def _root_at(size: int, reread: Rereading) -> bytes:
    """Return the root of the tree when it had this size, from tiles that were compared."""
    return reread.root() if size == reread.seen else root_of_tiles(size)


def _settle(
    run: _Run, head: Against, auditor: Auditor, memory: Memory, now: datetime
) -> Audit:
    """Read what takes turns from night to night, and keep what all came to."""
    heads = memory.heads
    if auditor.has_values:
        size = run.reread.seen
        heads = Notes(auditor.keys, auditor.witnesses, size, heads).check(run.findings)
    after = 0 if auditor.file_bytes == ALL_FILES else memory.files
    files = read_files(after, auditor.file_bytes)
    run.findings.add_all(files.findings)
    audit = _keep(run, head, files, now)
    note = head.note if audit.is_intact and head.note else memory.note
    auditor.memory.write(Memory(note, files=files.reached, heads=heads))
    return audit


def _note_other_root(head: Against, findings: Findings) -> None:
    span = None if findings.count else first_other_head(head.size)
    where = f"; it leaves the heads between {span[0]} and {span[1]}" if span else ""
    findings.add(
        f"the entries are not those of the {head.whose} head of {head.size}{where}"
    )


# An entry either waits for the sealer or is sealed; else somebody went past the record.
_UNSEALED = """
SELECT e.id FROM tocsin_entry AS e
  LEFT JOIN tocsin_leaf AS l ON l.entry_id = e.id
 WHERE l.entry_id IS NULL AND NOT EXISTS (
       SELECT FROM tocsin_pending AS p WHERE p.consumer = %s AND p.entry_id = e.id)
 ORDER BY e.id LIMIT 100
"""


def _note_unsealed(findings: Findings) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, [SEALER])
        for (entry_id,) in cursor.fetchall():
            findings.add("it is neither sealed nor waiting for it", entry_id)


def _keep(run: _Run, head: Against, files: FilesRead, now: datetime) -> Audit:
    findings = run.findings.values()
    with transaction.atomic():
        audit = Audit.objects.create(
            begun_at=run.begun_at,
            ended_at=now,
            size=run.reread.seen,
            root=run.reread.root(),
            against=head.whose,
            files=files.count,
            files_of=files.of,
            findings=findings,
        )
        if findings:
            tell_of_mismatch(audit, now)
    if findings:
        log.error("record_mismatch", audit=audit.pk, findings=findings)
    return audit
