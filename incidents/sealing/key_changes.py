"""Puts on the record which keys sign the log, and since when: `log.key_added|key_retired`.

The signer's operator adds and destroys keys; the sealer sees it by the public keys beside
the socket and says so in the log itself, once for each change.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from incidents.sealing.log_events import record_log_event
from incidents.sealing.models import SealerState
from incidents.sealing.state import read_state


def note_keys(vkeys: Sequence[str], now: datetime) -> None:
    """Record what changed since the last call; mostly nothing did."""
    if read_state().known_keys == list(vkeys):
        return
    with transaction.atomic():
        # The row's lock lets one of two sealers record the change.
        state = SealerState.objects.select_for_update().get(pk=SealerState.ONLY)
        before = set(state.known_keys)
        state.known_keys = list(vkeys)
        state.save(update_fields=["known_keys"])
        for key in vkeys:
            if key not in before:
                record_log_event("log.key_added", {"key": key}, now)
        for key in sorted(before - set(vkeys)):
            record_log_event("log.key_retired", {"key": key}, now)
