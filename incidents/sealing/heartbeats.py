"""Says when the newest head is to be cosigned again, so that quiet hours have witnesses.

A cosignature says that nothing older was still to be sealed. So there is a heartbeat
only while nothing waits: otherwise an honest entry would look back-dated.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from incidents.events.models import Pending
from incidents.events.pending import SEALER
from incidents.sealing.models import Checkpoint, SealerState
from incidents.sealing.seal import lock_log
from incidents.sealing.state import read_state

EVERY: Final = timedelta(seconds=60)


def beat(now: datetime) -> int | None:
    """Return the size to be cosigned again, noting that it is done; None when not now.

    Asking the witnesses is the caller's, after this has committed.
    """
    with transaction.atomic():
        if not lock_log() or Pending.objects.filter(consumer=SEALER).exists():
            return None
        newest = Checkpoint.objects.order_by("-size").first()
        last = read_state().heartbeat_at
        is_early = last is not None and now - last < EVERY
        if newest is None or not newest.note or is_early:
            return None
        SealerState.objects.filter(pk=SealerState.ONLY).update(heartbeat_at=now)
        return newest.size
