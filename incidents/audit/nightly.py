"""Audits the record once a day, a stretch at a time, giving way to what is due."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from incidents.audit.audit import Auditor, audit_log
from incidents.audit.memory import MemoryFile
from incidents.audit.models import Audit
from incidents.ledger.signer_client import SignerUnavailable
from incidents.ledger.vkey import BadKey, VerificationKey
from incidents.sealing.asking import configured_signer
from incidents.timers.clock import read_now
from incidents.timers.giving_way import give_way

STRETCH_SECONDS: Final = 300.0
# Of the files so much is read in a night; the next one goes on after them.
FILE_BYTES: Final = 10 * 1024**3

log = structlog.get_logger(__name__)


def audit_if_due(
    now: datetime, memory: MemoryFile, witnesses: Sequence[VerificationKey] = ()
) -> bool:
    """Audit unless it was done today; True when nothing is left to do today.

    The day is UTC's, so the first turn after midnight does it.
    """
    last = last_audit()
    if last is not None and _day(last.ended_at) == _day(now):
        return True
    auditor = Auditor(
        memory=memory,
        keys=signer_keys(),
        witnesses=witnesses,
        has_values=True,
        file_bytes=FILE_BYTES,
        after_piece=_Stretch().may_go_on,
    )
    return audit_log(auditor, now) is not None or memory.read().under_way is None


def last_audit() -> Audit | None:
    """Return the audit that ended last."""
    return Audit.objects.order_by("-pk").first()


def memory_path() -> Path:
    """Return where this installation keeps what an audit must remember."""
    return Path(settings.DATA_DIR) / "audit.json"


def signer_keys() -> Sequence[VerificationKey]:
    """Return the log's keys, from the signer's own file; none where nobody signs."""
    try:
        signer = configured_signer()
    except (SignerUnavailable, BadKey) as error:
        log.warning("audit_without_keys", why=str(error))
        return ()
    return signer.keys if signer else ()


def _day(at: datetime) -> object:
    return at.astimezone(UTC).date()


class _Stretch:
    """Goes on for some minutes, pausing while timers are late."""

    def __init__(self) -> None:
        self._until = time.monotonic() + STRETCH_SECONDS
        self._began = time.monotonic()

    def may_go_on(self, _seen: int, _size: int) -> bool:
        """Pause as long as others need; False when the stretch is over."""
        give_way(read_now, worked_seconds=time.monotonic() - self._began)
        self._began = time.monotonic()
        return self._began < self._until
