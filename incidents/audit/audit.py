"""Audits the record: everything is computed anew and held against the signed head."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import connection, transaction

from incidents.audit.findings import Findings
from incidents.audit.heads import (
    SEALED,
    Against,
    check_continued,
    check_head,
    check_remembered,
    first_other_head,
    newest_head,
)
from incidents.audit.memory import Memory, MemoryFile, UnderWay
from incidents.audit.models import Audit
from incidents.audit.rereading import PIECE, Rereading, resume
from incidents.audit.telling import tell_of_mismatch
from incidents.audit.values import check_values
from incidents.events.pending import SEALER
from incidents.ledger.merkle import EMPTY_ROOT
from incidents.ledger.vkey import VerificationKey

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Auditor:
    """What an audit needs from outside the database, and how it is broken off.

    `has_values` opens the values too, which takes three times as long.
    `after_piece` is told how far it is, and says whether to go on.
    """

    memory: MemoryFile
    keys: Sequence[VerificationKey] = ()
    has_values: bool = False
    after_piece: Callable[[int, int], bool] = lambda _seen, _size: True
    piece: int = PIECE


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
    begun_at, reread = _take_up(memory, head, now)
    reread.piece = auditor.piece
    while reread.seen < head.size:
        reread.read_piece(head.size)
        if reread.seen < head.size and not auditor.after_piece(reread.seen, head.size):
            way = UnderWay(begun_at, reread.seen, reread.edge, reread.findings)
            auditor.memory.write(Memory(memory.note, way))
            return None
    _conclude(reread, head, auditor, memory)
    audit = _keep(reread, head, begun_at, now)
    note = head.note if audit.is_intact and head.note else memory.note
    auditor.memory.write(Memory(note))
    return audit


def _take_up(
    memory: Memory, head: Against, now: datetime
) -> tuple[datetime, Rereading]:
    way = memory.under_way
    if way is not None and 0 <= way.seen <= head.size:
        found = resume(Rereading(way.seen, way.edge, way.findings))
        if found is not None:
            return way.begun_at, found
    return now, Rereading()


def _conclude(
    reread: Rereading, head: Against, auditor: Auditor, memory: Memory
) -> None:
    """Note what only the whole shows."""
    findings = reread.findings
    if auditor.has_values:
        check_values(findings)
    check_head(head, auditor.keys, findings)
    if reread.root() != head.root:
        _note_other_root(head, findings)
    _note_unsealed(findings)
    check_continued(reached=head.size, findings=findings)
    check_remembered(memory.note, reached=head.size, findings=findings)


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


def _keep(reread: Rereading, head: Against, begun_at: datetime, now: datetime) -> Audit:
    findings = reread.findings.values()
    with transaction.atomic():
        audit = Audit.objects.create(
            begun_at=begun_at,
            ended_at=now,
            size=reread.seen,
            root=reread.root(),
            against=head.whose,
            findings=findings,
        )
        if findings:
            tell_of_mismatch(audit, now)
    if findings:
        log.error("record_mismatch", audit=audit.pk, findings=findings)
    return audit
