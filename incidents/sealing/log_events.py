"""Records what happens to the log itself, in a stream of its own that belongs to nobody."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from incidents.events.models import Pending
from incidents.events.pending import SEALER
from incidents.events.record import NotRecordable
from incidents.ledger.append import Draft, append
from incidents.ledger.heads import SYSTEM_STREAM
from incidents.ledger.keyring import make_data_keys
from incidents.ledger.models import Stream
from incidents.ledger.rows import insert_rows

HEADS: Final = "log.heads"
MISMATCH: Final = "log.mismatch"
CONTINUES: Final = "log.continues"
# Each field is a disclosure of its own. A key or a witness is its one-line vkey.
LOG_KINDS: Final[Mapping[str, frozenset[str]]] = {
    HEADS: frozenset({"heads"}),
    MISMATCH: frozenset({"findings", "size"}),
    "log.key_added": frozenset({"key", "actor"}),
    "log.key_retired": frozenset({"key", "reason", "actor"}),
    CONTINUES: frozenset(
        {"origin", "size", "root", "note_sha256", "cosigned", "reason", "actor"}
    ),
    "log.witness_added": frozenset({"witness", "key", "organisation", "actor"}),
    "log.witness_removed": frozenset(
        {"witness", "key", "organisation", "reason", "actor"}
    ),
    "log.quorum_changed": frozenset({"quorum", "groups", "alarm_minutes", "actor"}),
}


def record_log_event(kind: str, fields: Mapping[str, Any], now: datetime) -> int:
    """Append an entry to the log's own stream and return its id.

    Locks that stream, before any other: call it last in a transaction, or outside one.
    Raises NotRecordable, NotCanonical.
    """
    declared = LOG_KINDS.get(kind)
    if declared is None:
        raise NotRecordable(f"{kind} is not an event of the log")
    if undeclared := fields.keys() - declared:
        raise NotRecordable(f"{kind} does not declare {sorted(undeclared)}")
    draft = Draft(SYSTEM_STREAM, kind, now, uuid.uuid4(), fields)
    with transaction.atomic():
        _make_stream()
        [entry_id] = append([draft])
        waiting = {"consumer": SEALER, "entry_id": entry_id, "kind": kind}
        insert_rows(Pending, [waiting])
    return entry_id


def _make_stream() -> None:
    if Stream.objects.filter(pk=SYSTEM_STREAM).exists():
        return
    key = make_data_keys([SYSTEM_STREAM])[SYSTEM_STREAM]
    Stream.objects.bulk_create(
        [Stream(id=SYSTEM_STREAM, key=key)], ignore_conflicts=True
    )
