"""The one row of what the sealer must remember, and of what stopped it."""

from datetime import datetime

import structlog
from django.db.models import Exists, OuterRef, Q

from incidents.sealing.chain import ChainBroken
from incidents.sealing.models import Checkpoint, SealerState

log = structlog.get_logger(__name__)


def read_state() -> SealerState:
    """Return the row, as it stands; one that was never written is as new."""
    return SealerState.objects.filter(pk=SealerState.ONLY).first() or SealerState()


def note_to_sign(size: int) -> None:
    """Have the signer be asked for this size next, unless one is still to be answered.

    What it was asked for is known before it is asked. So after a crash it has signed
    this size or the one before, and never another.
    """
    SealerState.objects.get_or_create(pk=SealerState.ONLY)
    signed = Checkpoint.objects.filter(size=OuterRef("to_sign")).exclude(note="")
    SealerState.objects.filter(Q(to_sign=0) | Exists(signed)).update(to_sign=size)


def note_broken(broken: ChainBroken, now: datetime) -> None:
    """Say that nothing is sealed, and why; once in the log for each reason."""
    state, _ = SealerState.objects.get_or_create(pk=SealerState.ONLY)
    if (state.broken_entry_id, state.broken_why) == (broken.entry_id, broken.why):
        return
    log.error("record_chain_broken", entry=broken.entry_id, why=broken.why)
    SealerState.objects.filter(pk=SealerState.ONLY).update(
        broken_entry=broken.entry_id, broken_why=broken.why, broken_at=now
    )


def note_mended() -> None:
    """Say that entries are sealed again."""
    SealerState.objects.filter(broken_at__isnull=False).update(
        broken_entry=None, broken_why="", broken_at=None
    )
